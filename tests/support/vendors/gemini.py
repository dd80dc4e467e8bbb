"""Google's Gemini API, as strict as the real one, and stricter: it takes names of fields in camel case alone.

Sources: google-genai 3.4 types.py and models.py; https://ai.google.dev/api/generate-content, /gemini-api/docs/thinking,
/gemini-api/docs/thought-signatures, /gemini-api/docs/troubleshooting.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from support.server import Recorded
from support.vendors.bill import Tokens, count
from support.vendors.checks import Json, RefusedError
from support.vendors.gemini_caches import Caches
from support.vendors.gemini_rules import MODELS, check_request
from support.vendors.plan import Call, Part, Plan, Say, Think, pieces
from support.vendors.vendor import Asked, Event, Vendor, stretched

_STATUSES = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_WORDS = {
    429: "You exceeded your current quota, please check your plan and billing details.",
    503: "The model is overloaded. Please try again later.",
}
_STOPS = {"max_tokens": "MAX_TOKENS", "refusal": "SAFETY"}
_CACHE = re.compile(r"/v1beta/cachedContents(?:/(\w+))?")
_MODEL = re.compile(r"/v1beta/models/([^/:]+)(?::(\w+))?")


class Gemini(Vendor):
    """Gemini. The base URL has no version."""

    default_key = "AIzaSyGoogle0123456789abcdefghijklmnopq"

    def __init__(self, *plans: Plan, **options: Any) -> None:
        super().__init__(*plans, **options)
        self.caches = Caches()

    def authenticate(self, request: Recorded) -> None:
        """Look for the key; one in an address is refused here, for it ends in logs."""
        if "key=" in request.path.partition("?")[2]:
            raise RefusedError("a key does not belong into an address", status=403)
        key = request.headers.get("x-goog-api-key")
        if not key:
            words = "Method doesn't allow unregistered callers (callers without established identity)."
            raise RefusedError(words, status=403)
        if key != self.key:
            words = "API key not valid. Please pass a valid API key."
            raise RefusedError(self.spoken(words), kind="API_KEY_INVALID")

    def route(self, request: Recorded, path: str, body: Json) -> Asked | Json:
        """The methods of a model, the models, and the caches."""
        if found := _CACHE.fullmatch(path):
            return self._cached(request, found[1], body)
        if request.method == "GET" and path == "/v1beta/models":
            return {"models": [_model(name) for name in MODELS]}
        if not (found := _MODEL.fullmatch(path)) or found[1] not in MODELS:
            name = path.rpartition("/")[2].partition(":")[0]
            raise RefusedError(f"models/{name} is not found for API version v1beta", status=404)
        match request.method, found[2]:
            case "GET", None:
                return _model(found[1])
            case "POST", "countTokens":
                asked = body.get("generateContentRequest", body)
                check_request(asked, found[1], self.bound)
                return {"totalTokens": count(json.dumps(asked["contents"]))}
            case "POST", "generateContent" | "streamGenerateContent":
                check_request(body, found[1], self.bound)
                return self._ask(request, found[1], body)
        raise RefusedError("Not Found", status=404)

    def _cached(self, request: Recorded, name: str | None, body: Json) -> Json:
        query = dict(parse_qsl(urlsplit(request.path).query))
        match request.method, name:
            case "POST", None:
                model = str(body.get("model")).removeprefix("models/")
                if model not in MODELS:
                    raise RefusedError(f"models/{model} is not found for API version v1beta", status=404)
                held = {one: body[one] for one in ("systemInstruction", "tools", "contents") if one in body}
                return self.caches.create(self.next_id("cachedContents/c"), body, count(json.dumps(held)))
            case "GET", None:
                return self.caches.listing(query.get("pageToken", ""), int(query.get("pageSize", 50)))
            case "GET", str():
                return self.caches.told(self.caches.find(f"cachedContents/{name}"))
            case "PATCH", str():
                return self.caches.extend(f"cachedContents/{name}", body)
            case "DELETE", str():
                return self.caches.delete(f"cachedContents/{name}")
        raise RefusedError("Not Found", status=404)

    def _ask(self, request: Recorded, model: str, body: Json) -> Asked:
        streamed = ":stream" in request.path
        if streamed and not request.path.endswith("?alt=sse"):
            raise RefusedError("a stream is asked for without alt=sse")
        prompt = self.measure(model, body.get("tools"), body.get("systemInstruction"), body["contents"])
        return Asked(self.next_id("resp"), model, body, prompt, streamed)

    def error(self, error: RefusedError) -> Any:
        """The body of a refusal."""
        details: list[Json] = []
        if error.kind:
            details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": error.kind}]
        if error.status == 429:
            details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0s"}]
        status = _STATUSES.get(error.status, "UNKNOWN")
        return {"error": {"code": error.status, "message": error.message, "status": status, "details": details}}

    def trouble(self, status: int) -> RefusedError:
        """The vendor's words for a status."""
        return RefusedError(_WORDS.get(status, "An internal error has occurred."), status=status)

    def failure(self, asked: Asked, spent: Tokens) -> bytes:
        """An overload in the midst of an answer."""
        return _sse(self.error(RefusedError(self.spoken(_WORDS[503]), status=503)))

    def events(self, asked: Asked, plan: Plan) -> Iterator[Event]:
        """The chunks of a streamed answer; each tells the usage so far."""
        spent = asked.prompt
        for part in plan.parts:
            for piece, text in self._pieces(part, asked):
                spent = stretched(spent, count(text), thought=isinstance(part, Think))
                yield self._event(asked, plan, [piece], spent)
        yield self._event(asked, plan, self._closing(plan), spent, ends=True)

    def whole(self, asked: Asked, plan: Plan) -> tuple[Json, Tokens]:
        """The answer in one piece."""
        spent, parts = asked.prompt, []
        for part in plan.parts:
            for piece, text in self._pieces(part, asked):
                spent = stretched(spent, count(text), thought=isinstance(part, Think))
                parts.append(piece)
        return self._chunk(asked, plan, [*parts, *self._closing(plan)], spent, ends=True), spent

    def _pieces(self, part: Part, asked: Asked) -> list[tuple[Json, str]]:
        match part:
            case Say(text):
                return [({"text": piece}, piece) for piece in pieces(text)]
            case Think(text, hidden):
                config = asked.body.get("generationConfig", {}).get("thinkingConfig", {})
                if hidden or not config.get("includeThoughts"):
                    return []
                return [({"text": piece, "thought": True}, piece) for piece in pieces(text)]
            case Call(name, arguments):
                call = {"name": name, "args": json.loads(arguments)}
                return [({"functionCall": call} | self._signature(part, asked, call), arguments)]

    def _signature(self, part: Call, asked: Asked, call: Json) -> dict[str, str]:
        """That of the first call of an answer; those beside it have none."""
        if asked.request_id in self.bound:
            return {}
        del part
        signature = self.sign()
        self.bound |= {signature: {"functionCall": call}, asked.request_id: None}
        return {"thoughtSignature": signature}

    def _closing(self, plan: Plan) -> Sequence[Json]:
        """A signature of the whole, in an empty text at the end, where the model thought and called nothing."""
        thought = any(isinstance(part, Think) for part in plan.parts)
        if not thought or any(isinstance(part, Call) for part in plan.parts):
            return []
        signature = self.sign()
        self.bound[signature] = {"text": ""}
        return [{"text": "", "thoughtSignature": signature}]

    def _event(self, asked: Asked, plan: Plan, parts: Sequence[Json], spent: Tokens, *, ends: bool = False) -> Event:
        body = self._chunk(asked, plan, parts, spent, ends=ends)
        return Event(_sse(body), spent, spent if plan.usage else None, piece=not ends)

    def _chunk(self, asked: Asked, plan: Plan, parts: Sequence[Json], spent: Tokens, *, ends: bool) -> dict[str, Any]:
        candidate: dict[str, Any] = {"index": 0, "content": {"parts": [*parts], "role": "model"}}
        if not parts:
            candidate["content"] = {"parts": [{"text": ""}], "role": "model"}
        if ends:
            candidate["finishReason"] = _STOPS.get(plan.stop, "STOP")
        body: dict[str, Any] = {"candidates": [candidate]}
        if plan.usage:
            body["usageMetadata"] = _usage(spent)
        return body | {"modelVersion": asked.model, "responseId": asked.request_id}


def _sse(body: Json) -> bytes:
    return f"data: {json.dumps(body, ensure_ascii=False)}\r\n\r\n".encode("utf-8", "backslashreplace")


def _usage(tokens: Tokens) -> dict[str, Any]:
    said = replace(tokens, output=tokens.output - tokens.thought).output
    usage = {
        "promptTokenCount": tokens.input,
        "candidatesTokenCount": said,
        "totalTokenCount": tokens.input + tokens.output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens.input}],
        "cachedContentTokenCount": tokens.read,
        "thoughtsTokenCount": tokens.thought,
    }
    return {name: value for name, value in usage.items() if value}


def _model(name: str) -> dict[str, Any]:
    methods = ["generateContent", "countTokens"]
    limits = {"inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536}
    return {"name": f"models/{name}", "displayName": name, **limits, "supportedGenerationMethods": methods}
