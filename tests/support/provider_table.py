"""The table of providers in docs/providers.md, as the code knows them. Run this file to write it anew."""

from __future__ import annotations

from pathlib import Path

from agentctl.providers.base import Capabilities
from agentctl.providers.known import KNOWN

DOCUMENT = Path(__file__).parents[2] / "docs" / "providers.md"

_BEGIN = "<!-- table: written by tests/support/provider_table.py -->\n"
_END = "<!-- end -->\n"
_APIS = {
    "chat": "Chat Completions",
    "responses": "Responses",
    "messages": "Messages",
    "gemini": "generateContent",
    "openrouter": "OpenRouter's Chat Completions",
}


def with_table(text: str) -> str:
    """The document with the table as it must be."""
    before, _, rest = text.partition(_BEGIN)
    return before + _BEGIN + _table() + _END + rest.partition(_END)[2]


def _table() -> str:
    head = ("models", "API", "base URL", "key", "files beside text", "`--schema`", "`--effort`")
    rows = [head, tuple("---" for _ in head), *map(_row, KNOWN.values())]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(one: Capabilities) -> tuple[str, ...]:
    variables = ", ".join(f"`{name}`" for name in one.key_variables)
    key = variables if one.needs_key else f"{variables or '`keys set`'} (optional)"
    files = ", ".join(f"`{kind}*`" if kind.endswith("/") else f"`{kind}`" for kind in one.media_types)
    effort = "no" if not one.effort else "yes"
    return (
        f"`{one.provider}/…`",
        _APIS[one.api],
        f"`{one.base_url}`",
        key,
        files or "none",
        "yes" if one.json_schema else "no",
        effort,
    )


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text()))
