"""How many tokens a request takes: at most, without any vocabulary; and likely, with a bar of error. Pure.

most = bound(prompt, "anthropic/claude-sonnet-5-5")       # what a budget reserves
counted = count(prompt, "anthropic/claude-sonnet-5-5")    # loads a vocabulary
fits = counted.tokens + counted.error_bar <= window
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from agentctl.economy.tokens import bounds
from agentctl.economy.tokens.encodings import lengths
from agentctl.economy.tokens.families import Family, Ratio, family_of
from agentctl.economy.tokens.prompt import Prompt, Share, body, head
from agentctl.economy.tokens.rough import tokens_of

_ROUGH = Ratio(0.4, 1.0, 3.0)  # of 4 bytes a token, where there is no vocabulary: 1.3 to 10 bytes
_BEYOND = 0.25  # of the spread that was observed: how far beyond it the next call may be
_AS_GOOD_AS = 16  # calls: what is usual of the family counts as much as so many that were observed
_ALWAYS = 0.02  # of a count: what calls that agreed may still hide
_NON_ASCII = bytes(range(128, 256))


@dataclass(frozen=True, slots=True)
class Observed:
    """What a model's provider billed for each token that was counted: of the latest calls, in tokens a token."""

    calls: int
    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Count:
    """The tokens of a request.

    Args:
        tokens: as many as are likely.
        error_bar: ± tokens; the truth is within, unless we err. 0 if the count is exact.
        bound: never below the truth, whatever the text; what budgets reserve.
        exact: whether it was counted with the model's own vocabulary, and nothing in it is undocumented.
        how: how it was counted, for people.
        plain: whether the request consists of text and tools, so that what is billed tells of the vocabulary.
        base: the count without any observation, which an observation's ratios refer to.
    """

    tokens: int
    error_bar: int
    bound: int
    exact: bool
    how: str
    plain: bool
    base: int

    def allows(self, told: int) -> bool:
        """Whether a number that somebody else tells can be true."""
        return self.tokens - self.error_bar <= told <= self.bound


@dataclass(frozen=True, slots=True)
class _Range:
    """Tokens: as few as is usual, as many as are likely, and as many as is usual."""

    low: float
    likely: float
    high: float

    def __add__(self, other: _Range) -> _Range:
        return _Range(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def within(self, most: int) -> tuple[int, int]:
        """The likely tokens and how far off they may be, in whole tokens; together never above `most`."""
        high = min(self.high, most)
        low = min(self.low, high)
        likely = min(max(self.likely, low), high)
        if 2 * likely - low > most:
            likely = (low + high) / 2
        tokens = round(likely)
        return tokens, min(ceil(max(tokens - low, high - tokens)), most - tokens)


@dataclass(frozen=True, slots=True)
class _Measured:
    """A share of a request and the tokens of its texts, by the base."""

    share: Share
    counts: Sequence[int]
    family: Family
    rough: bool

    @property
    def base(self) -> int:
        return sum(self.counts) + self.share.added.likely

    def expected(self, observed: Observed | None = None) -> _Range:
        """What it is to take; what is billed for text tells nothing of images."""
        added = self.share.added
        total = _Range(max(added.likely - added.slack, 0), added.likely, added.likely + added.slack)
        for text, counted in zip(self.share.texts, self.counts, strict=True):
            total += _weighed(text, counted, self.family, rough=self.rough)
        return _taught(observed, self.base, total) if observed and self.share.plain else total

    @property
    def bound(self) -> int:
        share = self.share
        if share.longest is None and self.family.exact and not self.rough:
            return sum(self.counts) + share.added.most
        return _bound(share, self.family)


def bound(prompt: Prompt, model: str) -> int:
    """Return what the request takes at most of `model`, `provider/model`. Loads no vocabulary."""
    family = family_of(model)
    return sum(_bound(share, family) for share in _shares(prompt, family, model))


def count(prompt: Prompt, model: str, observed: Observed | None = None) -> Count:
    """Count the request for `model`, `provider/model`, in the light of what was billed for others of its kind."""
    family = family_of(model)
    measured = _measure(prompt, family, model)
    base = sum(one.base for one in measured)
    most = sum(one.bound for one in measured)
    plain = all(one.share.plain for one in measured)
    if family.exact and not measured[0].rough and all(one.share.documented for one in measured):
        return Count(base, 0, most, exact=True, how=family.encoding, plain=plain, base=base)
    expected = sum((one.expected(observed) for one in measured), _Range(0, 0, 0))
    tokens, error_bar = expected.within(most)
    how = _how(measured[0], tokens / max(base, 1), observed)
    return Count(tokens, error_bar, most, exact=False, how=how, plain=plain, base=base)


def _shares(prompt: Prompt, family: Family, model: str) -> list[Share]:
    provider = model.partition("/")[0]
    return [head(prompt, family), *(body(message, family, provider) for message in prompt.messages)]


def _bound(share: Share, family: Family) -> int:
    texts = share.texts if share.longest is None else share.longest
    return share.added.most + sum(bounds.most(text, family.rule) for text in texts)


def _measure(prompt: Prompt, family: Family, model: str) -> list[_Measured]:
    shares = _shares(prompt, family, model)
    texts = [text for share in shares for text in share.texts]
    counted = lengths(texts, family.encoding)
    rough = counted is None
    each = iter(map(tokens_of, texts) if counted is None else counted)
    return [_Measured(share, [next(each) for _ in share.texts], family, rough) for share in shares]


def _weighed(text: str, counted: int, family: Family, *, rough: bool) -> _Range:
    """The tokens of a text by the base's count of it, and by how much of it is not ASCII."""
    foreign = _foreign(text)
    low, likely, high = (
        counted * (latin * (1 - foreign) + other * foreign)
        for latin, other in zip(_triple(family.latin), _triple(family.other), strict=True)
    )
    return _Range(low * _ROUGH.low, likely, high * _ROUGH.high) if rough else _Range(low, likely, high)


def _triple(ratio: Ratio) -> tuple[float, float, float]:
    return ratio.low, ratio.likely, ratio.high


def _foreign(text: str) -> float:
    """The part of a text's bytes that is not ASCII, 0 to 1."""
    if text.isascii():
        return 0.0
    raw = text.encode("utf-8", "surrogatepass")
    return 1 - len(raw.translate(None, _NON_ASCII)) / len(raw)


def _taught(observed: Observed, base: int, usual: _Range) -> _Range:
    """The tokens that are to be expected where `base` are counted and `usual` was expected of any model of its kind.

    The next call may well be of another kind of text than those before it, the more so the fewer they are.
    """
    unseen = _AS_GOOD_AS / (observed.calls + _AS_GOOD_AS)
    beyond = _BEYOND * (observed.highest - observed.lowest) + _ALWAYS
    low, high = (observed.lowest - beyond) * base, (observed.highest + beyond) * base
    low, high = max(low, 0), max(high, 0)
    return _Range(
        low - unseen * max(low - usual.low, 0),
        base * observed.mean,
        high + unseen * max(usual.high - high, 0),
    )


def _how(first: _Measured, ratio: float, observed: Observed | None) -> str:
    if first.rough:
        counted = "4 bytes a token"
    elif first.family.exact and observed is None:
        return f"{first.family.encoding}, and what is not documented"
    else:
        counted = first.family.encoding
    return f"{counted} x {ratio:.2f}" + (f", by {observed.calls} calls of it" if observed else "")
