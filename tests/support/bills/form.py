"""A call, the usage as an API reports it, and its bill line by line."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

ANTHROPIC = "https://platform.claude.com/docs/en/about-claude/pricing"
CACHING = "https://platform.claude.com/docs/en/build-with-claude/prompt-caching"
OPENAI = "https://developers.openai.com/api/docs/pricing"
GOOGLE = "https://ai.google.dev/gemini-api/docs/pricing"
DEEPSEEK = "https://api-docs.deepseek.com/updates"


@dataclass(frozen=True)
class Bill:
    """One call.

    Args:
        model: whose it is.
        raw: what the API reports.
        lines: counts and their prices in $ per million tokens, each token once; None if a price is unknown.
        source: where the vendor says so.
        fees: dollars beside the tokens.
        times: what all tokens cost more in a region.
        options: those of the command line that it needs: `service_tier`, `at`, `price`.
    """

    model: str
    raw: dict[str, Any]
    lines: tuple[tuple[int, str], ...] | None
    source: str
    fees: str = "0"
    times: str = "1"
    options: dict[str, str] = field(default_factory=dict)

    @property
    def dollars(self) -> Decimal | None:
        """What it comes to."""
        if self.lines is None:
            return None
        tokens = sum((Decimal(count) * Decimal(price) for count, price in self.lines), Decimal(0))
        return tokens * Decimal(self.times) / 10**6 + Decimal(self.fees)


def message(plain: int, output: int, **more: Any) -> dict[str, Any]:
    """Return a usage of Anthropic."""
    return {"input_tokens": plain, "output_tokens": output, **more}


def chat(prompt: int, output: int, cached: int = 0, **more: Any) -> dict[str, Any]:
    """Return a usage of Chat Completions."""
    details = {"prompt_tokens_details": {"cached_tokens": cached}} if cached else {}
    counts = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
    return {**counts, **details, **more}


def responses(prompt: int, output: int, **details: Any) -> dict[str, Any]:
    """Return a usage of the Responses API."""
    return {"input_tokens": prompt, "output_tokens": output, "input_tokens_details": details}


def gemini(prompt: int, output: int, **more: Any) -> dict[str, Any]:
    """Return a usage of Gemini."""
    return {"promptTokenCount": prompt, "candidatesTokenCount": output, **more}
