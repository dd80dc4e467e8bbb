"""Tokens: how many a request takes, before the provider counts.

Three answers, from the cheapest to the best: `rough` is the same for all models; `counting.bound` is never below the
truth and reads no vocabulary; `counting.count` counts with OpenAI's own vocabulary, which takes up to half a second to
load, and says how far it may be off for models of others.
"""

from __future__ import annotations

from agentctl.economy.tokens.rough import estimate, estimate_parts, estimate_tools

__all__ = ["estimate", "estimate_parts", "estimate_tools"]
