"""What `agentctl doctor` says of policies: whether those in channels are whole, and can be used."""

from __future__ import annotations

from importlib.util import find_spec

from agentctl.app import App
from agentctl.cli.finding import Finding


def examine_policies(wired: App) -> Finding:
    """Whether the policies in channels can be used.

    Raises:
        StorageError: a channel can't be read, or its policy is damaged.
    """
    names = list(wired.policies.channels.all())
    if not names:
        return Finding("policies", "ok", "none is in use")
    if find_spec("numpy") is None:
        return Finding("policies", "warning", "numpy is not installed", "pip install 'agentctl[train]'")
    used = (f"{wired.policies.kept(name).sha[:12]} in {name}" for name in names)
    return Finding("policies", "ok", ", ".join(used))
