"""The table of keys in docs/config.md, as the code knows them. Run this file to write it anew."""

from __future__ import annotations

from pathlib import Path

from agentctl.settings.table import KEYS, Key, dotted

DOCUMENT = Path(__file__).parents[2] / "docs" / "config.md"

_BEGIN = "<!-- table: written by tests/support/config_table.py -->\n"
_END = "<!-- end -->\n"


def with_table(text: str) -> str:
    """The document with the table as it must be."""
    before, _, rest = text.partition(_BEGIN)
    return before + _BEGIN + _table() + _END + rest.partition(_END)[2]


def _table() -> str:
    head = ("key", "takes", "default", "variable", "untrusted project", "meaning")
    rows = [head, tuple("---" for _ in head), *map(_row, KEYS)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(key: Key) -> tuple[str, ...]:
    variables = ", ".join(f"`{name}`" for name in key.variables)
    allowed = "yes" if key.open else "no"
    return f"`{dotted(key.path)}`", key.kind.name, key.default, variables, allowed, key.meaning


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text()))
