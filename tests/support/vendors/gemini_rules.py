"""What the Gemini API refuses, in its words.

Sources: google-genai 3.4 types.py (Content, Part, GenerationConfig, Schema, FunctionDeclaration …);
https://ai.google.dev/gemini-api/docs/thought-signatures, /function-calling, /thinking, /image-understanding; errors as
users of the API quote them (simonw/llm-gemini#119, lbjlaq/Antigravity-Manager#938).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from support.vendors.checks import Json, RefusedError, check, is_base64, names, stranger


class Facts(NamedTuple):
    """What a model takes: levels or a budget of thinking, and whether calls must be signed."""

    levels: frozenset[str]
    signed: bool


MODELS = {
    "gemini-2.5-flash": Facts(frozenset(), signed=False),
    "gemini-2.5-pro": Facts(frozenset(), signed=False),
    "gemini-3-pro-preview": Facts(frozenset({"LOW", "HIGH"}), signed=True),
    "gemini-3-flash-preview": Facts(frozenset({"MINIMAL", "LOW", "MEDIUM", "HIGH"}), signed=True),
}
DUMMIES = frozenset({"skip_thought_signature_validator", "context_engineering_is_the_way_to_go"})
_TOP = names(
    "model contents tools toolConfig safetySettings systemInstruction generationConfig cachedContent serviceTier store"
)
_CONFIG = names(
    "stopSequences responseMimeType responseModalities responseSchema responseJsonSchema candidateCount "
    "maxOutputTokens temperature topP topK seed presencePenalty frequencyPenalty responseLogprobs logprobs "
    "speechConfig thinkingConfig mediaResolution responseFormat"
)
_SCHEMA = names(
    "additionalProperties anyOf default description enum example format items maxItems maxLength maxProperties "
    "maximum minItems minLength minProperties minimum nullable pattern properties propertyOrdering required "
    "title type"
)
_DATA = frozenset({"text", "inlineData", "functionCall", "functionResponse", "fileData"})
_IMAGES = frozenset({"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"})
_UNSIGNED = (
    "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, "
    "and missing thought_signature may lead to degraded model performance. Additional data, function call "
    "`default_api:{}` , position {}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more "
    "details."
)
_AFTER_CALLS = "Please ensure that function response turn comes immediately after a function call turn."
_AFTER_USER = (
    "Please ensure that function call turn comes immediately after a user turn or after a function response turn."
)
_EQUAL = (
    "Please ensure that the number of function response parts is equal to the number of function call parts of the "
    "function call turn."
)
Part = Mapping[str, Any]


def check_request(body: Json, model: str, bound: Mapping[str, Any]) -> None:
    """Refuse what the API refuses; `bound` is what it signed."""
    _check_names(body, _TOP, "")
    _check_config(body.get("generationConfig", {}), MODELS[model])
    if (system := body.get("systemInstruction")) is not None:
        _check_names(system, {"role", "parts"}, "system_instruction")
        check(system.get("parts"), "GenerateContentRequest.system_instruction.parts: must not be empty")
        for part in system["parts"]:
            check(part.get("text"), "system_instruction.parts[0].data: required oneof field 'data' must be initialized")
    words = (
        "CachedContent can not be used with GenerateContent request setting system_instruction, tools or tool_config."
    )
    beside = {"systemInstruction", "tools", "toolConfig"} & set(body)
    check(not ("cachedContent" in body and beside), words)
    _check_tools(body.get("tools", ()))
    contents = body.get("contents")
    check(isinstance(contents, list) and contents, "* GenerateContentRequest.contents: contents is not specified")
    for number, content in enumerate(contents or ()):
        _check_content(content, f"GenerateContentRequest.contents[{number}]", bound)
    _check_pairs(contents or ())
    if MODELS[model].signed:
        _check_signed(contents or ())


def _check_names(given: Json, known: frozenset[str] | set[str], where: str) -> None:
    if odd := stranger(given, known):
        place = f" at '{where}'" if where else ""
        raise RefusedError(f'Invalid JSON payload received. Unknown name "{odd}"{place}: Cannot find field.')


def _check_config(config: Json, facts: Facts) -> None:
    _check_names(config, _CONFIG, "generation_config")
    if (most := config.get("maxOutputTokens")) is not None:
        check(type(most) is int and most > 0, "max_output_tokens must be positive.")
    temperature = config.get("temperature")
    check(temperature is None or 0 <= temperature <= 2, "temperature must be in the range [0.0, 2.0].")
    thinking = config.get("thinkingConfig", {})
    _check_names(thinking, {"includeThoughts", "thinkingBudget", "thinkingLevel"}, "generation_config.thinking_config")
    level = thinking.get("thinkingLevel")
    both = level is not None and "thinkingBudget" in thinking
    check(not both, "You can only set only one of thinking budget and thinking level.")
    if level is not None:
        check(facts.levels, "Thinking level is not supported for this model.")
        check(level.upper() in facts.levels, f"Thinking level {level.upper()} is not supported for this model.")
    _check_answer_schema(config)


def _check_answer_schema(config: Json) -> None:
    given = [name for name in ("responseSchema", "responseJsonSchema") if name in config]
    check(len(given) < 2, "Only one of response_schema and response_json_schema can be set.")
    if given:
        words = "Function calling or a response schema with a response mime type: 'text/plain' is unsupported"
        check(config.get("responseMimeType") == "application/json", words)
    _check_schema(config.get("responseSchema", {}), "generation_config.response_schema")


def _check_schema(schema: Any, where: str) -> None:
    """The schema of OpenAPI, which has few of JSON Schema's words."""
    if not isinstance(schema, Mapping):
        return
    _check_names(schema, _SCHEMA, where)
    for name, inner in schema.get("properties", {}).items():
        _check_schema(inner, f"{where}.properties[{name}].value")
    _check_schema(schema.get("items"), f"{where}.items")


