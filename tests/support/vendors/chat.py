"""A server that speaks OpenAI's Chat Completions, as strict as the strictest of its kind.

Sources: openai 3.54 types/chat/*.py; https://platform.openai.com/docs/api-reference/chat; vLLM's
entrypoints/chat_utils.py, which parses the arguments of calls, and its reasoning_content.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from support.server import Recorded
from support.vendors.bill import Tokens, count
from support.vendors.chat_rules import TOP, check_request
from support.vendors.checks import Json, RefusedError
from support.vendors.plan import Call, Part, Plan, Say, Think, pieces
from support.vendors.responses import bearer, openai_error, openai_trouble
from support.vendors.vendor import Asked, Event, Vendor, stretched

_STOPS = {"max_tokens": "length", "refusal": "content_filter", "tool_use": "tool_calls", "window": "length"}


class Chat(Vendor):
    """A compatible server, which has any model. The base URL ends in `/v1`.

    Args:
        parses: whether it parses the arguments of calls in the history, as vLLM and llama.cpp do.
    """

    default_key = "sk-compatible-0123456789abcdefgh"
    prefix = "/v1"
    call_id = "call_"
    top = TOP

    def __init__(self, *plans: Plan, parses: bool = False, **options: Any) -> None:
        super().__init__(*plans, **options)
        self._parses = parses

    @property
    def url(self) -> str:
        """The base URL to configure."""
        return f"{super().url}{self.prefix}"

    def authenticate(self, request: Recorded) -> None:
        """Look for the key."""
        bearer(request, self.key, echo=self._echo)

    def route(self, request: Recorded, path: str, body: Json) -> Asked | Json:
        """Completions and the models."""
        match request.method, path.removeprefix(self.prefix):
            case "GET", "/models":
                return {"object": "list", "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "us"}]}
            case "POST", "/chat/completions":
                self.check(body)
                prompt = self.measure(body["model"], body.get("tools"), body["messages"])
                name = self.next_id(f"{'gen-' if self.prefix != '/v1' else 'chatcmpl-'}")
                return Asked(name, body["model"], body, prompt, body.get("stream") is True)
        raise RefusedError(f"Unknown request URL: {request.method} {path}", status=404)

    def check(self, body: Json) -> None:
        """Refuse what the API refuses."""
        check_request(body, self.top, parses=self._parses)

    def error(self, error: RefusedError) -> Any:
        """The body of a refusal."""
        return openai_error(error)

    def trouble(self, status: int) -> RefusedError:
        """The vendor's words for a status."""
        return openai_trouble(status)

    def failure(self, asked: Asked, spent: Tokens) -> bytes:
        """The server fails in the midst of its stream."""
        error = openai_trouble(500)
        error.message = self.spoken(error.message)
        return _sse(openai_error(error))

    def events(self, asked: Asked, plan: Plan) -> Iterator[Event]:
        """The chunks of a streamed completion."""
        spent = asked.prompt
        yield Event(self.chunk(asked, {"role": "assistant", "content": ""}), spent)
        for place, part in enumerate(plan.parts):
            calls = sum(isinstance(one, Call) for one in plan.parts[:place])
            for delta, text in self.deltas(part, calls):
                spent = stretched(spent, count(text), thought=isinstance(part, Think))
                yield Event(self.chunk(asked, delta), spent, piece=bool(text) or "tool_calls" in delta)
        yield from self.ending(asked, plan, spent)

    def ending(self, asked: Asked, plan: Plan, spent: Tokens) -> Iterator[Event]:
        """The reason it ended, the usage where that is wished for, and the end."""
        yield Event(self.chunk(asked, {}, finish=_STOPS.get(plan.stop, "stop")), spent)
        wished = plan.usage and (asked.body.get("stream_options") or {}).get("include_usage")
        if wished:
            yield Event(_sse({**_frame(asked), "choices": [], "usage": self.usage(asked, spent)}), spent, spent)
        yield Event(b"data: [DONE]\n\n", spent, spent if wished else None)

    def whole(self, asked: Asked, plan: Plan) -> tuple[Json, Tokens]:
        """The completion in one piece."""
        spent = asked.prompt
        message: dict[str, Any] = {"role": "assistant", "content": None}
        for part in plan.parts:
            for delta, text in self.deltas(part, len(message.get("tool_calls", ()))):
                spent = stretched(spent, count(text), thought=isinstance(part, Think))
                _grow(message, delta)
        choice = {"index": 0, "message": message, "finish_reason": _STOPS.get(plan.stop, "stop")}
        body = {**_frame(asked), "object": "chat.completion", "choices": [choice], "usage": self.usage(asked, spent)}
        return body, spent

    def deltas(self, part: Part, number: int) -> Iterator[tuple[Json, str]]:
        """The deltas of a part, each with the text that it brings; `number` is that of a call."""
        match part:
            case Say(text):
                yield from (({"content": piece}, piece) for piece in pieces(text))
            case Think(text):
                yield from (({"reasoning_content": piece}, piece) for piece in pieces(text))
            case Call(name, arguments):
                function = {"name": name, "arguments": ""}
                call = {"index": number, "id": self.next_id(self.call_id), "type": "function", "function": function}
                yield {"tool_calls": [call]}, ""
                for piece in pieces(arguments):
                    yield {"tool_calls": [{"index": number, "function": {"arguments": piece}}]}, piece

    def chunk(self, asked: Asked, delta: Json, *, finish: str | None = None) -> bytes:
        """One chunk of the stream."""
        return _sse({**_frame(asked), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    def usage(self, asked: Asked, tokens: Tokens) -> dict[str, Any]:
        """The usage object."""
        return {
            "prompt_tokens": tokens.input,
            "prompt_tokens_details": {"cached_tokens": tokens.read},
            "completion_tokens": tokens.output,
            "completion_tokens_details": {"reasoning_tokens": tokens.thought},
            "total_tokens": tokens.input + tokens.output,
        }


def _frame(asked: Asked) -> dict[str, Any]:
    common = {"id": asked.request_id, "object": "chat.completion.chunk", "created": 1_790_000_000}
    return {**common, "model": asked.model}


def _sse(body: Json) -> bytes:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


def _grow(message: dict[str, Any], delta: Json) -> None:
    for name in ("content", "reasoning_content", "reasoning"):
        if name in delta:
            message[name] = (message.get(name) or "") + delta[name]
    message.setdefault("reasoning_details", []).extend(delta.get("reasoning_details", ()))
    for call in delta.get("tool_calls", ()):
        calls = message.setdefault("tool_calls", [])
        if "id" in call:
            calls.append({name: value for name, value in call.items() if name != "index"})
        else:
            calls[-1]["function"]["arguments"] += call["function"]["arguments"]
