"""What all decoders share: reading JSON that may be anything, and keeping what an answer is made of. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from agentctl.assembly import assemble, coalesce
from agentctl.errors import ProviderError
from agentctl.events import Delta
from agentctl.messages import Message, StopReason
from agentctl.providers.surrogates import whole_characters

_LONGEST_REASON = 100  # characters
_LOOSE = 512  # deltas kept before they are joined: a long answer is then no heavier than its text


def _integer(text: str) -> int | float:
    """A whole number; one of thousands of digits, which Python refuses to read, counts nothing that there is."""
    try:
        return int(text)
    except ValueError:
        return math.inf


_scan = json.JSONDecoder(parse_int=_integer).raw_decode


class Kept:
    """The deltas of one answer as they arrive, and the message that they make.

    Args:
        provider: whose answer it is, and whose signatures it carries.
        model: the provider's name for the model that was asked.
    """

    def __init__(self, provider: str, model: str) -> None:
        self._provider = provider
        self._model = model
        self._joined: list[Delta] = []
        self._loose: list[Delta] = []

    def keep(self, deltas: Iterable[Delta]) -> Sequence[Delta]:
        """Note the deltas one by one, and return them: what came before an error in their midst is kept."""
        kept = []
        for delta in deltas:
            kept.append(delta)
            self._loose.append(delta)
        if len(self._loose) >= _LOOSE:
            self._joined += coalesce(self._loose)
            self._loose.clear()
        return kept

    def message(self, reason: StopReason) -> Message:
        """The answer as far as it has come."""
        parts = assemble((*self._joined, *self._loose), self._provider)
        return Message("assistant", parts, f"{self._provider}/{self._model}", reason)

    @property
    def partial(self) -> Message | None:
        """What had arrived, as the message of a failed answer; None if nothing had."""
        return self.message("error") if self._joined or self._loose else None


def parse(data: str) -> dict[str, Any]:
    """Return the one JSON object that the data of an event is.

    Raises:
        ProviderError: it is something else.
    """
    return mapping(parse_any(data))


def parse_any(data: str) -> Any:
    """Return the one JSON value that the data of an event is.

    Raises:
        ProviderError: it is something else.
    """
    text = data.strip()
    try:
        value, end = _scan(text)
    except (ValueError, RecursionError) as error:
        raise malformed("JSON that does not parse") from error
    if end != len(text):
        raise malformed("more than one JSON value in an event")
    return value


def mapping(value: object) -> dict[str, Any]:
    """Return the value if it is an object of JSON, else raise a ProviderError."""
    if not isinstance(value, dict):
        raise malformed(f"{kind(value)} where an object belongs")
    return value


def array(value: object) -> list[Any]:
    """Return the value if it is an array of JSON, else raise a ProviderError."""
    if not isinstance(value, list):
        raise malformed(f"{kind(value)} where a list belongs")
    return value


def string(value: object) -> str:
    """Return the value if it is a string, else raise a ProviderError."""
    if not isinstance(value, str):
        raise malformed(f"{kind(value)} where a text belongs")
    return value


def name_or_none(value: object) -> str | None:
    """Return the value if it is a string: a name that is none harms nobody."""
    return value if isinstance(value, str) else None


def kind(value: object) -> str:
    """Return what a value is, in the words of JSON."""
    match value:
        case None | bool():
            return json.dumps(value)
        case str():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "an object"
    return "a number"


def cache_miss(reason: object, tokens: object) -> str | None:
    """Return a provider's reason for not reading its cache, with the tokens it tells; None if it gives none."""
    if not isinstance(reason, str) or not reason:
        return None
    told = f", {tokens} tokens" if type(tokens) is int and tokens > 0 else ""
    return whole_characters(reason[:_LONGEST_REASON]) + told


def malformed(what: str) -> ProviderError:
    """The error of an answer that makes no sense."""
    return ProviderError(f"the server sent a malformed answer: {what}", hint="check the base URL")


def ended_early(provider: str) -> ProviderError:
    """The error of an answer that the server never said was whole."""
    return ProviderError(f"{provider} ended its answer early", hint="send it again", transient=True)
