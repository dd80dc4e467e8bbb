"""OpenAI's Responses API, as strict as the real one.

Sources: openai 3.54 types/responses/*.py; https://platform.openai.com/docs/api-reference/responses,
/docs/guides/reasoning, /docs/guides/streaming-responses, /docs/guides/error-codes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from support.server import Recorded
from support.vendors.bill import Tokens, count
from support.vendors.checks import Json, RefusedError
from support.vendors.plan import Call, Part, Plan, Say, Think, pieces
from support.vendors.responses_rules import MODELS, check_request
from support.vendors.vendor import Asked, Event, Vendor, stretched

WORDS = {
    400: ("We could not parse the JSON body of your request.", "invalid_request"),
    429: ("Rate limit reached for requests", "rate_limit_exceeded"),
    500: ("The server had an error while processing your request. Sorry about that!", "server_error"),
    503: ("The engine is currently overloaded, please try again later", "server_error"),
}


def bearer(request: Recorded, key: str, *, echo: bool) -> None:
    """Look for OpenAI's kind of key."""
    given = request.headers.get("authorization", "")
    if not given.startswith("Bearer "):
        raise RefusedError("You didn't provide an API key.", status=401)
    if given != f"Bearer {key}":
        told = given[7:] if echo else given[7:10] + "***"
        words = f"Incorrect API key provided: {told}. You can find your API key at https://platform.openai.com."
        raise RefusedError(words, status=401, kind="invalid_api_key")


def openai_error(error: RefusedError) -> Json:
    """OpenAI's shape of an error."""
    kind = {401: "invalid_request_error", 429: "requests"}.get(error.status, "invalid_request_error")
    kind = "server_error" if error.status >= 500 else kind
    return {"error": {"message": error.message, "type": kind, "param": error.param, "code": error.kind or None}}


def openai_trouble(status: int) -> RefusedError:
    """OpenAI's words for a status."""
    words, code = WORDS.get(status, WORDS[500])
    return RefusedError(words, status=status, kind=code)


class Responses(Vendor):
    """OpenAI's Responses. The base URL ends in `/v1`."""

    default_key = "sk-proj-openai0123456789abcdefghij"

    @property
    def url(self) -> str:
        """The base URL to configure."""
        return f"{super().url}/v1"

    def authenticate(self, request: Recorded) -> None:
        """Look for the key."""
        bearer(request, self.key, echo=self._echo)

    def route(self, request: Recorded, path: str, body: Json) -> Asked | Json:
        """Responses, the count of their input, and the models."""
        match request.method, path:
            case "GET", "/v1/models":
                rows = [{"id": name, "object": "model", "created": 1, "owned_by": "openai"} for name in MODELS]
                return {"object": "list", "data": rows}
            case "POST", "/v1/responses/input_tokens":
                check_request(body, self.bound, counting=True)
                return {"object": "response.input_tokens", "input_tokens": count(json.dumps(body["input"]))}
            case "POST", "/v1/responses":
                check_request(body, self.bound)
                prompt = self.measure(body["model"], body.get("tools"), body.get("instructions"), body["input"])
                return Asked(self.next_id("resp_"), body["model"], body, prompt, body.get("stream") is True)
        raise RefusedError(f"Invalid URL ({request.method} {path})", status=404)

    def error(self, error: RefusedError) -> Any:
        """The body of a refusal."""
        return openai_error(error)

    def trouble(self, status: int) -> RefusedError:
        """The vendor's words for a status."""
        return openai_trouble(status)

    def failure(self, asked: Asked, spent: Tokens) -> bytes:
        """The response fails in the midst of its stream."""
        body = _response(asked, "failed", []) | {
            "error": {"code": "server_error", "message": self.spoken(WORDS[500][0])}
        }
        return _sse({"type": "response.failed", "response": body}, 9999)

    def headers(self, request_id: str) -> dict[str, str]:
        """The request's name, which its support asks for."""
        return {"x-request-id": f"req_{request_id[5:]}"} if request_id else {}

    def events(self, asked: Asked, plan: Plan) -> Iterator[Event]:
        """The events of a streamed response."""
        for number, (body, spent, told, piece) in enumerate(self._bodies(asked, plan)):
            yield Event(_sse(body, number), spent, told, piece=piece)

    def whole(self, asked: Asked, plan: Plan) -> tuple[Json, Tokens]:
        """The response in one piece."""
        body, spent, _, _ = [*self._bodies(asked, plan)][-1]
        return body["response"], spent

    def _bodies(self, asked: Asked, plan: Plan) -> Iterator[tuple[Json, Tokens, Tokens | None, bool]]:
        spent, output = asked.prompt, []
        for kind in ("created", "in_progress"):
            yield {"type": f"response.{kind}", "response": _response(asked, "in_progress", [])}, spent, None, False
        reasoned: str | None = None
        for index, part in enumerate(plan.parts):
            item = self._item(part, asked, reasoned)
            reasoned = item["id"] if item["type"] == "reasoning" else None
            hollow = {name: value for name, value in item.items() if name != "encrypted_content"}
            hollow |= {"reasoning": {"summary": []}, "message": {"content": []}}.get(item["type"], {"arguments": ""})
            begun = {"type": "response.output_item.added", "output_index": index, "item": hollow}
            yield begun, spent, None, isinstance(part, Call)
            for body, text in _deltas(part, item, index, hidden=isinstance(part, Think) and part.hidden):
                spent = stretched(spent, count(text), thought=isinstance(part, Think))
                yield body, spent, None, bool(text)
            output.append(item)
            yield {"type": "response.output_item.done", "output_index": index, "item": item}, spent, None, False
        yield _ending(asked, plan, output, spent), spent, spent if plan.usage else None, False

    def _item(self, part: Part, asked: Asked, reasoned: str | None) -> dict[str, Any]:
        match part:
            case Say(text):
                content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]
                message = {"id": self.next_id("msg_"), "type": "message", "role": "assistant"}
                self.bound[message["id"]] = reasoned
                return message | {"status": "completed", "content": content}
            case Think(text, hidden):
                summary = [] if hidden or not _summarised(asked) else [{"type": "summary_text", "text": text}]
                item: dict[str, Any] = {"id": self.next_id("rs_"), "type": "reasoning", "summary": summary}
                if "reasoning.encrypted_content" in (asked.body.get("include") or ()):
                    item["encrypted_content"] = self.sign()
                    self.bound[item["encrypted_content"]] = item
                return item
            case Call(name, arguments):
                call = {"id": self.next_id("fc_"), "type": "function_call", "call_id": self.next_id("call_")}
                self.bound[call["id"]] = reasoned
                return call | {"name": name, "arguments": arguments, "status": "completed"}


