"""The wish for more or less thinking, as each generation of Gemini takes it. Pure.

Sources: https://ai.google.dev/gemini-api/docs/thinking (levels and budgets by model),
https://ai.google.dev/gemini-api/docs/openai (what an effort is as a budget).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.providers.base import Effort
from agentctl.providers.google.models import resource
from agentctl.providers.versions import GEMINI_3, gemini

_THINKING = (2, 5)  # the first generation that thinks
_LEVELS: Mapping[Effort, int] = {"none": 0, "minimal": 0, "low": 1, "medium": 2, "high": 3, "xhigh": 3, "max": 3}
_NAMES = ("MINIMAL", "LOW", "MEDIUM", "HIGH")
_EFFORTS: tuple[Effort, ...] = ("minimal", "low", "medium", "high")
_FROM_LOW = (1, 2, 3)  # what a model refuses that is not listed here: MINIMAL, and XHIGH that few know
_TAKEN: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("gemini-3-pro", (1, 3)),
    ("gemini-3-flash", (0, 1, 2, 3)),
    ("gemini-3.1-flash-lite-image", (0, 3)),
    ("gemini-3.1-flash", (0, 1, 2, 3)),
    ("gemini-3.5-flash", (0, 1, 2, 3)),
    ("gemini-3.6-flash", (0, 1, 2, 3)),
)
_BUDGETS: Mapping[Effort, int] = {
    "none": 0, "minimal": 1_024, "low": 1_024, "medium": 8_192, "high": 24_576, "xhigh": 24_576, "max": 24_576
}  # fmt: skip
_PRO_BUDGETS: Mapping[Effort, int] = {"none": 128, "xhigh": 32_768, "max": 32_768}  # it can't but think


def thinking_config(model: str, effort: Effort | None, max_output: int | None = None) -> dict[str, Any] | None:
    """Return the `thinkingConfig` of a request, or None for none: models that can't think refuse it.

    Thoughts are asked for, unless nobody wants any: they cost the same unseen. A model that can't do without thinking
    thinks as little as it can. Of a limited answer, which thoughts are part of, a quarter is left to the words.
    """
    if effort is None:
        return {"includeThoughts": True} if _thinks(model) else None
    version = gemini(model)
    if effort == "none" and version < _THINKING:
        return None
    how: dict[str, Any] = (
        {"thinkingBudget": _budget(model, effort, max_output)}
        if version < GEMINI_3
        else {"thinkingLevel": _level(model, effort)}
    )
    return how if effort == "none" else {"includeThoughts": True, **how}


def effort_sent(model: str, effort: Effort) -> Effort:
    """Return the effort that the model is asked for: as a level, or as what its budget comes to."""
    if gemini(model) >= GEMINI_3:
        return _EFFORTS[_NAMES.index(_level(model, effort))]
    always = "-pro" in _bare(model) and gemini(model) >= _THINKING
    return "minimal" if effort == "none" and always else effort


def _thinks(model: str) -> bool:
    """Whether the name is one of a model that surely thinks: not of speech, an early image model, or no Gemini."""
    version, name = gemini(model), _bare(model)
    speaks_or_draws = "-tts" in name or (version < GEMINI_3 and "-image" in name)
    return name.startswith("gemini-") and version >= _THINKING and not speaks_or_draws


def _budget(model: str, effort: Effort, max_output: int | None) -> int:
    """Tokens to think with at most."""
    budgets = {**_BUDGETS, **_PRO_BUDGETS} if "-pro" in _bare(model) else _BUDGETS
    if max_output is None:
        return budgets[effort]
    return max(min(budgets[effort], max_output * 3 // 4), budgets["none"])


def _level(model: str, effort: Effort) -> str:
    """The lowest level of those that the model takes that is not below the wish."""
    name = _bare(model)
    taken = next((levels for prefix, levels in _TAKEN if name.startswith(prefix)), _FROM_LOW)
    return _NAMES[next(level for level in taken if level >= _LEVELS[effort])]


def _bare(model: str) -> str:
    return resource(model).partition("/")[2]
