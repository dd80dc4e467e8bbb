"""Anthropic's Messages API, as strict as the real one.

Sources: anthropic 2.12 types/*.py and resources/messages; https://platform.claude.com/docs/en/api/messages,
/api/errors, /build-with-claude/streaming, /build-with-claude/extended-thinking.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from support.server import Recorded
from support.vendors.anthropic_rules import MODELS, check_request
from support.vendors.bill import Tokens, count
from support.vendors.checks import Json, RefusedError
from support.vendors.plan import Call, Part, Plan, Say, Think, pieces
from support.vendors.vendor import Asked, Event, Vendor, stretched

_VERSIONS = frozenset({"2023-06-01", "2026-10-21"})
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
_WORDS = {
    429: "This request would exceed the rate limit for your organization",
    500: "Internal server error",
    529: "Overloaded",
}
_STOPS = {"window": "model_context_window_exceeded"}


class Anthropic(Vendor):
    """Anthropic. The base URL has no version."""

    default_key = "sk-ant-api03-anthropic-0123456789abcdef"

    def authenticate(self, request: Recorded) -> None:
        """Look for the key and the version of the API."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        key = request.headers.get("x-api-key") or bearer
        if not key:
            raise RefusedError("x-api-key header is required", status=401)
        if key != self.key:
            raise RefusedError(self.spoken("invalid x-api-key"), status=401)
        version = request.headers.get("anthropic-version")
        if version is None:
            raise RefusedError("anthropic-version: header is required")
        if version not in _VERSIONS:
            raise RefusedError(f'"{version}" is not a valid version')

    def route(self, request: Recorded, path: str, body: Json) -> Asked | Json:
        """Messages, their count, and the models."""
        match request.method, path:
            case "GET", "/v1/models":
                rows = [_model(name, facts.max_tokens) for name, facts in MODELS.items()]
                return {"data": rows, "has_more": False, "first_id": rows[0]["id"], "last_id": rows[-1]["id"]}
            case "POST", "/v1/messages/count_tokens":
                check_request(body, self.bound, counting=True)
                return {"input_tokens": count(json.dumps([body.get("system"), body.get("tools"), body["messages"]]))}
            case "POST", "/v1/messages":
                check_request(body, self.bound)
                prompt = self._measure(body)
                return Asked(self.next_id("msg_"), body["model"], body, prompt, body.get("stream") is True)
        raise RefusedError("Not Found", status=404)

    def headers(self, request_id: str) -> dict[str, str]:
        """The request's name, which its support asks for."""
        return {"request-id": f"req_{request_id[4:]}"} if request_id else {}

    def error(self, error: RefusedError) -> Any:
        """The body of a refusal."""
        kind = error.kind or _KINDS.get(error.status, "api_error")
        inner = {"type": kind, "message": error.message}
        return {"type": "error", "error": inner, "request_id": self.next_id("req_")}

    def trouble(self, status: int) -> RefusedError:
        """The vendor's words for a status."""
        return RefusedError(_WORDS.get(status, "Internal server error"), status=status)

    def failure(self, asked: Asked, spent: Tokens) -> bytes:
        """An overload in the midst of an answer."""
        return _sse({"type": "error", "error": {"type": "overloaded_error", "message": self.spoken("Overloaded")}})

    def events(self, asked: Asked, plan: Plan) -> Iterator[Event]:
        """The events of a streamed message."""
        spent = stretched(asked.prompt, 1)
        told = spent if plan.usage else None
        opening = _message(asked, [], None, _usage(spent) if plan.usage else {})
        yield Event(_sse({"type": "message_start", "message": opening}), spent, told)
        yield Event(_sse({"type": "ping"}), spent, told)
        for index, part in enumerate(plan.parts):
            begun, deltas = self._block(part, asked)
            yield Event(
                _sse({"type": "content_block_start", "index": index, "content_block": begun}),
                spent,
                told,
                piece=isinstance(part, Call) or begun["type"] == "redacted_thinking",
            )
            for delta, text in deltas:
                spent = stretched(spent, count(text), thought=isinstance(part, Think))
                body = {"type": "content_block_delta", "index": index, "delta": delta}
                yield Event(_sse(body), spent, told, piece=bool(text))
            yield Event(_sse({"type": "content_block_stop", "index": index}), spent, told)
        yield self._end(plan, spent, told)
        yield Event(_sse({"type": "message_stop"}), spent, spent if plan.usage else told)

    def whole(self, asked: Asked, plan: Plan) -> tuple[Json, Tokens]:
        """The message in one piece."""
        spent, blocks = stretched(asked.prompt, 1), []
        for part in plan.parts:
            block, deltas = self._block(part, asked)
            for delta, text in deltas:
                spent = stretched(spent, count(text), thought=isinstance(part, Think))
                _apply(block, delta)
            if isinstance(part, Call):
                block["input"] = json.loads(part.arguments)
            blocks.append(block)
        return _message(asked, blocks, _STOPS.get(plan.stop, plan.stop), _usage(spent)), spent

    def _end(self, plan: Plan, spent: Tokens, told: Tokens | None) -> Event:
        stop = _STOPS.get(plan.stop, plan.stop)
        details = {"type": "refusal", "category": "cyber", "explanation": "no"} if stop == "refusal" else None
        sequence = "END" if stop == "stop_sequence" else None
        delta = {"stop_reason": stop, "stop_sequence": sequence, "stop_details": details}
        usage = _usage(spent) if plan.usage else {}
        usage.pop("cache_creation", None)  # only the beginning of a stream splits the writes
        ending = spent if plan.usage else told
        return Event(_sse({"type": "message_delta", "delta": delta, "usage": usage}), spent, ending)

    def _block(self, part: Part, asked: Asked) -> tuple[dict[str, Any], list[tuple[dict[str, Any], str]]]:
        """A block as it begins, and its deltas with the text that each brings."""
        match part:
            case Say(text):
                deltas = [({"type": "text_delta", "text": piece}, piece) for piece in pieces(text)]
                return {"type": "text", "text": ""}, deltas
            case Think(text, hidden=True):
                data = self.sign()
                self.bound[data] = None
                return {"type": "redacted_thinking", "data": data}, []
            case Think(text):
                signature = self.sign()
                shown = "" if (asked.body.get("thinking") or {}).get("display") == "omitted" else text
                self.bound[signature] = shown
                deltas = [({"type": "thinking_delta", "thinking": piece}, piece) for piece in pieces(shown) if piece]
                deltas.append(({"type": "signature_delta", "signature": signature}, ""))
                return {"type": "thinking", "thinking": "", "signature": ""}, deltas
            case Call(name, arguments):
                block = {"type": "tool_use", "id": self.next_id("toolu_01"), "name": name, "input": {}}
                return block, [({"type": "input_json_delta", "partial_json": one}, one) for one in pieces(arguments)]

    def _measure(self, body: Json) -> Tokens:
        """Count the prompt; only what stands before a mark is cached."""
        parts = (body.get("tools"), body.get("system"), body["messages"])
        if "cache_control" in json.dumps(body):
            return self.measure(body["model"], *parts)
        return Tokens(fresh=sum(count(json.dumps(part, ensure_ascii=False)) for part in parts if part))


def _sse(event: Mapping[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def _message(asked: Asked, blocks: list[Any], stop: str | None, usage: Json) -> dict[str, Any]:
    return {
        "id": asked.request_id,
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": blocks,
        "stop_reason": stop,
        "stop_sequence": None,
        "stop_details": None,
        "usage": usage,
    }


def _usage(tokens: Tokens) -> dict[str, Any]:
    return {
        "input_tokens": tokens.fresh,
        "cache_creation_input_tokens": tokens.written + tokens.written_long,
        "cache_read_input_tokens": tokens.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": tokens.written,
            "ephemeral_1h_input_tokens": tokens.written_long,
        },
        "output_tokens": tokens.output,
        "output_tokens_details": {"thinking_tokens": tokens.thought},
        "service_tier": "standard",
        "inference_geo": "not_available",
    }


def _apply(block: dict[str, Any], delta: Json) -> None:
    for name in ("text", "thinking", "signature"):
        if name in delta:
            block[name] += delta[name]


def _model(name: str, max_tokens: int) -> dict[str, Any]:
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": 200_000,
        "max_tokens": max_tokens,
    }
