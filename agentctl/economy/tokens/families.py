"""Which tokenizer a model has, and what its vendor adds to what is said: data, by the model's own name.

OpenAI's vocabularies are public. Those of others are told by how many tokens they make of each token of o200k, over
prose in a dozen languages, Python, JSON, hexadecimal and base 64: see docs/adr/0009-counting-tokens.md.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace

from agentctl.economy.tokens.bounds import CLAUDE, KNOWN, UNKNOWN, Rule
from agentctl.economy.tokens.encodings import Encoding
from agentctl.economy.tokens.media import Media


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many tokens it makes of one of the base's: seldom fewer than `low` and more than `high`."""

    low: float = 1.0
    likely: float = 1.0
    high: float = 1.0


@dataclass(frozen=True, slots=True)
class Extra:
    """Tokens that are added to what is said: as many as are likely, the most, and how far off the former may be."""

    likely: int
    most: int
    slack: int = 0


_UNSEEN = Media()


@dataclass(frozen=True, slots=True)
class Family:
    """Models that count alike.

    Args:
        name: for people.
        encoding: what is counted with.
        latin: what the tokens of that are worth where the text is ASCII.
        other: the same for all other characters.
        rule: the bound of a text.
        start: what a request takes beside its messages: templates, and instructions of the vendor.
        message: what a message takes beside its text.
        tools: what a list of tools takes beside its JSON.
        schema: what a schema takes beside its JSON.
        media: what files take.
        documented: whether the vendor tells how a chat without tools is counted.
        typed: whether tools are shown as TypeScript, by OpenAI's formula, and not as JSON.
    """

    name: str
    encoding: Encoding = "o200k_base"
    latin: Ratio = Ratio()
    other: Ratio = Ratio()
    rule: Rule = KNOWN
    start: Extra = Extra(3, 3)
    message: Extra = Extra(4, 4)
    tools: Extra = Extra(16, 128, 16)
    schema: Extra = Extra(16, 128, 16)
    media: Media = _UNSEEN
    documented: bool = False
    typed: bool = False

    @property
    def exact(self) -> bool:
        """Whether texts are counted with the model's own vocabulary."""
        return self.latin == self.other == Ratio()


_TILES = Media(image=(765, 1445), page=(2000, 4500))
_PATCHES = Media(image=(1024, 12_000), page=(2500, 15_000))
_MINI = Media(image=(25_501, 48_169), page=(27_000, 52_000))  # gpt-4o-mini: 33 times as many, at a 33rd of the price
_VISION = Media(image=(1568, 4784), page=(3500, 7784))  # the latter since Opus 4.7
_GOOGLE = Media(image=(1120, 16_512), page=(560, 2240))

_DOCUMENTED = Family("gpt-4o", media=_TILES, documented=True, typed=True)
_GPT = Family("gpt-5", start=Extra(3, 12, 4), message=Extra(4, 8, 1), media=_PATCHES, typed=True)
_LATER = replace(_GPT, name="gpt-6", latin=Ratio(0.9, 1.0, 1.15), other=Ratio(0.8, 1.0, 1.3))  # if it is o200k at all
_CHATML = Extra(5, 10, 2)

