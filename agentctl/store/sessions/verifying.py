"""Looks through conversations for what is wrong. All functions work inside a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from agentctl.messages import Message
from agentctl.store.base import Row, Transaction
from agentctl.store.sessions.branching import Branch, branches
from agentctl.store.sessions.damage import set_aside_why
from agentctl.store.sessions.messages import read, rows

Kind = Literal["damaged", "set_aside", "order", "branch", "tool_call", "draft", "ledger", "search"]

_PICO = 10**9  # of a milli-dollar


@dataclass(frozen=True)
class Finding:
    """Something that is wrong: `damaged` is a message that can't be read, `set_aside` one that is known to be so."""

    kind: Kind
    session_id: str | None
    message_id: str | None
    text: str


def all_ids(tx: Transaction) -> list[str]:
    """Return the ids of all sessions, those in the trash too."""
    return [row["id"] for row in tx.all("sessions.ids")]


def verify(tx: Transaction, session_id: str) -> list[Finding]:
    """Return what is wrong with a session: its messages, their order, its branches and tool calls."""
    stored, known = rows(tx, session_id), {branch.id: branch for branch in branches(tx, session_id)}
    read_rows = {row["id"]: read(row) for row in stored}
    messages = {key: message for key, message in read_rows.items() if isinstance(message, Message)}
    found = [_damage(tx, session_id, key, why) for key, why in read_rows.items() if isinstance(why, str)]
    broken = list(_lineages(session_id, known))
    if not any(branch.active for branch in known.values()):
        broken.append(Finding("branch", session_id, None, "its active branch is not its own"))
    found += broken
    if not broken:
        by_place = {(row["branch_id"], row["seq"]): row for row in stored}
        threads = [_thread(branch, known, by_place) for branch in known.values()]
        found += dict.fromkeys(one for thread in threads for one in _order(session_id, thread))
        found += dict.fromkeys(one for thread in threads for one in _calls(session_id, thread, messages))
    return found


def verify_rest(tx: Transaction) -> list[Finding]:
    """Return what is wrong beside the sessions themselves: with drafts, sums of the ledger, and what is searched."""
    drafts = [
        Finding("draft", row["session_id"], None, f"the draft {row['run_id']} belongs to no call")
        for row in tx.all("verifying.drafts")
    ]
    unsearchable = [
        Finding("search", row["session_id"], row["id"], "its words can't be searched")
        for row in tx.all("verifying.unsearchable")
    ]
    charged, summed = (_sums(tx.all(f"verifying.{which}")) for which in ("charged", "summed"))
    wrong = [key for key in sorted({*charged, *summed}) if charged.get(key, (0, 0)) != summed.get(key, (0, 0))]
    return [*drafts, *unsearchable, *(_wrong_sum(key, charged, summed) for key in wrong)]


def _damage(tx: Transaction, session_id: str, message_id: str, why: str) -> Finding:
    kind: Kind = "damaged" if set_aside_why(tx, message_id) is None else "set_aside"
    return Finding(kind, session_id, message_id, why)


def _lineages(session_id: str, known: Mapping[str, Branch]) -> Iterator[Finding]:
    for branch in known.values():
        text = _lineage(branch, known)
        if text:
            yield Finding("branch", session_id, None, f"branch {branch.id}: {text}")


def _lineage(branch: Branch, known: Mapping[str, Branch]) -> str | None:
    seen, current = {branch.id}, branch
    while current.parent_id:
        parent = known.get(current.parent_id)
        if parent is None:
            return "its parent belongs to another session"
        if parent.id in seen:
            return "it descends from itself"
        if not parent.fork_seq <= current.fork_seq <= parent.next_seq:
            return f"it forks at {current.fork_seq}, where its parent has no message before"
        seen.add(parent.id)
        current = parent
    return f"it begins at {current.fork_seq} and has no parent" if current.fork_seq else None


def _thread(
    branch: Branch, known: Mapping[str, Branch], by_place: Mapping[tuple[str, int], Row]
) -> list[tuple[int, Row | None]]:
    """What stands at each place up to the end of a branch."""
    places: list[tuple[int, Row | None]] = []
    current: Branch | None = branch
    end = branch.next_seq
    while current:
        places[:0] = [(seq, by_place.get((current.id, seq))) for seq in range(current.fork_seq, end)]
        end = min(end, current.fork_seq)
        current = known[current.parent_id] if current.parent_id else None
    return places


def _order(session_id: str, thread: Iterable[tuple[int, Row | None]]) -> Iterator[Finding]:
    before: str | None = None
    for seq, row in thread:
        if row is None:
            yield Finding("order", session_id, None, f"there is no message at {seq} after {before or 'nothing'}")
        elif row["parent_id"] != before and (before or seq == 0):
            yield Finding("order", session_id, row["id"], f"it follows {row['parent_id']}, not {before}")
        before = row["id"] if row else None


def _calls(
    session_id: str, thread: Iterable[tuple[int, Row | None]], messages: Mapping[str, Message]
) -> Iterator[Finding]:
    """Calls without a result, once something follows them, and results without a call."""
    said = [(row["id"], messages.get(row["id"])) for _, row in thread if row]
    last = said[-1][0] if said else None
    open_calls: dict[str, str] = {}
    called: set[str] = set()
    for message_id, message in said:
        if message is None:
            return  # what was called, or came of it, is not known
        for result in message.results:
            if result.call_id not in called:
                yield Finding("tool_call", session_id, message_id, f"a result of {result.call_id!r}, which none called")
            open_calls.pop(result.call_id, None)
        called |= {call.id for call in message.calls}
        open_calls |= {call.id: message_id for call in message.calls}
    for call_id, message_id in open_calls.items():
        if message_id != last:
            yield Finding("tool_call", session_id, message_id, f"the call {call_id!r} has no result")


def _sums(found: Iterable[Row]) -> dict[str, tuple[int, int]]:
    return {
        row["session_id"]: (int(row["calls"]), int(row["known_musd"]) * _PICO + int(row["known_rest"])) for row in found
    }


def _wrong_sum(key: str, charged: Mapping[str, tuple[int, int]], summed: Mapping[str, tuple[int, int]]) -> Finding:
    nothing = (0, 0)
    text = "{0[0]} calls of {0[1]} p$ were charged, and the sums have {1[0]} of {1[1]} p$"
    told = text.format(charged.get(key, nothing), summed.get(key, nothing))
    return Finding("ledger", key or None, None, told)
