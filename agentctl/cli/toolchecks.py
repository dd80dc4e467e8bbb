"""What `agentctl doctor` says of tools: added components, and MCP servers, which it starts only with --online."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from agentctl.app import App
from agentctl.cli.finding import Finding


def examine_components(wired: App) -> Finding:
    """Whether the components that were added can be run."""
    names = wired.components.names()
    if not names:
        return Finding("components", "ok", "none were added")
    if find_spec("wasmtime") is None:
        return Finding("components", "warning", "wasmtime is not installed", "pip install 'agentctl[wasm]'")
    from agentctl.tools.wasm.added.library import intact  # noqa: PLC0415 - few have components

    changed = [name for name in names if not intact(wired.components.get(name))]
    if changed:
        hint = f"agentctl tools remove {changed[0]}, and add it again if you trust it"
        return Finding("components", "failure", f"changed since they were added: {', '.join(changed)}", hint)
    return Finding("components", "ok", ", ".join(names))


def examine_servers(wired: App) -> Finding:
    """Whether MCP servers are configured that can be spoken to; none is started."""
    names = ", ".join(wired.settings.mcp)
    if not names:
        return Finding("mcp", "ok", "no server is configured")
    if find_spec("mcp") is None:
        return Finding("mcp", "warning", f"the SDK for {names} is not installed", "pip install 'agentctl[mcp]'")
    return Finding("mcp", "ok", names)


def survey_servers(wired: App) -> Iterator[Finding]:
    """Start or reach every MCP server, and tell what it offers."""
    if not wired.settings.mcp or find_spec("mcp") is None:
        return
    import asyncio  # noqa: PLC0415 - few have servers

    from agentctl.tools.mcp import survey  # noqa: PLC0415

    for found in asyncio.run(survey(wired.settings.mcp, wired.environ)):
        check = f"mcp {found.server}"
        if found.error:
            yield Finding(check, "failure", found.error.message, found.error.hint)
        else:
            yield Finding(check, "ok", f"{len(found.tools)} tools, protocol {found.protocol}")
