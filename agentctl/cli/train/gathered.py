"""What was chosen in sessions and how it was rated, read from the database at the prices of today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from agentctl.app import App
from agentctl.errors import UsageError
from agentctl.store import decisions
from agentctl.usage import Usage

if TYPE_CHECKING:  # these load numpy, and a missing one is told of first
    from agentctl.learning.logged.experience import Experience
    from agentctl.training.features import FeatureSpec

_PAGE = 500


@dataclass(frozen=True)
class Gathered:
    """What sessions teach, and the first decision of each of them."""

    experience: Experience
    first: Mapping[str, str]


def gathered(app: App, spec: FeatureSpec) -> Gathered:
    """Read all sessions that are not in the trash.

    Raises:
        UsageError: the features of a decision make no sense.
        StorageError: a decision is not as it was written, or the database can't be read.
    """
    from agentctl.economy.pricing import price  # noqa: PLC0415 - only what learns from sessions needs these
    from agentctl.learning.actions import parse  # noqa: PLC0415
    from agentctl.learning.logged.experience import gather  # noqa: PLC0415
    from agentctl.training.features import decode  # noqa: PLC0415

    first: dict[str, str] = {}

    def rows() -> Iterator[decisions.Row]:
        for row in _rows(app):
            first.setdefault(row.decision.session_id, row.decision.id)
            yield row

    def dollars(name: str, usage: Usage) -> float | None:
        cost = price(usage, app.catalog.find(parse(name).model))
        return None if cost is None else float(cost)

    try:
        experience = gather(rows(), spec.sha, lambda text: decode(text, spec.dims), dollars)
    except ValueError as error:
        raise UsageError(f"a decision can't be learnt from: {error}", hint="agentctl sessions verify") from error
    return Gathered(experience, first)


def _rows(app: App) -> Iterator[decisions.Row]:
    after = ""
    while page := app.database.read(partial(decisions.rows, after=after, limit=_PAGE)):
        yield from page
        after = page[-1].decision.id
