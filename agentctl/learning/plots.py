"""Learning curves as PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agentctl import atomic
from agentctl.errors import StorageError

_PANELS = (("mean_return", "mean return of 100 episodes"), ("entropy", "entropy, nats"), ("kl", "KL divergence"))


def draw(measured: Sequence[Mapping[str, Any]], path: Path, title: str) -> None:
    """Draw return, entropy and KL over the steps of a run.

    Raises:
        StorageError: it can't be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - it takes half a second

    figure = Figure(figsize=(8, 8), layout="constrained")
    panels = figure.subplots(len(_PANELS), sharex=True, height_ratios=(2, 1, 1))
    for panel, (name, label) in zip(panels, _PANELS, strict=True):
        shown = [(one["steps"], one[name]) for one in measured if one[name] is not None]
        panel.plot([steps for steps, _ in shown], [value for _, value in shown], linewidth=1)
        panel.set_ylabel(label)
        panel.grid(alpha=0.3)
    figure.suptitle(title)
    panels[-1].set_xlabel("steps")
    try:
        with atomic.writing(path, mode=0o644) as file:
            figure.savefig(file, format="png")
    except OSError as error:
        raise StorageError(f"can't draw to {path}: {error.strerror}", hint="name another file: --plot") from error
