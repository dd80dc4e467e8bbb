"""What OpenRouter says, when asked later, that an answer has used and cost. Pure.

Source: openrouter 1.3 components/generationresponse.py
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from agentctl.providers.codec import Query
from agentctl.providers.counts import AbsurdError, Object, dollars, first, inside, kept, part, some, tier
from agentctl.usage import Usage


def ask(response_id: str) -> Query:
    """How to ask."""
    return Query(f"/generation?id={quote(response_id, safe='')}")


def read(answer: Mapping[str, Any]) -> Usage | None:
    """Return what the answer says; None if it says nothing, or what can't be true.

    The tokens are those that the model's own tokenizer counts, for these are billed.
    """
    try:
        return _usage(inside(answer.get("data")))
    except AbsurdError:
        return None


def _usage(data: Object) -> Usage | None:
    reported = dollars(data.get("total_cost"))
    if reported is None:
        return None
    upstream = dollars(data.get("upstream_inference_cost"))
    if data.get("is_byok") is True and upstream is not None:
        reported += upstream  # billed to the user's own key, by the provider behind
    prompt = first(data.get("native_tokens_prompt"), data.get("tokens_prompt"))
    output = first(data.get("native_tokens_completion"), data.get("tokens_completion"))
    read_ = min(part(data.get("native_tokens_cached")), prompt)
    return Usage(
        uncached_input=prompt - read_,
        cache_read=read_,
        output=output,
        raw=kept(data),
        details=some(
            reasoning=min(part(data.get("native_tokens_reasoning")), output),
            image_output=min(part(data.get("native_tokens_completion_images")), output),
        ),
        service_tier=tier(data.get("service_tier")),
        reported=reported,
    )
