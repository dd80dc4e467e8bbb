"""The threads of a log: pointers into one tree of messages that all of them share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from agentctl.exchange.llm.drawing import Drawing, Said, session_id
from agentctl.exchange.llm.values import attachment_of, model_of, moment_of, name_of, plain_attachment
from agentctl.messages import Message, Part, Role, Text, Thinking, ToolCall, ToolResult
from agentctl.store.sqlite.foreign import Foreign

Fields = dict[str, Any]

_ROLES: dict[str, Role] = {"system": "system", "user": "user", "assistant": "assistant", "tool": "tool"}
_CHAIN = """
    WITH RECURSIVE chain (hash, parent_hash, depth) AS (
        SELECT hash, parent_hash, 0 FROM messages WHERE hash = ?
        UNION ALL
        SELECT m.hash, m.parent_hash, c.depth + 1 FROM chain c JOIN messages m ON m.hash = c.parent_hash
    )
    SELECT m.* FROM chain c JOIN messages m ON m.hash = c.hash ORDER BY c.depth DESC
"""


def threads(log: Foreign) -> Iterator[tuple[Drawing, str | None]]:
    """Return the threads, each with the message at which it stands."""
    if "threads" not in log.tables:
        return
    for row in log.rows("SELECT * FROM threads ORDER BY datetime_utc, id"):
        drawing = Drawing(_key(row), name_of(row["name"]), _began(row), {"thread": row}, _origin(log, row))
        reader = _Thread(log, row)
        for tip in reader.tips:
            drawing.add(reader.chain(tip))
        yield drawing, row["tip_message_hash"]


class _Thread:
    """Reads the messages of a thread, and what is known of the calls that made them."""

    def __init__(self, log: Foreign, row: Fields) -> None:
        self._log = log
        self._began = _began(row)
        self._turns = log.rows("SELECT * FROM turns WHERE thread_id = ? ORDER BY datetime_utc, id", row["id"])
        tips = [*(turn["tip_message_hash"] for turn in self._turns), row["tip_message_hash"]]
        self.tips = [tip for tip in tips if tip is not None]
        self._said: dict[str, Said] = {}

    def chain(self, tip: str) -> list[Said]:
        """Return the messages up to `tip`. Those that are new since the turn before were said in its turn."""
        turns = [turn for turn in self._turns if turn["tip_message_hash"] == tip]
        return [self._message(row, turns) for row in self._log.rows(_CHAIN, tip)]

    def _message(self, row: Fields, turns: list[Fields]) -> Said:
        if (key := row["hash"]) not in self._said:
            at = moment_of(turns[0]["datetime_utc"]) if turns else self._began
            parts = self._log.rows("SELECT * FROM parts WHERE message_hash = ? ORDER BY position", key)
            made = [self._part(part) for part in parts]
            role = _ROLES.get(row["role"], "user")
            model = model_of(turns[0]["model"]) if turns and role == "assistant" else None
            self._said[key] = Said(key, Message(role, tuple(made), model), at, self._record(row, parts))
        return self._said[key]

    def _record(self, row: Fields, parts: list[Fields]) -> Fields:
        ended = [turn for turn in self._turns if turn["tip_message_hash"] == row["hash"]]
        return {
            "message": row,
            "parts": [{name: value for name, value in part.items() if name != "text"} for part in parts],
            "attachments": [self._file(one) for part in parts for one in _files(part)],
            "turns": [self._turn(turn) for turn in ended],
        }

    def _turn(self, turn: Fields) -> Fields:
        return {
            **turn,
            "schema": self._log.one("SELECT * FROM schemas WHERE id = ?", turn["schema_id"]),
            "fragments": self._log.rows(
                'SELECT t.kind, t."order", f.id, f.hash, f.source, f.datetime_utc FROM turn_fragments t'
                ' JOIN fragments f ON f.id = t.fragment_id WHERE t.turn_id = ? ORDER BY t.kind, t."order"',
                turn["id"],
            ),
            "tools": self._log.rows(
                "SELECT t.* FROM turn_tools x JOIN tools t ON t.id = x.tool_id WHERE x.turn_id = ? ORDER BY t.id",
                turn["id"],
            ),
            "instances": self._instances(turn),
        }

    def _instances(self, turn: Fields) -> list[Fields]:
        """What the tools that were run were configured with."""
        if not {"tool_instantiations", "tool_instances"} <= self._log.tables:
            return []
        return self._log.rows(
            "SELECT x.tool_call_id, i.* FROM tool_instantiations x JOIN tool_instances i ON i.id = x.instance_id"
            " WHERE x.turn_id = ? ORDER BY x.tool_call_id",
            turn["id"],
        )

    def _part(self, part: Fields) -> Part:
        payload = _payload(part)
        match part["type"]:
            case "reasoning":
                return Thinking(part["text"] or "")
            case "tool_call":
                arguments = json.dumps(payload.get("arguments") or {})
                return ToolCall(payload.get("tool_call_id") or "", payload.get("name") or "", arguments)
            case "tool_result":
                failed = payload.get("exception") is not None
                return ToolResult(payload.get("tool_call_id") or "", str(payload.get("output") or ""), failed)
            case "attachment":
                found = [self._row(one) for one in _files(part)]
                return attachment_of(found[0]) if found and found[0] else Text("[attached: a file that is lost]")
        return Text(part["text"] if part["text"] is not None else self._text(payload))

    def _text(self, payload: Fields) -> str:
        return "".join(
            piece["literal"] if "literal" in piece else self._fragment(piece.get("fragment"))
            for piece in payload.get("text_ref") or ()
        )

    def _fragment(self, fragment_id: int | None) -> str:
        row = self._log.one("SELECT content FROM fragments WHERE id = ?", fragment_id)
        return str(row["content"]) if row else ""

    def _row(self, attachment_id: str) -> Fields | None:
        return self._log.one("SELECT * FROM attachments WHERE id = ?", attachment_id)

    def _file(self, attachment_id: str) -> Fields:
        row = self._row(attachment_id)
        return plain_attachment(row) if row else {"id": attachment_id}


def _key(row: Fields) -> str:
    return f"thread {row['id']}"


def _began(row: Fields) -> int:
    return moment_of(row["datetime_utc"])


def _origin(log: Foreign, row: Fields) -> str | None:
    origin = log.one("SELECT * FROM threads WHERE id = ?", row["forked_from"])
    return session_id(_key(origin), _began(origin)) if origin else None


def _payload(part: Fields) -> Fields:
    payload: Fields = json.loads(part["payload"]) if part["payload"] else {}
    return payload


def _files(part: Fields) -> list[str]:
    payload = _payload(part)
    one, many = payload.get("attachment"), payload.get("attachments") or ()
    return [found["id"] for found in ([one] if one else many)]
