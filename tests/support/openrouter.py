"""Answers as OpenRouter streams them, for `support.server`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from support.server import Step, sse, stream

ID = "gen-1790000000-x"
PROCESSING = b": OPENROUTER PROCESSING\n\n"
USAGE: dict[str, Any] = {
    "prompt_tokens": 49200,
    "completion_tokens": 1500,
    "total_tokens": 50700,
    "cost": 0.0414,
    "is_byok": False,
    "cost_details": {
        "upstream_inference_cost": 0.0414,
        "upstream_inference_prompt_cost": 0.0264,
        "upstream_inference_completions_cost": 0.015,
    },
    "prompt_tokens_details": {"cached_tokens": 40000, "cache_write_tokens": 8000},
    "completion_tokens_details": {"reasoning_tokens": 700},
}


def event(
    delta: Mapping[str, Any] | None = None,
    *,
    finish: str | None = None,
    model: str = "anthropic/claude-sonnet-5.5",
    **more: Any,
) -> dict[str, Any]:
    """One chunk of a streamed answer: a delta, and at the end the reason it finished."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish, "native_finish_reason": finish}
    common = {"id": ID, "object": "chat.completion.chunk", "created": 1790000000, "model": model}
    return {**common, "provider": "Anthropic", "choices": [choice], **more}


def events(*texts: str, usage: Mapping[str, Any] | None = USAGE, finish: str = "stop") -> list[dict[str, Any]]:
    """The chunks of an answer in these pieces of text, usage with the last."""
    chunks = [event({"role": "assistant", "content": text}) for text in texts]
    chunks.append(event({"role": "assistant", "content": ""}, finish=finish))
    return chunks if usage is None else [*chunks, event({"role": "assistant", "content": ""}, usage=usage)]


def completion(*texts: str, usage: Mapping[str, Any] | None = USAGE, finish: str = "stop") -> list[Step]:
    """A whole streamed answer, after two words that it is on its way."""
    body = (PROCESSING, PROCESSING, *sse(*events(*texts, usage=usage, finish=finish), "[DONE]"))
    return stream(*body, headers={"X-Generation-Id": ID})


def thought(text: str = "", **fields: Any) -> dict[str, Any]:
    """A delta with a piece of readable reasoning, or with the fields of another block."""
    block = fields or {"type": "reasoning.text", "text": text, "format": "anthropic-claude-v1", "index": 0}
    return {"role": "assistant", "content": "", "reasoning": text or None, "reasoning_details": [block]}


def refusal(code: int, message: str, **metadata: Any) -> dict[str, Any]:
    """The body of an error."""
    return {"error": {"code": code, "message": message, **({"metadata": metadata} if metadata else {})}}


def generation(**data: Any) -> dict[str, Any]:
    """What is told later of an answer that was cut off."""
    told = {
        "id": ID, "model": "anthropic/claude-sonnet-5.5", "provider_name": "Anthropic", "cancelled": True,
        "is_byok": False, "total_cost": 0.0123, "usage": 0.0123, "upstream_inference_cost": None,
        "tokens_prompt": 1000, "tokens_completion": 90, "native_tokens_prompt": 1200, "native_tokens_completion": 100,
        "native_tokens_cached": 1000, "native_tokens_reasoning": 40, "native_tokens_completion_images": None,
        "service_tier": "standard",
    }  # fmt: skip
    return {"data": told | data}


def key(budgets: Sequence[Mapping[str, Any]] = (), **data: Any) -> dict[str, Any]:
    """What a key is told of itself."""
    told = {
        "label": "sk-or-v1-012...cde", "limit": 10, "limit_remaining": 4.5, "limit_reset": "monthly", "usage": 20.5,
        "usage_daily": 0.5, "usage_weekly": 2.25, "usage_monthly": 5.5, "byok_usage": 0, "byok_usage_daily": 0.25,
        "byok_usage_weekly": 0.25, "byok_usage_monthly": 0.25, "budgets": list(budgets), "is_free_tier": False,
    }  # fmt: skip
    return {"data": told | data}


def credit(total: float = 100, used: float = 25.5) -> dict[str, Any]:
    """What credits were bought and used."""
    return {"data": {"total_credits": total, "total_usage": used}}
