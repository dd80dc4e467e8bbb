"""The conversations of older versions of `llm`: rows of a question and its answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentctl.exchange.llm.drawing import Drawing, Said
from agentctl.exchange.llm.values import attachment_of, model_of, moment_of, name_of, plain_attachment
from agentctl.messages import Message, Part, Text, Thinking, ToolCall, ToolResult
from agentctl.store.sqlite.foreign import Foreign

Fields = dict[str, Any]

_SAID = frozenset({"prompt", "system", "response", "reasoning"})
_TOLD = ("attachments", "fragments", "system_fragments")  # whose content is in the question
_FRAGMENTS = """
    SELECT f.*, x."order" FROM {table} x JOIN fragments f ON f.id = x.fragment_id
    WHERE x.response_id = ? ORDER BY x."order"
"""
_RELATED = {
    "attachments": (
        "prompt_attachments",
        """
        SELECT a.* FROM prompt_attachments x JOIN attachments a ON a.id = x.attachment_id
        WHERE x.response_id = ? ORDER BY x."order", a.id
        """,
    ),
    "fragments": ("prompt_fragments", _FRAGMENTS.format(table="prompt_fragments")),
    "system_fragments": ("system_fragments", _FRAGMENTS.format(table="system_fragments")),
    "tools": (
        "tool_responses",
        "SELECT t.* FROM tool_responses x JOIN tools t ON t.id = x.tool_id WHERE x.response_id = ? ORDER BY t.id",
    ),
    "tool_calls": ("tool_calls", "SELECT * FROM tool_calls WHERE response_id = ? ORDER BY id"),
    "tool_results": ("tool_results", "SELECT * FROM tool_results WHERE response_id = ? ORDER BY id"),
    "tool_files": (
        "tool_results_attachments",
        """
        SELECT a.*, r.id AS tool_result_id FROM tool_results r
        JOIN tool_results_attachments x ON x.tool_result_id = r.id JOIN attachments a ON a.id = x.attachment_id
        WHERE r.response_id = ? ORDER BY r.id, x."order"
        """,
    ),
    "schema": (
        "schemas",
        "SELECT s.* FROM responses r JOIN schemas s ON s.id = r.schema_id WHERE r.id = ?",
    ),
}
_ALONE = """
    SELECT * FROM responses
    WHERE conversation_id IS NULL OR conversation_id NOT IN (SELECT id FROM conversations)
    ORDER BY id
"""


def conversations(log: Foreign) -> Iterator[Drawing]:
    """Return the conversations; an answer without one is a conversation of its own."""
    for key, row, responses in _groups(log):
        began = min((moment_of(one["datetime_utc"]) for one in responses), default=0)
        drawing = Drawing(key, name_of(row.get("name")), began, {"conversation": row})
        system, chain = "", list[Said]()
        for response in responses:
            related = _related(log, response)
            asked = _system(response, related)
            chain += _said(response, related, asked if asked != system else "")
            system = asked or system
        drawing.add(chain)
        yield drawing


def _groups(log: Foreign) -> Iterator[tuple[str, Fields, list[Fields]]]:
    if "responses" in log.tables:
        for row in log.rows("SELECT * FROM conversations ORDER BY id"):
            found = log.rows("SELECT * FROM responses WHERE conversation_id = ? ORDER BY id", row["id"])
            yield f"conversation {row['id']}", row, found
        for row in log.rows(_ALONE):
            yield f"response {row['id']}", {}, [row]
    if "logs" in log.tables:  # of the versions before 0.5
        for row in log.rows("SELECT DISTINCT coalesce(chat_id, id) AS chat FROM logs ORDER BY 1"):
            found = log.rows("SELECT * FROM logs WHERE coalesce(chat_id, id) = ? ORDER BY id", row["chat"])
            yield f"chat {row['chat']}", {}, [{**one, "id": f"log {one['id']}"} for one in found]


def _related(log: Foreign, response: Fields) -> dict[str, list[Fields]]:
    return {
        name: log.rows(sql, response["id"]) if table in log.tables else [] for name, (table, sql) in _RELATED.items()
    }


def _said(response: Fields, related: dict[str, list[Fields]], system: str) -> Iterator[Said]:
    at, key = moment_of(response["datetime_utc"]), response["id"]
    if system:
        yield Said(f"system {key}", Message("system", (Text(system),)), at, {})
    if results := related["tool_results"]:
        yield Said(f"tool {key}", Message("tool", tuple(map(_result, results))), at, {})
    if asked := tuple(_question(response, related)):
        yield Said(f"user {key}", Message("user", asked), at, {})
    answer = Message("assistant", tuple(_answer(response, related)), model_of(response["model"]))
    yield Said(f"assistant {key}", answer, at, _record(response, related))


def _question(response: Fields, related: dict[str, list[Fields]]) -> Iterator[Part]:
    yield from map(attachment_of, related["attachments"])
    pieces = [*(row["content"] for row in related["fragments"]), response["prompt"] or ""]
    if text := "\n".join(piece for piece in pieces if piece):
        yield Text(text)


def _system(response: Fields, related: dict[str, list[Fields]]) -> str:
    pieces = [*(row["content"] for row in related["system_fragments"]), response["system"] or ""]
    return "\n\n".join(piece.strip() for piece in pieces if piece.strip())


def _answer(response: Fields, related: dict[str, list[Fields]]) -> Iterator[Part]:
    if response.get("reasoning"):
        yield Thinking(response["reasoning"])
    if response["response"]:
        yield Text(response["response"])
    for call in related["tool_calls"]:
        yield ToolCall(call["tool_call_id"] or str(call["id"]), call["name"] or "", call["arguments"] or "{}")


def _result(row: Fields) -> ToolResult:
    failed = row.get("exception") is not None
    return ToolResult(row["tool_call_id"] or str(row["id"]), row["output"] or "", failed)


def _record(response: Fields, related: dict[str, list[Fields]]) -> Fields:
    """All that the log has of an answer beside what was said."""
    unsaid = {name: value for name, value in response.items() if name not in _SAID}
    sources = {name: list(map(_without_content, related[name])) for name in _TOLD}
    files = [plain_attachment(row) for row in related["tool_files"]]
    kept = {name: related[name] for name in ("schema", "tools", "tool_calls", "tool_results")}
    return {"response": unsaid, **sources, "tool_files": files, **kept}


def _without_content(row: Fields) -> Fields:
    return {name: value for name, value in row.items() if name != "content"}
