"""The fake vendors are as strict as they say: each rule refuses what breaks it, in the vendor's shape and words."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from support.vendors.anthropic import Anthropic
from support.vendors.bill import Cache, Price
from support.vendors.chat import Chat
from support.vendors.gemini import Gemini
from support.vendors.openrouter import OpenRouter
from support.vendors.plan import Break, Call, Plan, Refuse, Say, Think
from support.vendors.responses import Responses
from support.vendors.vendor import Vendor

Json = dict[str, Any]
PNG = "iVBORw0KGgo="
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000}


class Kind(NamedTuple):
    """A vendor, where it is asked, how it is sent its key, and the least that it takes."""

    make: Callable[..., Vendor]
    path: str
    header: str
    body: Json


def _user(text: str = "hi") -> Json:
    return {"role": "user", "content": text}


KINDS = {
    "anthropic": Kind(
        Anthropic,
        "/v1/messages",
        "x-api-key",
        {"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": [_user()]},
    ),
    "google": Kind(
        Gemini,
        "/v1beta/models/gemini-3-pro-preview:generateContent",
        "x-goog-api-key",
        {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
    ),
    "openai": Kind(Responses, "/responses", "Authorization", {"model": "gpt-5", "input": [_user()]}),
    "openrouter": Kind(
        OpenRouter,
        "/chat/completions",
        "Authorization",
        {"model": "anthropic/claude-sonnet-4.5", "messages": [_user()]},
    ),
    "chat": Kind(Chat, "/chat/completions", "Authorization", {"model": "m", "messages": [_user()]}),
}


def _post(vendor: Vendor, kind: Kind, body: Json, *, key: str | None = None, drop: str = "") -> tuple[int, Json]:
    """Ask, and return the status and the body."""
    status, text = _open(vendor, kind, body, key=key, drop=drop)
    answer: Json = json.loads(text)
    return status, answer


def _open(vendor: Vendor, kind: Kind, body: Json, *, key: str | None = None, drop: str = "") -> tuple[int, str]:
    """Ask, and return the status and the text; `drop` is a header to leave out."""
    given = key or vendor.key
    headers = {
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
        kind.header: f"Bearer {given}" if kind.header == "Authorization" else given,
    }
    headers.pop(drop, None)
    request = urllib.request.Request(vendor.url + kind.path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def _calls(*ids: str) -> Json:
    calls = [{"type": "tool_use", "id": one, "name": "f", "input": {}} for one in ids]
    return {"role": "assistant", "content": calls}


def _results(*ids: str, first: tuple[Json, ...] = ()) -> Json:
    return {"role": "user", "content": [*first, *({"type": "tool_result", "tool_use_id": one} for one in ids)]}


def _said(*parts: Json, role: str = "user") -> Json:
    return {"role": role, "content": [*parts]}


def _contents(*turns: tuple[str, Json]) -> list[Json]:
    return [{"role": role, "parts": [part]} for role, part in turns]


_F = {"functionCall": {"name": "f", "args": {}}}
_R = {"functionResponse": {"name": "f", "response": {}}}
_HI = ("user", {"text": "hi"})
_SIGNED = {**_F, "thoughtSignature": "skip_thought_signature_validator"}
_OPENAI_CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
_CHAT_CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
_CHAT_CALLS = {"role": "assistant", "content": None, "tool_calls": [_CHAT_CALL]}
_TEXT = {"type": "text", "text": "x"}
_OPEN = {"type": "object", "properties": {}}

# What is changed in the least body, and a word of the refusal.
BROKEN: dict[str, list[tuple[Mapping[str, Any], str]]] = {
    "anthropic": [
        ({"frequency_penalty": 1}, "frequency_penalty: Extra inputs are not permitted"),
        ({"max_tokens": None}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": 100_000}, "100000 > 64000"),
        ({"temperature": 1.5}, "range: 0..1"),
        ({"model": "claude-9"}, "model: claude-9"),
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "assistant", "content": "x"}, _user()]}, 'first message must use the "user" role'),
        ({"messages": [_user("")]}, "non-empty content"),
        ({"messages": [_said({"type": "text", "text": ""})]}, "text content blocks must be non-empty"),
        ({"messages": [_said({"type": "text", "text": " \n"})]}, "non-whitespace"),
        ({"messages": [_user(), {"role": "assistant", "content": "well "}]}, "trailing whitespace"),
        ({"messages": [_user(), _calls("a"), _user()]}, "without `tool_result` blocks immediately after: a"),
        ({"messages": [_user(), _calls("a", "b"), _results("a")]}, "immediately after: b"),
        ({"messages": [_user(), _calls("a"), _results("a", first=(_TEXT,))]}, "immediately after: a"),
        ({"messages": [_user(), _results("a")]}, "unexpected `tool_use_id`"),
        ({"messages": [_user(), _calls("a", "a"), _results("a")]}, "ids must be unique"),
        ({"messages": [_user(), _calls("a:1"), _results("a:1")]}, "String should match pattern"),
        ({"messages": [_said({"type": "tool_use", "id": "a", "name": "f", "input": {}})]}, "can not be in `user`"),
        (
            {"messages": [_user(), _said({**_calls("a")["content"][0], "input": "{}"}, role="assistant")]},
            "Input should be a valid dictionary",
        ),
        (
            {
                "messages": [
                    _said({"type": "image", "source": {"type": "base64", "media_type": "image/bmp", "data": PNG}})
                ]
            },
            "'image/jpeg' or 'image/png'",
        ),
        (
            {
                "messages": [
                    _user(),
                    _said({"type": "thinking", "thinking": "x", "signature": "mine"}, role="assistant"),
                ]
            },
            "Invalid `signature`",
        ),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "`max_tokens` must be greater"),
        ({"thinking": {"type": "enabled", "budget_tokens": 10}}, "greater than or equal to 1024"),
        ({"thinking": {"type": "adaptive"}}, "not supported for this model"),
        ({**THINKING, "temperature": 0.5}, "`temperature` may only be set to 1"),
        ({**THINKING, "messages": [_user(), _calls("a"), _results("a")]}, "Expected `thinking` or `redacted_thinking`"),
        ({"output_config": {"effort": "low"}}, "does not support the effort"),
        ({"output_config": {"format": {"type": "json_schema", "schema": _OPEN}}}, "'additionalProperties'"),
    ],
    "google": [
        ({"messages": []}, 'Unknown name "messages"'),
        ({"generationConfig": {"max_tokens": 1}}, 'Unknown name "max_tokens"'),
        ({"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 1}}}, "only one of"),
        ({"generationConfig": {"thinkingConfig": {"thinkingLevel": "MINIMAL"}}}, "MINIMAL is not supported"),
        ({"generationConfig": {"responseJsonSchema": {}}}, "mime type"),
        (
            {"generationConfig": {"responseMimeType": "application/json", "responseSchema": {"$ref": "#"}}},
            'Unknown name "$ref"',
        ),
        ({"contents": []}, "contents is not specified"),
        ({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}, "valid role: user, model"),
        ({"contents": [{"role": "user", "parts": []}]}, "parts must not be empty"),
        ({"contents": _contents(("user", {"text": ""}))}, "required oneof field 'data'"),
        ({"contents": _contents(("user", {"text": "x", "inlineData": {}}))}, "required oneof field 'data'"),
        ({"contents": _contents(_HI, ("model", _F), ("user", _R))}, "missing a thought_signature"),
        (
            {"contents": _contents(_HI, ("model", {**_F, "thoughtSignature": "bXk="}), ("user", _R))},
            "Corrupted thought signature",
        ),
        ({"contents": _contents(_HI, ("model", _SIGNED), _HI)}, "number of function response parts"),
        ({"contents": _contents(_HI, ("user", _R))}, "immediately after a function call turn"),
        ({"contents": _contents(_HI, ("model", {"text": "x"}), ("model", _SIGNED), ("user", _R))}, "after a user turn"),
        (
            {"contents": _contents(_HI, ("model", _SIGNED), ("user", {"functionResponse": {"response": {}}}))},
            "Name cannot be empty",
        ),
        (
            {
                "contents": _contents(
                    _HI, ("model", _SIGNED), ("user", {"functionResponse": {"name": "f", "response": 1}})
                )
            },
            "type.Struct",
        ),
        (
            {"contents": _contents(("user", {"inlineData": {"mimeType": "image/gif", "data": PNG}}))},
            "Unsupported MIME type: image/gif",
        ),
    ],
    "openai": [
        ({"messages": []}, "Unknown parameter: 'messages'"),
        ({"model": "gpt-9"}, "does not exist"),
        ({"max_output_tokens": 5}, "Expected a value >= 16"),
        ({"temperature": 0.5}, "'temperature' is not supported with this model"),
        ({"model": "gpt-4.1", "reasoning": {"effort": "low"}}, "'reasoning.effort' is not supported"),
        ({"input": [{"role": "user", "content": []}]}, "empty array"),
        ({"input": [_said({"type": "text", "text": "x"})]}, "Supported values are: 'input_file'"),
        ({"input": [_said({"type": "input_text", "text": "x"}, role="assistant")]}, "'output_text' and 'refusal'"),
        ({"input": [_user(), _OPENAI_CALL]}, "No tool output found for function call c"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}, "No tool call found"),
        ({"input": [{**_OPENAI_CALL, "call_id": "c" * 65}]}, "maximum length 64"),
        ({"input": [{**_OPENAI_CALL, "id": "toolu_1"}]}, "begins with 'fc'"),
        ({"input": [{**_OPENAI_CALL, "arguments": {}}]}, "arguments"),
        ({"input": [{"type": "reasoning", "id": "rs_1", "summary": []}]}, "not found"),
        (
            {"input": [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "mine"}]},
            "could not be verified",
        ),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "name": "f", "parameters": _OPEN}]}, "additionalProperties"),
        (
            {"text": {"format": {"type": "json_schema", "name": "a", "strict": True, "schema": _OPEN}}},
            "'additionalProperties' is required",
        ),
    ],
    "chat": [
        ({"thinking": {}}, "Unrecognized request argument supplied: thinking"),
        ({"messages": []}, "too short"),
        ({"max_tokens": 0}, "below minimum"),
        ({"max_tokens": 1, "max_completion_tokens": 1}, "at the same time"),
        ({"messages": [{"role": "model", "content": "x"}]}, "Supported values are"),
        ({"messages": [_user(), {"role": "assistant", "content": None}]}, "got null"),
        ({"messages": [_user(), {"role": "assistant", "content": "x", "tool_calls": []}]}, "too short"),
        ({"messages": [_user(), {"role": "assistant", "content": "x", "reasoning_details": []}]}, "unexpected"),
        ({"messages": [_user(), _CHAT_CALLS, _user()]}, "did not have response messages: c"),
        ({"messages": [{"role": "tool", "tool_call_id": "c", "content": "x"}]}, "preceeding message"),
        ({"messages": [_said({"type": "image", "source": {}})]}, "Supported values are: text"),
        ({"messages": [_said({"type": "image_url", "image_url": {"url": "data:image/bmp;base64,AA=="}})]}, "image"),
        ({"stream_options": {"include_usage": True}}, "only allowed when"),
    ],
    "openrouter": [
        ({"provider": {"prefer": "x"}}, "'prefer'"),
        ({"session_id": "x" * 257}, "at most 256"),
        ({"reasoning": {"level": "x"}}, "'level'"),
        (
            {
                "messages": [
                    {
                        "role": "assistant",
                        "content": "x",
                        "reasoning_details": [{"type": "reasoning.text", "text": "x", "signature": "mine"}],
                    }
                ]
            },
            "Invalid `signature`",
        ),
    ],
}


@pytest.mark.parametrize("name", KINDS)
def test_the_least_request_is_answered(name: str) -> None:
    """What breaks no rule gets its answer, whose usage is billed."""
    kind = KINDS[name]
    with kind.make(Plan(Think("hm"), Say("Hello."), Call("f"))) as vendor:
        status, body = _post(vendor, kind, kind.body)
        assert status == 200
        assert "Hello." in json.dumps(body)
        assert (len(vendor.bill.charges), vendor.bill.total > 0, vendor.refused) == (1, True, [])


@pytest.mark.parametrize(
    ("name", "change", "words"), [(name, *one) for name, broken in BROKEN.items() for one in broken], ids=str
)
def test_each_rule_refuses_what_breaks_it(name: str, change: Json, words: str) -> None:
    """A 400, or 404 for what is not there, which says what is wrong and costs nothing."""
    kind = KINDS[name]
    with kind.make() as vendor:
        status, body = _post(vendor, kind, {**kind.body, **change})
        assert status in {400, 404}
        assert words in body["error"]["message"]
        assert vendor.bill.charges == []
        assert len(vendor.refused) == 1


@pytest.mark.parametrize("name", KINDS)
def test_a_wrong_key_is_refused(name: str) -> None:
    """And a missing one."""
    kind = KINDS[name]
    with kind.make() as vendor:
        assert _post(vendor, kind, kind.body, key="wrong")[0] == (400 if name == "google" else 401)
        assert _post(vendor, kind, kind.body, drop=kind.header)[0] == (403 if name == "google" else 401)
        assert vendor.accepted == []


def test_the_version_has_to_be_named() -> None:
    """Anthropic wants it in a header."""
    with Anthropic() as vendor:
        status, body = _post(vendor, KINDS["anthropic"], KINDS["anthropic"].body, drop="anthropic-version")
        assert (status, body["type"]) == (400, "error")
        assert body["error"]["message"] == "anthropic-version: header is required"


@pytest.mark.parametrize("name", KINDS)
def test_the_bill_is_exact(name: str) -> None:
    """By the vendor's price, less for what was read from the cache; nothing for a refusal."""
    kind = KINDS[name]
    price = Price(Decimal(4), Decimal(40), Decimal("0.4"))
    long = json.loads(json.dumps(kind.body).replace("hi", "many words " * 40))
    with kind.make(Plan(fault=Refuse(429)), price=price, cache=Cache(smallest=16, step=8)) as vendor:
        assert _post(vendor, kind, long)[0] == 429
        assert vendor.bill.charges == []
        for _ in range(2):
            assert _post(vendor, kind, long)[0] == 200
        first, second = vendor.bill.charges
        assert first.usd == (4 * first.tokens.fresh + 40 * first.tokens.output) / Decimal(10**6)
        assert second.tokens.input == first.tokens.input
        read = 0 if name == "anthropic" else second.tokens.read  # it caches what is marked, and nothing else
        assert second.tokens.read == read
        assert second.usd == first.usd - read * Decimal("3.6") / 10**6
        assert bool(read) == (name != "anthropic")


