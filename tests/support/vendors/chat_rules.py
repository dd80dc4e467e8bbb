"""What Chat Completions refuse, in the words of OpenAI's.

Sources: openai 3.54 types/chat/completion_create_params.py and the *_param.py that it names;
https://platform.openai.com/docs/guides/error-codes; vLLM's entrypoints/chat_utils.py.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from support.vendors.checks import Json, RefusedError, check, is_base64, is_object, names, stranger
from support.vendors.responses_rules import check_format

TOP = names(
    "audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages "
    "metadata modalities model n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options "
    "prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream "
    "stream_options temperature tool_choice tools top_logprobs top_p user verbosity"
)
_FIELDS = {
    "system": {"content", "name"},
    "developer": {"content", "name"},
    "user": {"content", "name"},
    "assistant": {"content", "name", "refusal", "tool_calls"},
    "tool": {"content", "tool_call_id"},
}
_PARTS = {"text": "text", "image_url": "image_url", "file": "file"}
_NAME = r"[a-zA-Z0-9_-]{1,64}"
_UNANSWERED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The "
    "following tool_call_ids did not have response messages: {}"
)
_ORPHAN = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
Message = Mapping[str, Any]


def check_request(
    body: Json,
    top: Collection[str] = TOP,
    parts: Mapping[str, str] = _PARTS,
    more: Collection[str] = (),
    *,
    parses: bool = False,
) -> None:
    """Refuse what the API refuses.

    Args:
        body: the request.
        top: its fields.
        parts: the kinds of content, and where each has its data.
        more: fields of an assistant's message that OpenAI's API does not have.
        parses: whether the arguments of calls have to be JSON objects.
    """
    if odd := stranger(body, top):
        raise RefusedError(f"Unrecognized request argument supplied: {odd}", kind="unknown_parameter", param=odd)
    check(isinstance(body.get("model"), str), "you must provide a model parameter")
    check(isinstance(body.get("messages"), list), "'messages' is a required property")
    check(body["messages"], "[] is too short - 'messages'", param="messages")
    _check_options(body)
    for number, message in enumerate(body["messages"]):
        _check_message(message, f"messages.[{number}]", parts, more)
        for place, call in enumerate(message.get("tool_calls") or () if parses else ()):
            words = f"Invalid 'messages.[{number}].tool_calls[{place}].function.arguments': not the JSON of an object"
            check(is_object(call["function"]["arguments"]), words)
    _check_pairs(body["messages"])
    check_format((body.get("response_format") or {}).get("json_schema", None) and _flat(body), "response_format")
    for number, tool in enumerate(body.get("tools") or ()):
        check(
            tool.get("type") == "function" and set(tool) - {"cache_control"} == {"type", "function"},
            "Missing required parameter: 'tools'.",
        )
        words = f"Invalid 'tools[{number}].function.name': string does not match pattern."
        check(re.fullmatch(_NAME, tool["function"].get("name", "")), words)


def _flat(body: Json) -> Json:
    return {"type": "json_schema", **body["response_format"]["json_schema"]}


def _check_options(body: Json) -> None:
    both = {"max_tokens", "max_completion_tokens"} <= set(body)
    check(not both, "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
    for name in ("max_tokens", "max_completion_tokens"):
        most = body.get(name, 1)
        check(type(most) is int and most > 0, f"Invalid '{name}': integer below minimum value.")
    temperature = body.get("temperature", 1)
    check(0 <= temperature <= 2, f"Invalid 'temperature': {temperature} is greater than the maximum of 2")
    streamed = body.get("stream") is True
    check(
        "stream_options" not in body or streamed, "The 'stream_options' parameter is only allowed when 'stream' is set"
    )


def _check_message(message: Message, where: str, parts: Mapping[str, str], more: Collection[str]) -> None:
    role = message.get("role", "")
    check(role in _FIELDS, f"Invalid value: '{role}'. Supported values are: {', '.join(_FIELDS)}.", param=where)
    known = {"role", *_FIELDS[role], *(more if role == "assistant" else ())}
    if odd := stranger(message, known):
        raise RefusedError(f"Additional properties are not allowed ('{odd}' was unexpected) - '{where}'")
    content, calls = message.get("content"), message.get("tool_calls")
    if role == "assistant":
        words = f"Invalid value for 'content': expected a string, got null. - '{where}.content'"
        check(content is not None or calls, words)
        check(calls is None or calls, f"[] is too short - '{where}.tool_calls'")
        for number, call in enumerate(calls or ()):
            _check_call(call, f"{where}.tool_calls[{number}]")
    else:
        check(content is not None, f"Invalid value for 'content': expected a string, got null. - '{where}.content'")
    if role == "tool":
        check(isinstance(message.get("tool_call_id"), str), f"Missing parameter 'tool_call_id': - '{where}'")
    if not isinstance(content, str):
        _check_content(content, where, parts if role == "user" else {"text": "text"})


def _check_content(content: Any, where: str, parts: Mapping[str, str]) -> None:
    check(content != [], f"Invalid '{where}.content': empty array.")
    for number, part in enumerate(content or ()):
        at, kind = f"{where}.content[{number}]", part.get("type")
        check(kind in parts, f"Invalid value: '{kind}'. Supported values are: {', '.join(parts)}.", param=at)
        field = parts[kind or ""]
        marks = {"cache_control", "prompt_cache_breakpoint"}
        check(set(part) <= {"type", field, *marks}, f"Additional properties are not allowed - '{at}'")
        data = part.get(field)
        if kind == "text":
            check(isinstance(data, str) and data, f"Invalid '{at}.text': must not be empty")
        if kind == "image_url":
            _check_image((data or {}).get("url"), at)
        if kind == "file":
            words = f"Missing required parameter: '{at}.file.filename'."
            check((data or {}).get("filename") and (data or {}).get("file_data"), words)


def _check_image(url: Any, where: str) -> None:
    found = re.fullmatch(r"data:(image/(?:png|jpeg|webp|gif));base64,(.+)", str(url), re.DOTALL)
    check(found and is_base64(found[2]), f"Invalid image data - '{where}'", kind="invalid_image_format")


def _check_call(call: Json, where: str) -> None:
    check(set(call) <= {"id", "type", "function"}, f"Additional properties are not allowed - '{where}'")
    check(isinstance(call.get("id"), str) and call["id"], f"Missing required parameter: '{where}.id'.")
    check(call.get("type") == "function", f"Missing required parameter: '{where}.type'.")
    function = call.get("function") or {}
    check(set(function) == {"name", "arguments"}, f"Missing required parameter: '{where}.function'.")
    check(re.fullmatch(_NAME, function["name"]), f"Invalid '{where}.function.name': string does not match pattern.")
    check(isinstance(function["arguments"], str), f"Invalid type for '{where}.function.arguments'")


def _check_pairs(messages: Sequence[Message]) -> None:
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            check(message["tool_call_id"] in waiting, _ORPHAN)
            waiting.remove(message["tool_call_id"])
            continue
        check(not waiting, _UNANSWERED.format(", ".join(waiting)))
        waiting = [call["id"] for call in message.get("tool_calls") or ()]
        check(len(waiting) == len(set(waiting)), "Duplicate value for 'tool_call_id'")
    check(not waiting, _UNANSWERED.format(", ".join(waiting)))
