"""What Anthropic's Messages API refuses, in its words.

Sources: anthropic 2.12 types/message_create_params.py and the *_param.py that it names;
https://platform.claude.com/docs/en/api/errors, /build-with-claude/extended-thinking, /agents-and-tools/tool-use,
/build-with-claude/structured-outputs; errors as users of the API quote them (anthropics/claude-code#8210, #13460).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from support.vendors.checks import Json, RefusedError, check, is_base64, names, open_object, stranger


class Facts(NamedTuple):
    """What a model takes: its ceiling, kinds of thinking, `effort`, and the beginning of an answer to go on with."""

    max_tokens: int
    thinking: frozenset[str]
    effort: bool
    prefill: bool


_OLD = frozenset({"enabled", "disabled"})
MODELS = {
    "claude-haiku-4-5": Facts(64_000, _OLD, effort=False, prefill=True),
    "claude-sonnet-4-5": Facts(64_000, _OLD, effort=False, prefill=True),
    "claude-sonnet-4-6": Facts(64_000, _OLD | {"adaptive"}, effort=True, prefill=False),
    "claude-opus-4-8": Facts(128_000, frozenset({"adaptive", "disabled"}), effort=True, prefill=False),
}
_TOP = names(
    "max_tokens messages model cache_control container diagnostics inference_geo metadata output_config "
    "service_tier speed stop_sequences system thinking tool_choice tools user_profile_id stream temperature "
    "top_k top_p"
)
_COUNTED = names("messages model cache_control output_config system thinking tool_choice tools speed")
_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_FIELDS = {
    "text": {"text", "citations"},
    "image": {"source", "transformations"},
    "document": {"source", "title", "context", "citations"},
    "tool_use": {"id", "name", "input", "caller", "toolset_name"},
    "tool_result": {"tool_use_id", "content", "is_error", "toolset_name"},
    "thinking": {"thinking", "signature"},
    "redacted_thinking": {"data"},
}
_BY_ROLE = {
    "user": {"text", "image", "document", "tool_result"},
    "assistant": {"text", "tool_use", "thinking", "redacted_thinking"},
}
_LEAST_BUDGET = 1024
_NAME = r"[a-zA-Z0-9_-]{1,128}"
_MISPLACED = (
    "Expected `thinking` or `redacted_thinking`, but found `{}`. When `thinking` is enabled, a final `assistant` "
    "message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks)."
)
Bound = Mapping[str, str | None]
Block = Mapping[str, Any]


def check_request(body: Json, bound: Bound, *, counting: bool = False) -> None:
    """Refuse what the API refuses; `bound` is what it signed."""
    if odd := stranger(body, _COUNTED if counting else _TOP):
        raise RefusedError(f"{odd}: Extra inputs are not permitted")
    for name in ("model", "messages") if counting else ("model", "messages", "max_tokens"):
        check(name in body, f"{name}: Field required")
    facts = MODELS.get(body["model"])
    if facts is None:
        raise RefusedError(f"model: {body['model']}", status=404)
    if not counting:
        _check_limits(body, facts)
    _check_thinking(body.get("thinking"), body, facts)
    _check_output(body.get("output_config"), facts)
    _check_system(body.get("system"))
    _check_tools(body.get("tools"))
    turns = [*_turns(body["messages"], bound)]
    _check_pairs(turns)
    _check_last(turns, body, facts)


def _check_limits(body: Json, facts: Facts) -> None:
    most, temperature = body["max_tokens"], body.get("temperature")
    check(type(most) is int, "max_tokens: Input should be a valid integer")
    check(most >= 1, "max_tokens: must be greater than or equal to 1")
    check(
        most <= facts.max_tokens,
        f"max_tokens: {most} > {facts.max_tokens}, which is the maximum allowed number of output tokens for "
        f"{body['model']}",
    )
    if temperature is not None:
        check(isinstance(temperature, int | float), "temperature: Input should be a valid number")
        check(0 <= temperature <= 1, "temperature: range: 0..1")
    check(isinstance(body.get("stream", False), bool), "stream: Input should be a valid boolean")


def _check_thinking(thinking: Any, body: Json, facts: Facts) -> None:
    if thinking is None:
        return
    kind = thinking.get("type")
    known = {"enabled": {"budget_tokens", "display"}, "adaptive": {"display"}, "disabled": set()}
    check(kind in known, "thinking: Input tag does not match any of the expected tags")
    if odd := stranger(thinking, {"type", *known[kind]}):
        raise RefusedError(f"thinking.{kind}.{odd}: Extra inputs are not permitted")
    check(kind in facts.thinking, f'"thinking.type.{kind}" is not supported for this model.')
    display = thinking.get("display")
    check(display in {None, "summarized", "omitted"}, "thinking.display: Input should be 'summarized' or 'omitted'")
    if kind == "enabled":
        budget = thinking.get("budget_tokens")
        check(type(budget) is int, "thinking.enabled.budget_tokens: Field required")
        check(budget >= _LEAST_BUDGET, "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
        words = "`max_tokens` must be greater than `thinking.budget_tokens`."
        check(budget < body.get("max_tokens", budget + 1), words)
    if kind != "disabled":
        words = "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode."
        check(body.get("temperature", 1) == 1, words)
        check("top_k" not in body, "`top_k` must be unset when thinking is enabled or in adaptive mode.")
        forced = (body.get("tool_choice") or {}).get("type") in {"any", "tool"}
        check(not forced, "Thinking may not be enabled when tool_choice forces tool use.")


def _check_output(config: Any, facts: Facts) -> None:
    if config is None:
        return
    if odd := stranger(config, {"effort", "format"}):
        raise RefusedError(f"output_config.{odd}: Extra inputs are not permitted")
    effort, form = config.get("effort"), config.get("format")
    if effort is not None:
        efforts = ("low", "medium", "high", "xhigh", "max")
        check(effort in efforts, "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
        check(facts.effort, "This model does not support the effort parameter.")
    if form is not None:
        check(form.get("type") == "json_schema", "output_config.format.type: Input should be 'json_schema'")
        check(set(form) == {"type", "schema"}, "output_config.format: Extra inputs are not permitted")
        words = "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"
        check(not open_object(form["schema"]), words)


def _check_system(system: Any) -> None:
    if isinstance(system, list):
        for number, block in enumerate(system):
            check(block.get("type") == "text", f"system.{number}.type: Input should be 'text'")
            check(block.get("text"), "system: text content blocks must be non-empty")
    else:
        check(system is None or isinstance(system, str), "system: Input should be a valid string")


def _check_tools(tools: Any) -> None:
    names = []
    for number, tool in enumerate(tools or ()):
        known = {"name", "description", "input_schema", "type", "cache_control", "strict", "input_examples"}
        if odd := stranger(tool, known):
            raise RefusedError(f"tools.{number}.custom.{odd}: Extra inputs are not permitted")
        names.append(tool.get("name", ""))
        words = f"tools.{number}.custom.name: String should match pattern '^{_NAME}$'"
        check(re.fullmatch(_NAME, names[-1]), words)
        check("input_schema" in tool, f"tools.{number}.custom.input_schema: Field required")
        check(tool["input_schema"].get("type") == "object", f"tools.{number}.custom.input_schema.type: Field required")
    check(len(names) == len(set(names)), "tools: Tool names must be unique.")


class Turn(NamedTuple):
    """Consecutive messages of one role, as one."""

    role: str
    number: int
    blocks: list[Block]


def _turns(messages: Any, bound: Bound) -> Iterator[Turn]:
    check(isinstance(messages, list), "messages: Input should be a valid list")
    check(messages, "messages: at least one message is required")
    turn: Turn | None = None
    for number, message in enumerate(messages):
        if odd := stranger(message, {"role", "content"}):
            raise RefusedError(f"messages.{number}.{odd}: Extra inputs are not permitted")
        role = message.get("role")
        check(role in _BY_ROLE, f"messages.{number}.role: Input should be 'user' or 'assistant'")
        blocks = _blocks(message.get("content"), number, role, bound, last=number == len(messages) - 1)
        if turn and turn.role == role:
            turn.blocks.extend(blocks)
            continue
        if turn:
            yield turn
        turn = Turn(role, number, [*blocks])
    assert turn
    yield turn


def _blocks(content: Any, number: int, role: str, bound: Bound, *, last: bool) -> Sequence[Block]:
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    check(isinstance(blocks, list), f"messages.{number}.content: Input should be a valid list")
    empty = (
        f"messages.{number}: all messages must have non-empty content except for the optional final assistant message"
    )
    check((blocks and content != "") or (last and role == "assistant"), empty)
    for place, block in enumerate(blocks):
        _check_block(block, f"messages.{number}.content.{place}", role, bound)
    return blocks


def _check_block(block: Block, where: str, role: str, bound: Bound) -> None:
    kind = block.get("type", "")
    check(kind in _FIELDS, f"{where}: Input tag '{kind}' found using 'type' does not match any of the expected tags")
    check(kind in _BY_ROLE[role], f"{where}: `{kind}` blocks can not be in `{role}` messages")
    if odd := stranger(block, {"type", "cache_control", *_FIELDS[kind]}):
        raise RefusedError(f"{where}.{kind}.{odd}: Extra inputs are not permitted")
    match kind:
        case "text":
            check(isinstance(block.get("text"), str), f"{where}.text.text: Field required")
            check(block["text"], "messages: text content blocks must be non-empty")
            check(block["text"].strip(), "messages: text content blocks must contain non-whitespace text")
        case "thinking":
            _check_signature(block, where, bound)
        case "redacted_thinking":
            data = block.get("data")
            check(
                data in bound and bound.get(str(data)) is None, f"{where}: Invalid `data` in `redacted_thinking` block"
            )
        case "tool_use":
            words = f"{where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
            check(re.fullmatch("[a-zA-Z0-9_-]+", str(block.get("id"))), words)
            words = f"{where}.tool_use.name: String should match pattern '^{_NAME}$'"
            check(re.fullmatch(_NAME, str(block.get("name"))), words)
            check(isinstance(block.get("input"), dict), f"{where}.tool_use.input: Input should be a valid dictionary")
        case "image" | "document":
            _check_file(block, where)
        case "tool_result":
            _check_result(block, where)


def _check_signature(block: Block, where: str, bound: Bound) -> None:
    check("cache_control" not in block, f"{where}.thinking.cache_control: Extra inputs are not permitted")
    signature = block.get("signature")
    check(isinstance(signature, str), f"{where}.thinking.signature: Field required")
    check(bound.get(signature or "") is not None, f"{where}: Invalid `signature` in `thinking` block")
    words = f"{where}: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified."
    check(bound.get(signature or "") == block.get("thinking"), words)


def _check_file(block: Block, where: str) -> None:
    source = block.get("source") or {}
    allowed = _IMAGES if block["type"] == "image" else ("application/pdf",)
    if source.get("type") == "text" and block["type"] == "document":
        check(source.get("data"), f"{where}.document.source.text.data: Field required")
        return
    check(source.get("type") == "base64", f"{where}.{block['type']}.source: Input tag does not match")
    names = " or ".join(f"'{name}'" for name in allowed)
    words = f"{where}.{block['type']}.source.base64.media_type: Input should be {names}"
    check(source.get("media_type") in allowed, words)
    check(is_base64(source.get("data")), f"{where}.{block['type']}.source.base64: invalid base64 data")


def _check_result(block: Block, where: str) -> None:
    check(isinstance(block.get("tool_use_id"), str), f"{where}.tool_result.tool_use_id: Field required")
    check(isinstance(block.get("is_error", False), bool), f"{where}.tool_result.is_error: Input should be a boolean")
    content = block.get("content", "")
    for inner in content if isinstance(content, list) else ():
        words = f"{where}.tool_result.content: Input tag does not match any of the expected tags"
        check(inner.get("type") in {"text", "image", "document"}, words)
        check(inner.get("text", "x"), "messages: text content blocks must be non-empty")


def _check_pairs(turns: Sequence[Turn]) -> None:
    check(turns[0].role == "user", 'messages: first message must use the "user" role')
    ids = [block["id"] for turn in turns for block in turn.blocks if block["type"] == "tool_use"]
    check(len(ids) == len(set(ids)), "messages: `tool_use` ids must be unique")
    calls: list[str] = []
    for turn in turns:
        results = [block["tool_use_id"] for block in turn.blocks if block["type"] == "tool_result"]
        for place, result in enumerate(results):
            check(
                result in calls,
                f"messages.{turn.number}.content.{place}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{result}. Each `tool_result` block must have a corresponding `tool_use` block in the previous "
                "message.",
            )
        words = f"messages.{turn.number}: each tool_use must have a single result. Found multiple `tool_result` blocks"
        check(len(results) == len(set(results)), words)
        first = [block.get("tool_use_id") for block in turn.blocks[: len(results)]]
        missing = [one for one in calls if one not in first]
        check(
            not missing,
            f"messages.{turn.number - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the next "
            "message.",
        )
        calls = [block["id"] for block in turn.blocks if block["type"] == "tool_use"]
    check(not calls, f"messages.{turns[-1].number}: `tool_use` ids were found without `tool_result` blocks")


def _check_last(turns: Sequence[Turn], body: Json, facts: Facts) -> None:
    last = turns[-1]
    if last.role == "assistant":
        words = "This model does not support assistant message prefill. The conversation must end with a user message."
        check(facts.prefill, words)
        text = last.blocks[-1].get("text", "") if last.blocks else ""
        check(text == text.rstrip(), "messages: final assistant content cannot end with trailing whitespace")
    if (body.get("thinking") or {}).get("type") != "enabled":
        return
    # The whole loop is one turn, which thinks at its beginning: between its calls there need be no more of it.
    spoken = [number for number, turn in enumerate(turns) if turn.role == "user" and not _answers(turn)]
    first = next((turn for turn in turns[max(spoken, default=-1) + 1 :] if turn.role == "assistant"), None)
    if first is not None:
        kind = first.blocks[0]["type"]
        where = f"messages.{first.number}.content.0.type"
        check(kind in {"thinking", "redacted_thinking"}, f"{where}: {_MISPLACED.format(kind)}")


def _answers(turn: Turn) -> bool:
    return any(block["type"] == "tool_result" for block in turn.blocks)