def _check_tools(tools: Sequence[Json]) -> None:
    for number, tool in enumerate(tools):
        _check_names(tool, {"functionDeclarations", "googleSearch", "codeExecution", "urlContext"}, f"tools[{number}]")
        for place, declared in enumerate(tool.get("functionDeclarations", ())):
            where = f"tools[{number}].function_declarations[{place}]"
            known = {"name", "description", "parameters", "parametersJsonSchema", "response", "responseJsonSchema"}
            _check_names(declared, known, where)
            words = f"* GenerateContentRequest.{where}.name: Invalid function name. Must start with a letter or _."
            check(re.fullmatch(r"[a-zA-Z_][\w.:-]{0,127}", declared.get("name", ""), re.ASCII), words)
            both = {"parameters", "parametersJsonSchema"} <= set(declared)
            check(not both, f"{where}: only one of parameters and parameters_json_schema can be set")
            _check_schema(declared.get("parameters", {}), f"{where}.parameters")


def _check_content(content: Json, where: str, bound: Mapping[str, Any]) -> None:
    _check_names(content, {"role", "parts"}, where)
    check(content.get("role") in {"user", "model"}, "Please use a valid role: user, model.")
    parts = content.get("parts")
    check(isinstance(parts, list) and parts, f"* {where}.parts: contents.parts must not be empty.")
    for number, part in enumerate(parts or ()):
        at = f"{where}.parts[{number}]"
        _check_names(part, _DATA | {"thought", "thoughtSignature"}, at)
        data = _DATA & set(part)
        check(len(data) == 1, f"* {at}.data: required oneof field 'data' must have one initialized field")
        empty = part.get("text") == "" and "thoughtSignature" not in part
        check(not empty, f"* {at}.data: required oneof field 'data' must have one initialized field")
        _check_data(part, at, content["role"])
        if "thoughtSignature" in part:
            _check_signature(part, bound)


def _check_data(part: Part, where: str, role: str) -> None:
    if (call := part.get("functionCall")) is not None:
        _check_names(call, {"id", "name", "args"}, f"{where}.function_call")
        check(call.get("name"), f"* {where}.function_call.name: Name cannot be empty.")
        check(isinstance(call.get("args", {}), dict), f"Invalid value at '{where}.function_call.args' (type.Struct)")
        check(role == "model", "Please ensure that function calls are in turns of the model.")
    if (given := part.get("functionResponse")) is not None:
        _check_names(given, {"id", "name", "response", "parts"}, f"{where}.function_response")
        check(given.get("name"), f"* {where}.function_response.name: Name cannot be empty.")
        words = f"Invalid value at '{where}.function_response.response' (type.Struct)"
        check(isinstance(given.get("response"), dict), words)
        check(role == "user", "Please ensure that function responses are in turns of the user.")
    if (blob := part.get("inlineData")) is not None:
        _check_names(blob, {"mimeType", "data", "displayName"}, f"{where}.inline_data")
        kind = str(blob.get("mimeType"))
        known = kind in _IMAGES or kind.startswith(("audio/", "video/", "text/")) or kind == "application/pdf"
        check(known, f"Unsupported MIME type: {kind}")
        check(is_base64(blob.get("data")), f"Invalid value at '{where}.inline_data.data' (TYPE_BYTES), Base64 decoding")


def _check_signature(part: Part, bound: Mapping[str, Any]) -> None:
    """A signature stands for just the part that it came with."""
    signature = part["thoughtSignature"]
    if signature in DUMMIES:
        return
    data = {name: value for name, value in part.items() if name in _DATA}
    if call := data.get("functionCall"):
        data["functionCall"] = {"name": call["name"], "args": call.get("args", {})}
    check(signature in bound and bound[signature] == data, "Corrupted thought signature.")


def _check_pairs(contents: Sequence[Json]) -> None:
    calls: list[Json] = []
    before = ""
    check(contents[0]["role"] == "user", "Please ensure that multiturn requests begin with a user turn.")
    for content in contents:
        now = [part["functionCall"] for part in content["parts"] if "functionCall" in part]
        given = [part["functionResponse"] for part in content["parts"] if "functionResponse" in part]
        if given:
            check(calls, _AFTER_CALLS)
        if calls:
            check(len(given) == len(calls), _EQUAL)
            check(sorted(one["name"] for one in given) == sorted(one["name"] for one in calls), _EQUAL)
            ids = {one.get("id") for one in calls}
            check({one.get("id") for one in given} <= ids | {None}, "Function response has an id that no call has.")
        if now:
            check(before == "user", _AFTER_USER)
        calls, before = now, content["role"]
    check(contents[-1]["role"] == "user" and not calls, "Please ensure that single turn requests end with a user role")


def _check_signed(contents: Sequence[Json]) -> None:
    for position, content in _steps(contents):
        first = next((part for part in content["parts"] if "functionCall" in part), None)
        if first is not None:
            check(first.get("thoughtSignature"), _UNSIGNED.format(first["functionCall"]["name"], position + 1))


def _steps(contents: Sequence[Json]) -> Iterator[tuple[int, Json]]:
    """The model's steps in the current turn, which began with the last words of the user."""
    spoken = [
        number
        for number, content in enumerate(contents)
        if content["role"] == "user" and not any("functionResponse" in part for part in content["parts"])
    ]
    for number, content in enumerate(contents):
        if content["role"] == "model" and number > max(spoken, default=-1):
            yield number, content
