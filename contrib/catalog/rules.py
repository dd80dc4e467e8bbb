"""The rules by which genai-prices knows a model by its name, as rows of the catalog have them."""

from __future__ import annotations

import re
from typing import Any

from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    MatchLogic,
)

TEXTS = {
    ClauseEquals: "equals",
    ClauseStartsWith: "starts_with",
    ClauseEndsWith: "ends_with",
    ClauseContains: "contains",
}
# Snapshots, which need no pattern of their own.
DATED = re.compile(r"\^(?P<name>[^*+?()\[\]]+)-\\d\{4\}-\\d\{2\}-\\d\{2\}\$")
COMPACT = re.compile(r"\^(?P<name>[^*+?()\[\]]+)-\\d\{8\}\$")


def rules(match: MatchLogic) -> dict[str, list[Any]]:
    """Return the rules of which any makes a name match, by their kind."""
    found: dict[str, list[Any]] = {}
    for clause in match.or_ if isinstance(match, ClauseOr) else [match]:
        kind, value = rule(clause)
        found.setdefault(kind, []).append(value)
    return found


def rule(clause: MatchLogic) -> tuple[str, Any]:
    """Return a rule's kind and what it compares with."""
    match clause:
        case ClauseAnd(clauses):
            return "all", [rules(one) for one in clauses]
        case ClauseRegex(pattern):
            for kind, form in (("dated", DATED), ("compact", COMPACT)):
                if found := form.fullmatch(pattern):
                    return kind, found["name"].replace("\\", "")
            return "regex", pattern
        case ClauseEquals(text) | ClauseStartsWith(text) | ClauseEndsWith(text) | ClauseContains(text):
            return TEXTS[type(clause)], text.lower()
    raise NotImplementedError(f"the catalog knows no rule like {clause}")