def _summarised(asked: Asked) -> bool:
    return bool((asked.body.get("reasoning") or {}).get("summary"))


def _deltas(part: Part, item: Json, index: int, *, hidden: bool) -> Iterator[tuple[Json, str]]:
    at = {"item_id": item["id"], "output_index": index}
    match part:
        case Say(text):
            place, kind = {**at, "content_index": 0}, "response.output_text"
            begun = {"type": "output_text", "text": "", "annotations": []}
            yield {"type": "response.content_part.added", **place, "part": begun}, ""
            for piece in pieces(text):
                yield {"type": f"{kind}.delta", **place, "delta": piece, "logprobs": []}, piece
            yield {"type": f"{kind}.done", **place, "text": text, "logprobs": []}, ""
            yield {"type": "response.content_part.done", **place, "part": item["content"][0]}, ""
        case Think(text) if item["summary"] and not hidden:
            place, kind = {**at, "summary_index": 0}, "response.reasoning_summary"
            yield {"type": f"{kind}_part.added", **place, "part": {"type": "summary_text", "text": ""}}, ""
            for piece in pieces(text):
                yield {"type": f"{kind}_text.delta", **place, "delta": piece}, piece
            yield {"type": f"{kind}_text.done", **place, "text": text}, ""
            yield {"type": f"{kind}_part.done", **place, "part": item["summary"][0]}, ""
        case Call(_, arguments):
            kind = "response.function_call_arguments"
            for piece in pieces(arguments):
                yield {"type": f"{kind}.delta", **at, "delta": piece}, piece
            yield {"type": f"{kind}.done", **at, "name": item["name"], "arguments": arguments}, ""


def _ending(asked: Asked, plan: Plan, output: list[Any], spent: Tokens) -> Json:
    reason = {"max_tokens": "max_output_tokens", "window": "max_output_tokens", "refusal": "content_filter"}
    status = "incomplete" if plan.stop in reason else "completed"
    body = _response(asked, status, output)
    if status == "incomplete":
        body["incomplete_details"] = {"reason": reason[plan.stop]}
    body["usage"] = _usage(spent) if plan.usage else None
    return {"type": f"response.{status}", "response": body}


def _response(asked: Asked, status: str, output: list[Any]) -> dict[str, Any]:
    return {
        "id": asked.request_id,
        "object": "response",
        "created_at": 1_790_000_000,
        "status": status,
        "model": asked.model,
        "output": output,
        "error": None,
        "incomplete_details": None,
        "service_tier": "default",
        "usage": None,
    }


def _usage(tokens: Tokens) -> dict[str, Any]:
    return {
        "input_tokens": tokens.input,
        "input_tokens_details": {
            "cached_tokens": tokens.read,
            "cache_write_tokens": tokens.written + tokens.written_long,
            "cache_write_tokens_details": {"ttl_30m_tokens": tokens.written, "ttl_12h_tokens": tokens.written_long},
        },
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.thought},
        "total_tokens": tokens.input + tokens.output,
    }


def _sse(body: Json, number: int) -> bytes:
    data = json.dumps({**body, "sequence_number": number}, ensure_ascii=False)
    return f"event: {body['type']}\ndata: {data}\n\n".encode()