# The first pattern that is found in the name of a model, which may have a router's and a vendor's before it, counts.
FAMILIES: tuple[tuple[str, Family], ...] = (
    (
        r"llama-?[12](?!\d)|codellama|vicuna|mi[sx]tral-(?:7b|8x)|phi-?3",
        Family(
            "llama 2",
            latin=Ratio(1.0, 1.2, 1.75),
            other=Ratio(1.0, 1.8, 4.0),
            start=Extra(4, 128, 4),
            message=_CHATML,
            tools=Extra(100, 1024, 100),
        ),
    ),
    (  # a model of another vendor that is distilled into it has its vocabulary
        r"llama",
        Family(
            "llama 3",
            latin=Ratio(0.95, 1.03, 1.3),
            other=Ratio(0.75, 1.1, 1.8),
            start=Extra(10, 128, 24),
            message=_CHATML,
            tools=Extra(100, 1024, 100),
        ),
    ),
    (
        r"qwe?n|qwq|qvq",
        Family(
            "qwen",
            latin=Ratio(0.9, 1.1, 1.7),
            other=Ratio(0.5, 1.0, 3.4),
            start=Extra(10, 128, 24),
            message=_CHATML,
            tools=Extra(130, 1024, 100),
        ),
    ),
    (
        r"mistral|mixtral|ministral|codestral|devstral|magistral|pixtral|voxtral|leanstral",
        Family(
            "mistral",
            latin=Ratio(0.9, 1.1, 1.7),
            other=Ratio(0.75, 1.1, 2.1),
            start=Extra(4, 512, 8),
            message=Extra(4, 10, 2),
            tools=Extra(16, 512, 16),
        ),
    ),
    (
        r"deepseek",
        Family(
            "deepseek",
            latin=Ratio(0.95, 1.05, 1.35),
            other=Ratio(0.6, 0.95, 1.9),
            start=Extra(6, 128, 6),
            message=Extra(3, 10, 2),
            tools=Extra(200, 1024, 150),
        ),
    ),
    (
        r"claude-(?:instant|v?2|(?:[a-z]+-)?(?:3|4(?![-.](?:[7-9]|1\d)(?!\d)))(?!\d))",
        Family(
            "claude",
            latin=Ratio(0.95, 1.2, 1.5),
            other=Ratio(0.5, 1.4, 2.6),
            rule=CLAUDE,
            start=Extra(4, 32, 5),
            message=Extra(4, 12, 2),
            tools=Extra(346, 1024, 200),
            schema=Extra(150, 1024, 150),
            media=_VISION,
        ),
    ),
    (
        r"claude",
        Family(
            "claude 4.7",
            latin=Ratio(1.05, 1.45, 2.1),
            other=Ratio(0.5, 1.5, 2.6),
            rule=CLAUDE,
            start=Extra(4, 32, 5),
            message=Extra(4, 12, 2),
            tools=Extra(320, 1024, 200),
            schema=Extra(150, 1024, 150),
            media=_VISION,
        ),
    ),
    (
        r"gemini|gemma|learnlm",
        Family(
            "gemini",
            latin=Ratio(0.75, 1.1, 1.7),
            other=Ratio(0.25, 0.85, 1.4),
            start=Extra(1, 64, 4),
            message=Extra(1, 12, 2),
            tools=Extra(60, 1024, 60),
            media=_GOOGLE,
        ),
    ),
    (
        r"grok",
        Family(
            "grok",
            latin=Ratio(0.75, 1.1, 1.75),
            other=Ratio(0.4, 1.2, 2.8),
            rule=UNKNOWN,
            start=Extra(200, 1500),
            message=_CHATML,
            tools=Extra(200, 1500, 200),
            media=Media(image=(1024, 2048)),
        ),
    ),
    (
        r"gpt-oss",
        Family("gpt-oss", start=Extra(70, 256, 24), message=Extra(4, 12, 2), tools=Extra(32, 256, 32), typed=True),
    ),
    (r"gpt-?4o-mini", Family("gpt-4o", media=_MINI, documented=True, typed=True)),
    (r"gpt-?4o", _DOCUMENTED),
    (r"gpt-?4\.[1-9]", Family("gpt-4.1", message=Extra(4, 6, 1), media=Media(image=(1024, 3779)), typed=True)),
    (
        r"gpt-?(?:3|4)|text-embedding",
        Family("gpt-4", encoding="cl100k_base", media=_TILES, documented=True, typed=True),
    ),
    (r"gpt-?(?:[6-9]|\d\d)", _LATER),
    (r"gpt-?5|gpt-(?:audio|realtime|chat)|codex|computer-use|(?:^|[/:.])o[1-9](?![a-z0-9])", _GPT),
)

_ANY = Family(
    "any",
    latin=Ratio(0.75, 1.15, 1.75),
    other=Ratio(0.3, 1.2, 3.5),
    rule=UNKNOWN,
    start=Extra(8, 512, 32),
    message=Extra(5, 12, 3),
    tools=Extra(100, 1024, 100),
    schema=Extra(50, 1024, 50),
    media=Media(image=(1024, 16_384)),
)


@functools.cache
def family_of(model: str) -> Family:
    """Return the family of a model, `provider/model`."""
    name = model.partition("/")[2].lower() or model.lower()
    return next((family for pattern, family in FAMILIES if re.search(pattern, name)), _ANY)