@pytest.mark.parametrize("name", KINDS)
def test_an_answer_that_breaks_off_is_billed_as_far_as_it_came(name: str) -> None:
    """All of its input, and the pieces that were sent: less than the whole, more than nothing."""
    kind = KINDS[name]
    path = kind.path.replace(":generateContent", ":streamGenerateContent?alt=sse")
    body = kind.body if name == "google" else {**kind.body, "stream": True}
    bills = []
    for fault in (None, Break(2, "end"), Break(0, "end")):
        with kind.make(Plan(Say("Hello, these are words, é."), fault=fault)) as vendor:
            status, _ = _open(vendor, kind._replace(path=path), body)
            assert status == 200
            bills.append(vendor.bill.total)
    assert bills[0] > bills[1] > bills[2] > 0


def _cached(vendor: Vendor, method: str, path: str = "", body: Json | None = None) -> tuple[int, Json]:
    """Ask Gemini about its caches."""
    headers = {"content-type": "application/json", "x-goog-api-key": vendor.key}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{vendor.url}/v1beta/cachedContents{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_gemini_keeps_caches() -> None:
    """They are made, told, kept for longer and deleted; what is too small, odd or gone is refused."""
    held: Json = {
        "model": "models/gemini-2.5-pro",
        "contents": [{"role": "user", "parts": [{"text": "a long book " * 500}]}],
        "displayName": "mine",
        "ttl": "60s",
    }
    with Gemini() as vendor:
        strange: list[Json] = [{"color": "red"}, {"ttl": "1h"}, {"displayName": "x" * 129}, {"contents": []}]
        for odd in strange:
            assert _cached(vendor, "POST", "", held | odd)[0] == 400
        assert _cached(vendor, "POST", "", held | {"model": "models/none"})[0] == 404
        status, error = _cached(vendor, "POST", "", held | {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
        assert (status, "too small" in error["error"]["message"]) == (400, True)
        status, made = _cached(vendor, "POST", "", held)
        name = "/" + made["name"].partition("/")[2]
        assert (status, made["displayName"], made["usageMetadata"]["totalTokenCount"] > 1024) == (200, "mine", True)
        assert _cached(vendor, "GET", name) == (200, made)
        assert _cached(vendor, "GET") == (200, {"cachedContents": [made]})
        assert _cached(vendor, "PATCH", name, {"model": "m"})[0] == 400
        later = _cached(vendor, "PATCH", f"{name}?updateMask=ttl", {"ttl": "3600s"})[1]
        assert later["expireTime"] > made["expireTime"]
        assert _cached(vendor, "DELETE", name) == (200, {})
        for method in ("GET", "DELETE"):
            status, error = _cached(vendor, method, name)
            assert (status, error["error"]["status"]) == (403, "PERMISSION_DENIED")
        assert _cached(vendor, "GET") == (200, {})
        assert _cached(vendor, "PUT", name, {})[0] == 404
