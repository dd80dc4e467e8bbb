"""Looks through conversations for what is wrong. All functions work inside a transaction."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from agentctl.messages import Message
from agentctl.store.base import Row, Transaction
from agentctl.store.decisions.decision import altered
from agentctl.store.search.renewing import broken
from agentctl.store.sessions.branching import Branch, branches
from agentctl.store.sessions.damage import set_aside_why
from agentctl.store.sessions.messages import read, rows
from agentctl.store.sessions.session import now

Kind = Literal[
    "damaged",
    "set_aside",
    "order",
    "branch",
    "tool_call",
    "draft",
    "ledger",
    "search",
    "time",
    "name",
    "import",
    "decision",
    "session",
]

_DAY = 86_400_000_000  # µs
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
    """Return what is wrong with a session: its messages, their order, branches, tool calls, and what is beside."""
    return [*_conversation(tx, session_id), *_beside(tx, session_id)]


def _conversation(tx: Transaction, session_id: str) -> list[Finding]:
    stored, known = rows(tx, session_id), {branch.id: branch for branch in branches(tx, session_id)}
    read_rows = {row["id"]: read(row) for row in stored}
    messages = {key: message for key, message in read_rows.items() if isinstance(message, Message)}
    found = [_damage(tx, session_id, key, why) for key, why in read_rows.items() if isinstance(why, str)]
    broken = list(_lineages(session_id, known))
    if not any(branch.active for branch in known.values()):
        broken.append(Finding("branch", session_id, None, "its active branch is not its own"))
    found += broken
    if not broken:
        by_branch = _by_branch(stored)
        threads = {branch: _thread(branch, known, by_branch) for branch in known.values()}
        found += dict.fromkeys(one for branch in threads for one in _order(branch, session_id, threads[branch]))
        found += dict.fromkeys(one for thread in threads.values() for one in _calls(session_id, thread, messages))
    return found


def _beside(tx: Transaction, session_id: str) -> Iterator[Finding]:
    """What is wrong with a session's times, its name, what was imported with it, and what was decided for it."""
    for row in tx.all("verifying.times", session_id=session_id, latest=now() + _DAY):
        yield Finding("time", session_id, row["message_id"], f"the time {row['at']} µs is none, or is yet to come")
    for row in tx.all("verifying.names", session_id=session_id):
        try:
            bytes.fromhex(row["name"]).decode()
        except UnicodeDecodeError:
            yield Finding("name", session_id, None, "its name or title is not UTF-8")
    for row in tx.all("verifying.imports", session_id=session_id):
        try:
            json.loads(row["record"])
        except (ValueError, RecursionError):
            yield Finding("import", session_id, row["message_id"] or None, "what was imported with it is no JSON")
    for decision_id in altered(tx, session_id):
        yield Finding("decision", session_id, None, f"the decision {decision_id} is not as it was written")


def verify_rest(tx: Transaction) -> list[Finding]:
    """Return what is wrong beside the sessions themselves: with drafts, sums of the ledger, and what is searched."""
    lost = [
        Finding(
            "session", row["session_id"], None, f"it is gone, and {row['parts']} messages and branches of it are left"
        )
        for row in tx.all("verifying.lost")
    ]
    why = broken(tx)
    index = [Finding("search", None, None, f"the index of words is broken: {why}")] if why else []
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
    return [*lost, *drafts, *index, *unsearchable, *(_wrong_sum(key, charged, summed) for key in wrong)]


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


def _by_branch(stored: Iterable[Row]) -> Mapping[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in stored:
        found[row["branch_id"]].append(row)
    return found


def _thread(branch: Branch, known: Mapping[str, Branch], stored: Mapping[str, list[Row]]) -> list[Row]:
    """The messages up to the end of a branch, by their place."""
    found: list[Row] = []
    current: Branch | None = branch
    end = branch.next_seq
    while current:
        found[:0] = [row for row in stored.get(current.id, ()) if current.fork_seq <= row["seq"] < end]
        end = min(end, current.fork_seq)
        current = known[current.parent_id] if current.parent_id else None
    return found


def _order(branch: Branch, session_id: str, thread: Iterable[Row]) -> Iterator[Finding]:
    """Each gap, however long, and each message that does not follow the one before it."""
    before: str | None = None
    due = 0
    for row in thread:
        if gap := _gap(session_id, before, due, row["seq"]):
            yield gap
            before = None
        if row["parent_id"] != before and (before or row["seq"] == 0):
            yield Finding("order", session_id, row["id"], f"it follows {row['parent_id']}, not {before}")
        before, due = row["id"], row["seq"] + 1
    if gap := _gap(session_id, before, due, branch.next_seq):
        yield gap


def _gap(session_id: str, before: str | None, due: int, seq: int) -> Finding | None:
    if seq <= due:
        return None
    where = f"is no message at {due}" if seq == due + 1 else f"are no messages from {due} to {seq - 1}"
    return Finding("order", session_id, None, f"there {where} after {before or 'nothing'}")


def _calls(session_id: str, thread: Iterable[Row], messages: Mapping[str, Message]) -> Iterator[Finding]:
    """Calls without a result, once something follows them, and results without a call."""
    said = [(row["id"], messages.get(row["id"])) for row in thread]
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
