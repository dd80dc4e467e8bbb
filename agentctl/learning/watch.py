"""Watches the policy in production, and takes it back where it does worse than what was before it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from agentctl import atomic, log
from agentctl.economy.catalog import Catalog
from agentctl.economy.pricing import price
from agentctl.errors import AgentctlError
from agentctl.ids import new_id
from agentctl.learning.artifacts import Library
from agentctl.learning.channels import Channels
from agentctl.learning.policies import short
from agentctl.locks import FileLock
from agentctl.store import decisions
from agentctl.store.base import Database
from agentctl.store.decisions import Row

if TYPE_CHECKING:
    from agentctl.learning.guard import Turn, Worse

EVERY = 50
"""Decisions after which the policy is looked at once more."""

_PAGE = 200
_MOST = 20_000  # decisions that are read for a look
_BACK = 90 * 24 * 3600 * 1000  # ms before the promotion that count as before it


@dataclass(frozen=True, slots=True)
class _Count:
    """How many decisions there were since the policy was looked at, and how often that was done."""

    policy: str
    since: int = 0
    looks: int = 0


class Watch:
    """Counts decisions, and looks at the policy in production after every fiftieth.

    Args:
        library: where policies lie.
        database: gives what was decided, and what came of it.
        catalog: what calls cost.
        file: where the count is kept.
    """

    def __init__(self, library: Library, database: Callable[[], Database], catalog: Catalog, file: Path) -> None:
        self._channels = library.channels
        self._database = database
        self._catalog = catalog
        self._file = file

    def count(self, decided: int) -> str | None:
        """Count that many decisions more; return what to tell the user, if the policy was taken back."""
        try:
            pointer = self._channels.current("production")
            if pointer is None or decided == 0:
                return None
            look = self._due(pointer.policy, decided)
            return self._look(pointer.policy, look) if look else None
        except (AgentctlError, OSError, ValueError) as error:
            log.warning("the policy can't be watched", why=str(error))
            return None

    def _due(self, policy: str, decided: int) -> int | None:
        """Keep the count; return which look it is, if one is due."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self._file.with_suffix(".lock")):
            kept = self._kept(policy)
            due = kept.since + decided >= EVERY
            since, looks = (0, kept.looks + 1) if due else (kept.since + decided, kept.looks)
            atomic.replace(self._file, json.dumps(asdict(_Count(policy, since, looks))).encode())
        return looks if due else None

    def _kept(self, policy: str) -> _Count:
        try:
            found = _Count(**json.loads(self._file.read_bytes()))
            whole = found.policy == policy and found.since >= 0 and found.looks >= 0
            return _Count(policy, int(found.since), int(found.looks)) if whole else _Count(policy)
        except (FileNotFoundError, ValueError, TypeError, ArithmeticError, RecursionError):
            return _Count(policy)

    def _look(self, policy: str, look: int) -> str | None:
        worse = self.judged(policy, look)
        if worse is None:
            return None
        self._channels.rollback("production", of=policy, reason=str(worse))
        log.warning("policy rolled back", policy=policy, measure=worse.measure, p=worse.p)
        return f"the policy {short(policy)} was rolled back: {worse} (agentctl train list)"

    def judged(self, policy: str, look: int) -> Worse | None:
        """Compare the turns of a policy with those before it was promoted, or if these are too few with chance.

        `look` is how many times that was done.
        """
        from agentctl.learning.guard import LEAST, judge  # noqa: PLC0415 - statistics, and looks are rare

        promoted = _promoted(self._channels, policy)
        mine, before, others = [], [], []
        for row in self._rows(promoted):
            one = row.decision
            if one.policy == policy and not one.explored:
                mine.append(self._turn(row))
            elif one.at < promoted:
                before.append(self._turn(row))
            else:
                others.append(self._turn(row))
        return judge(mine, before if len(before) >= LEAST else others, look=look)

    def _rows(self, promoted: int) -> Iterator[Row]:
        after = new_id(max(0, promoted // 1000 - _BACK))
        for _ in range(_MOST // _PAGE):
            page = self._database().read(lambda tx, after=after: decisions.rows(tx, after=after, limit=_PAGE))  # type: ignore[misc]
            yield from (row for row in page if row.state != "running")
            if len(page) < _PAGE:
                return
            after = page[-1].decision.id

    def _turn(self, row: Row) -> Turn:
        from agentctl.learning.guard import Turn  # noqa: PLC0415

        values = [one.value for one in row.outcomes]
        costs = [price(usage, self._catalog.find(model)) for model, usage in row.tokens.items()]
        known = [cost for cost in costs if cost is not None]
        cost = float(sum(known, Decimal(0))) if len(known) == len(costs) else None
        failed = row.state == "broke_off" or row.tool_errors > 0
        return Turn(sum(values) / len(values) if values else None, failed, cost)


def _promoted(channels: Channels, policy: str) -> int:
    """When a policy was promoted, in epoch µs."""
    moves = channels.history("production")
    return next(one.at for one in reversed(moves) if one.pointer and one.pointer.policy == policy)
