"""`agentctl train`: policies that learn. Each command is a module of this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from agentctl.cli.group import LazyGroup, new_app


class _Commands(LazyGroup):
    package: ClassVar[str] = __name__
    names: ClassVar[Mapping[str, str]] = {
        "run": "Train a policy, on an environment, on tasks or on your sessions.",
        "eval": "Measure a policy on an environment or on tasks.",
        "list": "List policies, the newest first.",
        "show": "Show a policy, and what its training showed.",
        "diff": "Show what differs between two policies.",
        "promote": "Let a policy decide, if it is proven to be better.",
        "rollback": "Go back to the policy that decided before.",
    }


app = new_app("Policies that learn which model to ask, from tasks and from your sessions.", _Commands)


@app.callback()
def train() -> None:
    """Policies that learn which model to ask, from tasks and from your sessions."""
