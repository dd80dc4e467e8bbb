"""OpenRouter, as strict as the real one and the providers behind it.

Sources: openrouter 1.3 components/chatrequest.py, chatusage.py, reasoningdetail*.py, providerpreferences.py,
generationresponse.py, operations/getcurrentkey.py; https://openrouter.ai/docs/use-cases/reasoning-tokens,
/docs/api-reference/errors, /docs/api-reference/streaming.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.server import Recorded
from support.vendors.bill import Charge, Tokens
from support.vendors.chat import Chat
from support.vendors.chat_rules import check_request
from support.vendors.checks import Json, RefusedError, check, names, stranger
from support.vendors.plan import Part, Plan, Think, pieces
from support.vendors.vendor import Asked, Event

_TOP = names(
    "cache_control debug frequency_penalty image_config logit_bias logprobs max_completion_tokens max_tokens messages "
    "metadata min_p modalities model models parallel_tool_calls plugins prediction presence_penalty prompt_cache_key "
    "prompt_cache_options provider reasoning reasoning_effort repetition_penalty response_format seed service_tier "
    "session_id stop stop_server_tools_when stream stream_options temperature tool_choice tools top_a top_k "
    "top_logprobs top_p trace usage user"
)
_PREFERENCES = names(
    "allow_fallbacks data_collection enforce_distillable_text ignore max_price only options order "
    "preferred_max_latency preferred_min_throughput quantizations require_parameters sort zdr"
)
_PARTS = {
    "text": "text", "image_url": "image_url", "file": "file", "input_audio": "input_audio", "video_url": "video_url"
}  # fmt: skip
_KINDS = {
    400: "invalid_request",
    401: "authentication",
    404: "not_found",
    429: "rate_limit_exceeded",
    502: "provider_unavailable",
    503: "provider_overloaded",
}
_LONGEST_SESSION = 256


class OpenRouter(Chat):
    """OpenRouter, with models of Anthropic's behind it. The base URL ends in `/api/v1`.

    Args:
        late: how often `/generation` does not know an answer yet.
    """

    default_key = "sk-or-v1-openrouter0123456789abcdef"
    prefix = "/api/v1"
    call_id = "functions.tool:"  # Moonshot's ids, which are passed through, have such characters
    top = _TOP
    fails_with_usage = True

    def __init__(self, *plans: Plan, late: int = 0, **options: Any) -> None:
        super().__init__(*plans, **options)
        self.late = late
        self._blocks = 0  # of reasoning in this answer

    def route(self, request: Recorded, path: str, body: Json) -> Asked | Json:
        """What Chat Completions have, and the account."""
        match request.method, path.removeprefix(self.prefix):
            case "GET", "/models":
                return {"data": [self._model("anthropic/claude-sonnet-4.5")]}
            case "GET", "/key":
                used = float(self.bill.total)
                limits = {"limit": 10.0, "limit_remaining": 10 - used, "limit_reset": None}
                return {"data": {"label": "sk-or-v1-…", "usage": used, "usage_daily": used, **limits}}
            case "GET", "/credits":
                return {"data": {"total_credits": 20.0, "total_usage": float(self.bill.total)}}
            case "GET", "/generation":
                return {"data": self._generation(parse_qs(urlsplit(request.path).query).get("id", [""])[0])}
        return super().route(request, path, body)

    def check(self, body: Json) -> None:
        """Refuse what the API refuses."""
        self._blocks = 0
        check_request(body, _TOP, _PARTS, more=("reasoning", "reasoning_details", "images", "audio", "model"))
        preferences = body.get("provider") or {}
        if odd := stranger(preferences, _PREFERENCES):
            raise RefusedError(f"Unrecognized key(s) in object: '{odd}' - provider")
        check(len(body.get("session_id") or "") <= _LONGEST_SESSION, "session_id: Too long: at most 256 characters")
        known = {"effort", "max_tokens", "exclude", "enabled", "summary", "context", "mode"}
        if odd := stranger(body.get("reasoning") or {}, known):
            raise RefusedError(f"Unrecognized key(s) in object: '{odd}' - reasoning")
        for number, message in enumerate(body["messages"]):
            self._check_details(message.get("reasoning_details") or (), number)

    def _check_details(self, details: Any, number: int) -> None:
        for detail in details:
            where = f"messages.{number}.reasoning_details"
            kind = detail.get("type")
            known = {"reasoning.text", "reasoning.summary", "reasoning.encrypted"}
            check(kind in known, f"{where}: Invalid discriminator value")
            sealed = detail.get("data") if kind == "reasoning.encrypted" else detail.get("signature")
            if kind != "reasoning.summary":
                check(sealed in self.bound, f"{where}: Invalid `signature` in `thinking` block")
                check(self.bound[sealed] == detail, f"{where}: `thinking` blocks cannot be modified.")

    def headers(self, request_id: str) -> dict[str, str]:
        """The answer's name."""
        return {"X-Generation-Id": request_id} if request_id else {}

    def error(self, error: RefusedError) -> Any:
        """The body of a refusal."""
        metadata = {"error_type": _KINDS.get(error.status, "server")}
        return {"error": {"code": error.status, "message": error.message, "metadata": metadata}, "user_id": "user_1"}

    def trouble(self, status: int) -> RefusedError:
        """The vendor's words for a status."""
        return RefusedError("Provider returned error", status=status)

    def failure(self, asked: Asked, spent: Tokens) -> bytes:
        """The provider behind it fails in the midst of the stream."""
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error", "native_finish_reason": "error"}
        raw = {"error_type": "provider_unavailable", "provider_name": "Anthropic", "raw": self.spoken("overloaded")}
        error = {"code": 502, "message": self.spoken("Provider disconnected"), "metadata": raw}
        usage = self.usage(asked, spent)
        body = {"id": asked.request_id, "object": "chat.completion.chunk", "created": 1, "model": asked.model}
        body |= {"usage": usage}
        return (
            f"data: {json.dumps({**body, 'provider': 'Anthropic', 'error': error, 'choices': [choice]})}\n\n".encode()
        )

    def events(self, asked: Asked, plan: Plan) -> Iterator[Event]:
        """The chunks of a streamed completion, after signs of life."""
        yield Event(b": OPENROUTER PROCESSING\n\n" * 2, asked.prompt)
        yield from super().events(asked, plan)

    def ending(self, asked: Asked, plan: Plan, spent: Tokens) -> Iterator[Event]:
        """As Chat Completions end, but that usage is always told."""
        body = {**asked.body, "stream_options": {"include_usage": True}}
        yield from super().ending(Asked(asked.request_id, asked.model, body, asked.prompt), plan, spent)

    def deltas(self, part: Part, number: int) -> Iterator[tuple[Json, str]]:
        """As Chat Completions, but for reasoning: in details, of which the last piece signs them."""
        if not isinstance(part, Think):
            yield from super().deltas(part, number)
            return
        signature = self.sign()
        common = {"format": "anthropic-claude-v1", "index": self._blocks}
        self._blocks += 1
        if part.hidden:
            detail = {"type": "reasoning.encrypted", "data": signature, **common}
            self.bound[signature] = detail
            yield {"reasoning_details": [detail]}, ""
            return
        self.bound[signature] = {"type": "reasoning.text", "text": part.text, "signature": signature, **common}
        for piece in pieces(part.text):
            yield (
                {"reasoning": piece, "reasoning_details": [{"type": "reasoning.text", "text": piece, **common}]},
                piece,
            )
        yield {"reasoning_details": [{"type": "reasoning.text", "signature": signature, **common}]}, ""

    def usage(self, asked: Asked, tokens: Tokens) -> dict[str, Any]:
        """The usage object, with what is charged."""
        cost = float(self.cost(asked.model, tokens))
        halves = {"upstream_inference_prompt_cost": cost, "upstream_inference_completions_cost": 0}
        details = {"cached_tokens": tokens.read, "cache_write_tokens": tokens.written, "audio_tokens": 0}
        return {
            **super().usage(asked, tokens),
            "prompt_tokens_details": details,
            "cost": cost,
            "is_byok": False,
            "cost_details": {"upstream_inference_cost": None, **halves},
        }

    def _generation(self, name: str) -> Json:
        found = next((charge for charge in self.bill.charges if charge.request_id == name), None)
        if found is None or self.late > 0:
            self.late -= 1
            raise RefusedError(f"Generation {name} not found", status=404)
        return _told(found)

    def _model(self, name: str) -> Json:
        prices = {part: str(self.cost(name, tokens)) for part, tokens in _ONE.items()}
        window = {
            "context_length": 200_000,
            "top_provider": {"context_length": 200_000, "max_completion_tokens": 64_000},
        }
        return {"id": name, "name": name, "created": 1, "pricing": prices, **window}


_ONE = {"prompt": Tokens(fresh=1), "completion": Tokens(output=1), "input_cache_read": Tokens(read=1)}


def _told(charge: Charge) -> Json:
    tokens = charge.tokens
    return {
        "id": charge.request_id,
        "total_cost": float(charge.usd),
        "usage": float(charge.usd),
        "is_byok": False,
        "cancelled": charge.told is None,
        "streamed": True,
        "provider_name": "Anthropic",
        "native_tokens_prompt": tokens.input,
        "native_tokens_completion": tokens.output,
        "native_tokens_reasoning": tokens.thought,
        "native_tokens_cached": tokens.read,
        "tokens_prompt": tokens.input,
        "tokens_completion": tokens.output,
        "cache_discount": None,
        "upstream_inference_cost": 0,
    }
