"""The grader that a command is given, and the model that it may ask."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentctl.cli.given import read_schema
from agentctl.cli.render import print_note
from agentctl.errors import UsageError

if TYPE_CHECKING:
    from agentctl.app import App
    from agentctl.learning.graders import Ask, Grader


@dataclass(frozen=True, slots=True)
class Given:
    """How answers are to be graded: by one of these, or by none; `criterion` is for a judge."""

    exact: str | None
    regex: str | None
    schema: Path | None
    command: str | None
    judge: str | None
    criterion: str | None

    @property
    def spec(self) -> dict[str, Any] | None:
        """The grader as a task names it; None if none is given.

        Raises:
            UsageError: there is more than one, or what is given is none.
        """
        if self.criterion is not None and self.judge is None:
            raise UsageError("--criterion is for a judge", hint="give --judge MODEL as well")
        kinds: dict[str, Callable[[Any], Any]] = {
            "exact": str, "regex": str, "schema": read_schema, "command": _words, "judge": self._judge
        }  # fmt: skip
        given = {kind: getattr(self, kind) for kind in kinds if getattr(self, kind) is not None}
        if len(given) > 1:
            raise UsageError(f"--{' and --'.join(given)} are graders", hint="give one of them")
        return {kind: kinds[kind](value) for kind, value in given.items()} or None

    def _judge(self, model: str) -> dict[str, str]:
        return {"model": model} | ({} if self.criterion is None else {"criterion": self.criterion})


def grader(app: App, spec: dict[str, Any], most: Decimal | None) -> Grader:
    """Return the grader of a spec; a judge may cost at most so many dollars a command, None for no limit.

    Raises:
        UsageError: it is none.
        ConfigError: what it needs is missing.
    """
    from agentctl.learning.graders import parse  # noqa: PLC0415 - most ratings are a user's own

    return parse(spec, partial(_judges, app, most))


def _judges(app: App, most: Decimal | None, model: str) -> Ask:
    from agentctl.learning.graders.asking import Asker  # noqa: PLC0415 - most graders ask no model
    from agentctl.learning.wallet import Wallet  # noqa: PLC0415

    app.allowance(most)
    name = app.full_name(model)
    return Asker(
        app.database,
        app.catalog,
        lambda: app.target(name),
        Wallet(lambda: app.allowance(most)),
        app.settings.tag,
        print_note,
    )


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"--command is no command line: {error}", hint="close its quotes") from error
