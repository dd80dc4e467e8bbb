"""How a model is told to think, in the way of its generation. Pure.

Adaptive models default to hiding what they thought, so a summary is asked for wherever they may think. A thinking block
of the newer ones is refused if anything before it has changed, such as the system prompt: where the provider's headers
allow it, such blocks are dropped instead, and the conversation goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import dropwhile, takewhile
from typing import Any

from agentctl.messages import Thinking, ToolCall
from agentctl.providers.anthropic.blocks import Thoughts
from agentctl.providers.anthropic.generations import EFFORTS, Generation
from agentctl.providers.base import Capabilities, Effort, Request

Json = dict[str, Any]

_THINKING = ("enabled", "adaptive")
_LEAST_BUDGET = 1024  # tokens, by the API
_BUDGETS: Mapping[Effort, int] = {
    "minimal": _LEAST_BUDGET,
    "low": 4_096,
    "medium": 8_192,
    "high": 16_384,
    "xhigh": 24_576,
    "max": 65_536,
}
_BINDING_BETA = "thinking-binding-controls-2026-08-01"
_DROP = {"prefix_mismatch_behavior": "drop_block"}


def thinking(request: Request, capabilities: Capabilities, model: Generation, max_tokens: int) -> Json | None:
    """Return the `thinking` of a request, None to say nothing of it.

    Args:
        request: what is asked; its effort None leaves thinking as it is.
        capabilities: of the server.
        model: what the model takes.
        max_tokens: how many tokens thoughts and answer may have together.
    """
    effort = request.effort if capabilities.effort else None
    if effort == "none" and model.off:
        return {"type": model.off}
    if model.thinks_unasked:
        asked = effort is not None or model.hides
    else:
        asked = effort not in (None, "none") and not _in_foreign_loop(request, capabilities)
    if not (asked and model.thinking):
        return None
    if model.thinking == "budget":
        return _budget(effort or "high", max_tokens)
    binding = {"block_binding": _DROP} if model.binds and _allows_dropping(capabilities) else {}
    return {"type": "adaptive", "display": "summarized"} | binding


def effort_level(request: Request, capabilities: Capabilities, model: Generation) -> Effort | None:
    """Return the highest level that the model knows and that is no higher than what is wished; None to say nothing."""
    wish = request.effort if capabilities.effort else None
    if wish is None or not model.efforts:
        return None
    if wish == "none":  # little is all that can be had of a model that always thinks
        return "low" if model.thinks_unasked and not model.off else None
    known = [level for level in model.efforts if wish in EFFORTS and EFFORTS.index(level) <= EFFORTS.index(wish)]
    return known[-1] if known else "low"


def effort_sent(request: Request, capabilities: Capabilities, model: Generation, config: Json | None) -> Effort | None:
    """Return the effort that the model is asked for with this `thinking`: as a level, as a budget, or none at all."""
    wish = request.effort if capabilities.effort else None
    thinks = config is not None and config["type"] in _THINKING
    if wish == "none" and not thinks:
        return wish
    return effort_level(request, capabilities, model) or (wish if thinks else None)


def thoughts(config: Json | None, model: Generation) -> Thoughts:
    """Return which of its earlier thoughts the model takes back with this `thinking`."""
    if config["type"] == "disabled" if config else not model.thinks_unasked:
        return "none"
    return "signed" if model.signs else "all"


def _budget(effort: Effort, max_tokens: int) -> Json | None:
    """A budget that leaves a quarter of the tokens to the answer; None where there is no room for both."""
    if max_tokens <= _LEAST_BUDGET:
        return None
    tokens = max(_LEAST_BUDGET, min(_BUDGETS[effort], max_tokens * 3 // 4))
    return {"type": "enabled", "budget_tokens": tokens}


def _in_foreign_loop(request: Request, capabilities: Capabilities) -> bool:
    """Whether the last answer called tools, in a turn that did not begin with a thought of this model.

    Another model began it, or this one without thinking. Models that do not think unasked refuse to begin now.
    """
    back = list(dropwhile(lambda message: message.role != "assistant", reversed(request.messages)))
    if not back or not any(isinstance(part, ToolCall) for part in back[0].parts):
        return False
    *_, first = takewhile(lambda message: message.role in ("assistant", "tool"), back)
    thought = first.parts[0]
    own = first.model == f"{capabilities.provider}/{request.model}"
    return not (own and isinstance(thought, Thinking) and thought.signature)


def _allows_dropping(capabilities: Capabilities) -> bool:
    return _BINDING_BETA in capabilities.headers.get("anthropic-beta", "")
