"""How it is shown which model was chosen, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.cli.render import plain, print_note
from agentctl.economy.money import dollars, format_usd
from agentctl.events import Considered, Decided


def chosen(decided: Decided) -> dict[str, Any]:
    """What was chosen, and why, as JSON output has it."""
    return {
        "action": decided.action,
        "why": decided.why,
        "explored": decided.explored,
        "propensity": decided.propensity,
        "policy": decided.policy,
        "cost_weight": decided.cost_weight,
        "value": decided.value,
        "candidates": [_row(one) for one in decided.considered],
    }


def _row(one: Considered) -> Mapping[str, Any]:
    return {
        "action": one.action,
        "probability": one.probability,
        "expected_success": one.success,
        "expected_cost_usd": None if one.cost is None else format_usd(one.cost),
        "masked": one.masked,
    }


def explain(decided: Decided) -> None:
    """Say on stderr what was chosen, and why."""
    value = "" if decided.value is None else f"; it expects {decided.value:.3f} of the turn"
    weight = f"a dollar counts as {decided.cost_weight:g} of success"
    print_note(f"{plain(decided.action)}: {plain(decided.why)}{value} ({weight})")
    for one in decided.considered:
        print_note(f"  {plain(one.action)}: {_figures(one)}")


def _figures(one: Considered) -> str:
    success = "success unknown" if one.success is None else f"success {one.success:.3f}"
    likely = f"masked: {plain(one.masked)}" if one.masked else f"probability {one.probability:.3f}"
    return f"{likely}, {success}, about {dollars(one.cost)}"
