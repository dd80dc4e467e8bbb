"""What PPO does in a run on tasks or on sessions: told while it lasts, kept as metrics, drawn as a curve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentctl import atomic
from agentctl.cli.render import print_note
from agentctl.cli.train.needs import need
from agentctl.cli.train.wanted import Wanted
from agentctl.errors import StorageError, UsageError
from agentctl.learning.figures import finite

if TYPE_CHECKING:  # it loads numpy, and a missing one is told of first
    from agentctl.learning.routing.acting import Progress

_TOLD = 5  # times in a run


def check_plot(plot: Path | None) -> None:
    """Find out before the training, and not after it, that its curve can't be drawn.

    Raises:
        ConfigError: there is no matplotlib.
        UsageError: it is not called PNG, or its directory is not there.
    """
    if plot is None:
        return
    need("matplotlib")
    if plot.suffix.lower() != ".png":
        raise UsageError(f"--plot draws PNG, and {plot.name} is called otherwise", hint="--plot curve.png")
    if not plot.parent.is_dir():
        raise UsageError(f"there is no directory {plot.parent}", hint=f"mkdir -p {plot.parent}")


def write(path: Path, text: str) -> None:
    """Replace a file that the user named.

    Raises:
        StorageError: it can't be written.
    """
    if path.exists() and not path.is_file():  # a device or a pipe would become a file
        raise StorageError(f"can't write {path}: it is no file", hint="name a file that can be written")
    try:
        atomic.replace(path, text.encode(), mode=0o644)
    except OSError as error:
        raise StorageError(f"can't write {path}: {error.strerror}", hint="name a file that can be written") from error


class Measured:
    """Takes what is measured after each update.

    Args:
        wanted: what is to be told and written.
    """

    def __init__(self, wanted: Wanted) -> None:
        check_plot(wanted.plot)
        self._wanted = wanted
        self._documents: list[dict[str, Any]] = []

    def __call__(self, progress: Progress) -> None:
        """Take it; a fifth of the way is told of, each time."""
        update, quiet = progress.update, self._wanted.quiet or self._wanted.as_json
        if not quiet and progress.done * _TOLD % progress.of < _TOLD:
            print_note(
                f"ppo {progress.done}/{progress.of}: reward {progress.reward:.3f}, entropy {update.entropy:.3f}, "
                f"kl {update.kl:.2g}"
            )
        self._documents.append(
            finite(
                {
                    "steps": progress.steps,
                    "mean_return": progress.reward,
                    "kl": float(update.kl),
                    "entropy": float(update.entropy),
                    "policy_loss": float(update.policy_loss),
                    "value_loss": float(update.value_loss),
                    "clip_fraction": float(update.clip_fraction),
                    "gradient_norm": float(update.gradient_norm),
                    "cost": progress.cost,
                }
            )
        )

    def finish(self, source: str) -> None:
        """Write the metrics and draw the curve, where they were asked for.

        Raises:
            StorageError: that can't be written.
        """
        if self._wanted.metrics is not None:
            write(self._wanted.metrics, "".join(json.dumps(one) + "\n" for one in self._documents))
        if self._wanted.plot is not None:
            from agentctl.learning.plots import draw  # noqa: PLC0415 - matplotlib takes its time

            draw(self._documents, self._wanted.plot, f"{source}, seed {self._wanted.seed}")
