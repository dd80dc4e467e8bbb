"""What to tell the user of wishes that a model does not take, or takes otherwise. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from agentctl.providers.base import Effort, Request


def remarks(
    provider: str, request: Request, *, effort: Effort | None, temperature: bool, strict: bool = True
) -> tuple[str, ...]:
    """Return what becomes of the wishes that are not sent as they are, in words.

    Args:
        provider: who is asked.
        request: with the wishes.
        effort: the one that is asked for; None if none is.
        temperature: whether one is sent.
        strict: whether the schema, if there is one, is sent as a rule and no mere wish.
    """
    return tuple(_remarks(provider, request, effort, temperature=temperature, strict=strict))


def _remarks(
    provider: str, request: Request, effort: Effort | None, *, temperature: bool, strict: bool
) -> Iterator[str]:
    wish, model = request.effort, request.model
    if wish is not None and effort is None:
        yield f"not sent to {provider}: the effort, which {model} does not take here"
    elif wish != effort:
        yield f"{model} knows no effort {wish}: it is asked for {effort}"
    if request.temperature is not None and not temperature:
        yield f"not sent to {provider}: the temperature, which {model} does not take here"
    if request.schema is not None and not strict:
        yield (
            "the schema is sent without `strict`, which wants each object to have `additionalProperties: false` and "
            "to require all its properties, and few other words"
        )
