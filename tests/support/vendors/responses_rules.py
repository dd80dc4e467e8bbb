"""What OpenAI's Responses API refuses, in its words.

Sources: openai 3.54 types/responses/response_create_params.py, response_input_item_param.py and what these name;
https://platform.openai.com/docs/guides/reasoning, /docs/guides/structured-outputs; errors as users of the API quote
them (openai/openai-agents-python#1660, TanStack/ai#1212, vercel/ai#7099).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from support.vendors.checks import Json, RefusedError, check, is_base64, names, open_object, stranger

MODELS = {"gpt-5": True, "gpt-5-mini": True, "gpt-5.6": True, "gpt-4.1": False}
"""Whether each reasons."""

_TOP = names(
    "access_programs background background_options context_management conversation image include input instructions "
    "max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt "
    "prompt_cache_key prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store "
    "stream stream_options temperature text tool_choice tools top_logprobs top_p truncation user"
)
_COUNTED = names(
    "conversation input instructions model parallel_tool_calls previous_response_id reasoning text tool_choice tools "
    "truncation personality"
)
_EFFORTS = names("none minimal low medium high xhigh max")
_FIELDS = {
    "message": names("type role content id status phase"),
    "function_call": names("type call_id name arguments id status"),
    "function_call_output": names("type call_id output id status"),
    "reasoning": names("type id summary content encrypted_content status"),
}
_CONTENT = {
    "user": {"input_text", "input_image", "input_file"},
    "system": {"input_text"},
    "developer": {"input_text"},
    "assistant": {"output_text", "refusal"},
}
_IMAGES = ("image/png", "image/jpeg", "image/webp", "image/gif")
_LONGEST_ID = 64
_LEAST_OUTPUT = 16
_MARKED = "gpt-5.6"
_MARK = {"mode": "explicit"}
_NAME = r"[a-zA-Z0-9_-]{1,64}"
Item = Mapping[str, Any]


def check_request(body: Json, bound: Mapping[str, Any], *, counting: bool = False) -> None:
    """Refuse what the API refuses; `bound` is what it signed."""
    if odd := stranger(body, _COUNTED if counting else _TOP):
        raise RefusedError(f"Unknown parameter: '{odd}'.", kind="unknown_parameter", param=odd)
    for name in ("model", "input"):
        words = f"Missing required parameter: '{name}'."
        check(body.get(name), words, kind="missing_required_parameter", param=name)
    if body["model"] not in MODELS:
        words = f"The requested model '{body['model']}' does not exist."
        raise RefusedError(words, kind="model_not_found", param="model")
    _check_options(body, reasons=MODELS[body["model"]])
    check_format((body.get("text") or {}).get("format"), "text.format")
    _check_tools(body.get("tools") or ())
    items = body["input"]
    if isinstance(items, str):
        return
    for number, item in enumerate(items):
        _check_item(item, f"input[{number}]", bound, kept=body.get("store", True))
    _check_pairs(items)
    _check_reasoning_order(items, bound)


def _check_options(body: Json, *, reasons: bool) -> None:
    most, reasoning = body.get("max_output_tokens"), body.get("reasoning")
    if most is not None:
        words = f"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got {most}."
        check(type(most) is int and most >= _LEAST_OUTPUT, words, kind="integer_below_min_value")
    if reasoning is not None:
        if odd := stranger(reasoning, {"effort", "summary", "context", "mode", "generate_summary"}):
            raise RefusedError(f"Unknown parameter: 'reasoning.{odd}'.", kind="unknown_parameter")
        words = "Unsupported parameter: 'reasoning.effort' is not supported with this model."
        check(reasons or not reasoning, words, kind="unsupported_parameter", param="reasoning.effort")
        effort = reasoning.get("effort")
        check(effort is None or effort in _EFFORTS, f"Invalid value: '{effort}'.", kind="invalid_value")
        check(reasoning.get("summary") in {None, "auto", "concise", "detailed"}, "Invalid value: 'reasoning.summary'.")
    words = "Unsupported parameter: 'temperature' is not supported with this model."
    check("temperature" not in body or not reasons, words, kind="unsupported_parameter", param="temperature")
    _check_cache(body)
    key = str(body.get("prompt_cache_key") or "")
    words = f"Invalid 'prompt_cache_key': string too long. Expected a string with maximum length {_LONGEST_ID}."
    check(len(key) <= _LONGEST_ID, words, kind="string_above_max_length")


def _check_cache(body: Json) -> None:
    """What says how to cache is for some models: the marks and lifetimes of the newer ones, the days of the older."""
    options, kept = body.get("prompt_cache_options"), body.get("prompt_cache_retention")
    newer = body["model"] == _MARKED
    words = "Unsupported parameter: 'prompt_cache_options' is not supported with this model."
    check(options is None or newer, words, kind="unsupported_parameter")
    check(kept in {None, "24h", "in_memory"}, f"Invalid value: '{kept}'.", kind="invalid_value")
    words = "Unsupported parameter: 'prompt_cache_retention' is not supported with this model."
    check(kept is None or not newer, words, kind="unsupported_parameter")
    if options is not None:
        odd = stranger(options, {"mode", "ttl", "prewarm", "comparison_response_id"})
        check(odd is None, f"Unknown parameter: 'prompt_cache_options.{odd}'.", kind="unknown_parameter")
        check(
            options.get("mode", "implicit") in {"implicit", "explicit"}, "Invalid value: 'prompt_cache_options.mode'."
        )
        check(options.get("ttl", "30m") in {"30m", "12h"}, "Invalid value: 'prompt_cache_options.ttl'.")
    marked = '"prompt_cache_breakpoint"' in json.dumps(body["input"])
    words = "Unsupported parameter: 'prompt_cache_breakpoint' is not supported with this model."
    check(newer or not marked, words, kind="unsupported_parameter")


def check_format(form: Any, where: str) -> None:
    """Refuse a form of answer that the API refuses."""
    if form is None or form.get("type") == "text":
        return
    check(form.get("type") in {"json_schema", "json_object"}, f"Invalid value: '{form.get('type')}'.", param=where)
    if form["type"] == "json_schema":
        words = f"Missing required parameter: '{where}.name'."
        check(re.fullmatch(_NAME, form.get("name", "")), words, kind="missing_required_parameter")
        words = (
            f"Invalid schema for response_format '{form['name']}': In context=(), 'additionalProperties' is required "
            "to be supplied and to be false."
        )
        check(not (form.get("strict") and open_object(form.get("schema"))), words, kind="invalid_json_schema")


def _check_tools(tools: Sequence[Json]) -> None:
    for number, tool in enumerate(tools):
        check(tool.get("type") == "function", f"Invalid value: '{tool.get('type')}'.", param=f"tools[{number}].type")
        known = {"type", "name", "description", "parameters", "strict"}
        if odd := stranger(tool, known):
            raise RefusedError(f"Unknown parameter: 'tools[{number}].{odd}'.", kind="unknown_parameter")
        words = f"Missing required parameter: 'tools[{number}].name'."
        check(re.fullmatch(_NAME, tool.get("name", "")), words, kind="missing_required_parameter")
        words = f"Invalid schema for function '{tool.get('name')}': 'additionalProperties' is required to be false."
        strict = tool.get("strict", True)  # which is what it is here where nothing is said
        check(not (strict and open_object(tool.get("parameters"))), words, kind="invalid_function_parameters")


def _check_item(item: Item, where: str, bound: Mapping[str, Any], *, kept: bool) -> None:
    kind = item.get("type", "message" if "role" in item else "")
    check(kind in _FIELDS, f"Invalid value: '{kind}'. Supported values are: {', '.join(_FIELDS)}.", param=where)
    if odd := stranger(item, _FIELDS[kind]):
        raise RefusedError(f"Unknown parameter: '{where}.{odd}'.", kind="unknown_parameter", param=f"{where}.{odd}")
    match kind:
        case "message":
            _check_message(item, where)
        case "reasoning":
            _check_reasoning(item, where, bound, kept=kept)
        case _:
            _check_call(item, where, kind)


def _check_message(item: Item, where: str) -> None:
    role, content = item.get("role"), item.get("content")
    check(role in _CONTENT, f"Invalid value: '{role}'. Supported values are: {', '.join(_CONTENT)}.")
    if isinstance(content, str):
        return
    words = f"Invalid '{where}.content': empty array. Expected an array with minimum length 1, but got an empty array."
    check(content, words, kind="empty_array")
    for number, part in enumerate(content or ()):
        kind, at = part.get("type"), f"{where}.content[{number}]"
        supported = " and ".join(f"'{name}'" for name in sorted(_CONTENT[role or ""]))
        check(kind in _CONTENT[role or ""], f"Invalid value: '{kind}'. Supported values are: {supported}.", param=at)
        mark = part.get("prompt_cache_breakpoint", _MARK)
        check(mark == _MARK and (kind != "output_text" or "prompt_cache_breakpoint" not in part), f"Invalid '{at}'.")
        if kind == "input_image":
            _check_data(part.get("image_url"), _IMAGES, at)
        elif kind == "input_file":
            check(part.get("filename"), f"Missing required parameter: '{at}.filename'.")
            _check_data(part.get("file_data"), ("application/pdf",), at)
        else:
            name = "refusal" if kind == "refusal" else "text"
            check(isinstance(part.get(name), str), f"Missing required parameter: '{at}.{name}'.")


def _check_data(url: Any, kinds: Sequence[str], where: str) -> None:
    found = re.fullmatch(r"data:([\w/.+-]+);base64,(.+)", str(url), re.DOTALL)
    words = f"Invalid '{where}'. Expected a valid URL, but got a value with an invalid format."
    check(found and is_base64(found[2]), words, kind="invalid_value")
    words = "You uploaded an unsupported image. Please make sure your image is valid."
    check(found and found[1] in kinds, words, kind="unsupported_file")


def _check_reasoning(item: Item, where: str, bound: Mapping[str, Any], *, kept: bool) -> None:
    check(str(item.get("id", "")).startswith("rs_"), f"Invalid '{where}.id': Expected an ID that begins with 'rs'.")
    check(isinstance(item.get("summary"), list), f"Missing required parameter: '{where}.summary'.")
    sealed = item.get("encrypted_content")
    if sealed is None:
        words = f"Item with id '{item['id']}' not found. Items are not persisted when `store` is set to false."
        raise RefusedError(words, status=400 if kept else 404)
    words = f"The encrypted content for item {item['id']} could not be verified."
    check(sealed in bound, words, kind="invalid_encrypted_content")
    mine = {name: value for name, value in item.items() if name not in {"status", "content"} or value}
    check(mine == bound[sealed], words, kind="invalid_encrypted_content")


def _check_call(item: Item, where: str, kind: str) -> None:
    wanted = ("call_id", "name", "arguments") if kind == "function_call" else ("call_id", "output")
    for name in wanted:
        words = f"Missing required parameter: '{where}.{name}'."
        told = item.get(name)
        if name == "output" and isinstance(told, list):
            told = told and all(part.get("type") == "input_text" for part in told) and told[0].get("text")
        check(isinstance(told, str), words, kind="missing_required_parameter")
    words = (
        f"Invalid '{where}.call_id': string too long. Expected a string with maximum length {_LONGEST_ID}, but got a "
        f"string with length {len(item['call_id'])} instead."
    )
    check(len(item["call_id"]) <= _LONGEST_ID, words, kind="string_above_max_length")
    check(item["call_id"], f"Invalid '{where}.call_id': empty string.", kind="empty_string")
    if kind == "function_call":
        check(re.fullmatch(_NAME, item["name"]), f"Invalid '{where}.name': string does not match pattern.")
        words = f"Invalid '{where}.id': '{item.get('id')}'. Expected an ID that begins with 'fc'."
        check(str(item.get("id", "fc")).startswith("fc"), words, kind="invalid_value")


def _check_pairs(items: Sequence[Item]) -> None:
    calls = [item["call_id"] for item in items if item.get("type") == "function_call"]
    check(len(calls) == len(set(calls)), "Duplicate function call ids in the input.")
    open_: list[str] = []
    for item in items:
        if item.get("type") == "function_call":
            open_.append(item["call_id"])
        elif item.get("type") == "function_call_output":
            words = f"No tool call found for function call output with call_id {item['call_id']}."
            check(item["call_id"] in open_, words, param="input")
            open_.remove(item["call_id"])
    if open_:
        raise RefusedError(f"No tool output found for function call {open_[0]}.", param="input")


def _check_reasoning_order(items: Sequence[Item], bound: Mapping[str, Any]) -> None:
    """Reasoning stands right before what it led to, and what was reasoned has its reasoning with it."""
    for number, item in enumerate(items):
        following = items[number + 1] if number + 1 < len(items) else {}
        if item.get("type") == "reasoning":
            told = following.get("type") in {"reasoning", "function_call"} or following.get("role") == "assistant"
            words = f"Item '{item['id']}' of type 'reasoning' was provided without its required following item."
            check(told, words)
        needed = bound.get(item.get("id", ""))
        words = (
            f"Item '{item.get('id')}' of type '{item.get('type')}' was provided without its required 'reasoning' item: "
            f"'{needed}'."
        )
        check(needed is None or any(other.get("id") == needed for other in items[:number]), words)
