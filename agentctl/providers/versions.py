"""The versions that the names of models tell, for those to ask who need no more of their vendor. Pure."""

from __future__ import annotations

import re

Version = tuple[int, int]

GEMINI_3: Version = (3, 0)
"""The generation that wants signatures and ids of calls back, and takes a level of thinking instead of a budget."""

_GEMINI = re.compile(r"gemini-(\d{1,3})(?:\.(\d{1,3}))?")
_NEWEST: Version = (999, 0)  # of names without a number, such as gemini-flash-latest
_GPT = re.compile(r"gpt-(\d{1,2})(?:[.-](\d{1,2})(?![\dk]))?")
_AZURE_3_5: Version = (35, 0)  # gpt-35-turbo
_KEPT_A_DAY = re.compile(
    r"(gpt-5\.5(-pro)?|gpt-5\.[24]|gpt-5\.1(-codex(-max|-mini)?|-chat-latest)?|gpt-5(-codex)?|gpt-4\.1)"
    r"(-\d{4}-\d\d-\d\d)?"
)


def gemini(model: str) -> Version:
    """Return the version of a Gemini; one without a number is taken for the newest."""
    found = _GEMINI.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else _NEWEST


def gpt(model: str) -> Version | None:
    """Return the version of a GPT; None for what is none, as OpenAI's o-series."""
    found = _GPT.match(model.removeprefix("ft:"))
    if found is None:
        return None
    version = int(found[1]), int(found[2] or 0)
    return (3, 5) if version == _AZURE_3_5 else version


def takes_marks(model: str) -> bool:
    """Whether a request can say where the prompt cache is to cut it, and ask why it did not: GPT-5.6 and later."""
    return (gpt(model) or (0, 0)) >= (5, 6)


def keeps_a_day(model: str) -> bool:
    """Whether an older model's prompt cache can be asked to keep what it has for up to a day.

    Source: https://developers.openai.com/api/docs/guides/prompt-caching, "Extended retention is supported by".
    """
    return _KEPT_A_DAY.fullmatch(model) is not None
