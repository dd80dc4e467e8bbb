"""What a provider lists of its models: names, ceilings and, at some, prices.

Sources: openai 3.54 types/model.py; anthropic 2.12 types/model_info.py; google-genai 3.4 types.Model; openrouter 1.3
components/model.py and publicpricing.py; https://console.groq.com/docs/api-reference#models;
https://docs.mistral.ai/api/#tag/models; https://docs.together.ai/reference/models; vLLM's ModelCard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from typing import Any
from urllib.parse import quote

from agentctl.errors import ProviderError
from agentctl.providers.base import Api
from agentctl.providers.codec import Query
from agentctl.providers.driver import HttpProvider

_PAGES = 50  # as many as are read: the longest list has a thousand models on one page
_MTOK = 6  # the decimal shift from dollars a token to dollars a million
_MOST = 10**9  # tokens
_DEAREST = 10**6  # dollars a million tokens

# Ours, and OpenRouter's names in dollars a token.
_OPENROUTER = {
    "input": "prompt",
    "output": "completion",
    "cache_read": "input_cache_read",
    "cache_write_short": "input_cache_write",
    "cache_write_long": "input_cache_write_1h",
}
# Ours, and Together's in dollars a million.
_TOGETHER = {"input": "input", "output": "output", "cache_read": "cached_input"}


@dataclass(frozen=True, slots=True)
class ListedTier:
    """Dollars a million tokens, by bucket, of calls with more than `above` tokens of input."""

    above: int
    prices: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as its provider lists it; ceilings in tokens, None where it does not say."""

    name: str
    max_input: int | None = None
    max_output: int | None = None
    window: int | None = None
    tiers: tuple[ListedTier, ...] = ()


async def list_models(provider: HttpProvider) -> list[Listed]:
    """Ask a provider for its models.

    Raises:
        ProviderError: it failed, or answered something else, such as a list of which nothing can be read.
    """
    api = provider.capabilities.api
    query: Query | None = Query(_PATHS.get(api, "/models"))
    found: dict[str, Listed] = {}
    entries = 0
    for _ in range(_PAGES):
        if query is None:
            break
        answer = await provider.ask(query)
        models = answer.get("models" if api == "gemini" else "data")
        if not isinstance(models, list):
            raise ProviderError(f"{provider.name} answered with no list of models", hint="check the base URL")
        entries += len(models)
        found |= {one.name: one for one in read(models)}
        query = _next_page(api, answer)
    if entries and not found:
        raise ProviderError(f"{provider.name} answered with a list of what are no models", hint="check the base URL")
    return list(found.values())


_PATHS: Mapping[Api, str] = {"messages": "/v1/models?limit=1000", "gemini": "/v1beta/models?pageSize=1000"}


def _next_page(api: Api, answer: Mapping[str, Any]) -> Query | None:
    path = _PATHS.get(api, "/models")
    if api == "messages" and answer.get("has_more") and isinstance(last := answer.get("last_id"), str):
        return Query(f"{path}&after_id={quote(last, safe='')}")
    if api == "gemini" and isinstance(token := answer.get("nextPageToken"), str) and token:
        return Query(f"{path}&pageToken={quote(token, safe='')}")
    return None


def read(models: Iterable[object]) -> Iterator[Listed]:
    """Read the models of a list, as far as they are any."""
    for model in models:
        if not isinstance(model, Mapping):
            continue
        name = model.get("id") or model.get("name")
        if isinstance(name, str) and name.isprintable() and name.strip():
            top = model.get("top_provider")
            yield _listed(name.removeprefix("models/"), {**(top if isinstance(top, Mapping) else {}), **model})


def _listed(name: str, model: Mapping[str, Any]) -> Listed:
    return Listed(
        name,
        _tokens(model, "max_input_tokens", "inputTokenLimit"),
        _tokens(model, "max_completion_tokens", "max_tokens", "outputTokenLimit"),
        _tokens(model, "context_length", "context_window", "max_context_length", "max_model_len"),
        tuple(_tiers(model.get("pricing"))),
    )


def _tokens(model: Mapping[str, Any], *names: str) -> int | None:
    """The first of these numbers that is one; 0 says nothing."""
    values = (model.get(name) for name in names)
    return next((value for value in values if type(value) is int and 0 < value <= _MOST), None)


def _tiers(pricing: object) -> Iterator[ListedTier]:
    """The prices by size of the input. An override that depends on the time of day is no tier, and is left out."""
    if not isinstance(pricing, Mapping):
        return
    base = _prices(pricing)
    if not {"input", "output"} <= base.keys():
        return
    yield ListedTier(0, base)
    overrides = pricing.get("overrides")
    for override in overrides if isinstance(overrides, list) else ():
        if isinstance(override, Mapping) and not override.keys() & {"utc_start", "utc_end", "utc_days"}:
            above = override.get("min_prompt_tokens")
            if isinstance(above, int | float) and 0 < above <= _MOST:
                yield ListedTier(int(above), {**base, **_prices(override)})


def _prices(pricing: Mapping[str, Any]) -> dict[str, Decimal]:
    if "prompt" in pricing or "completion" in pricing:
        return _amounts(pricing, _OPENROUTER, _MTOK)
    return _amounts(pricing, _TOGETHER, 0)


def _amounts(pricing: Mapping[str, Any], names: Mapping[str, str], shift: int) -> dict[str, Decimal]:
    amounts = ((ours, _dollars(pricing.get(theirs), shift)) for ours, theirs in names.items())
    return {name: amount for name, amount in amounts if amount is not None}


def _dollars(value: object, shift: int) -> Decimal | None:
    """An amount, exactly as it is written; negative ones, which stand for "it depends", are none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        amount = Decimal(str(value)).scaleb(shift)
    except DecimalException:
        return None
    return amount if amount.is_finite() and 0 <= amount <= _DEAREST else None
