"""`agentctl tools add`: keep a component, with what it is allowed, so that agents can use its tools."""

from __future__ import annotations

import hashlib
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentctl.app import App
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note
from agentctl.cli.tools.given import (
    Allow,
    AsJson,
    Fuel,
    Memory,
    OutputLimit,
    Timeout,
    limits,
    need_wasmtime,
    read_component,
)
from agentctl.cli.tools.list import document
from agentctl.cli.tools.shown import Told, line, next_step, signature, tell_asked, tell_granted
from agentctl.errors import InterruptError, ToolError, UsageError

if TYPE_CHECKING:
    from agentctl.tools.wasm.added.manifest import Entry, Offer
    from agentctl.tools.wasm.grants import Grants, Limits
    from agentctl.tools.wasm.inspection.found import Inspection

app = new_app()


@app.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A WebAssembly component.")],
    *,
    name: Annotated[str | None, typer.Option(help="What to call it; the file's name if not given.")] = None,
    allow: Allow = None,
    fuel: Fuel = None,
    timeout: Timeout = None,
    memory: Memory = None,
    output_limit: OutputLimit = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a component, so that agents can use its tools. What it may do is shown first.

    It is copied: what happens to FILE later changes nothing, and a copy that was changed is not run.
    """
    wired = App()
    need_wasmtime()
    from agentctl.tools.wasm.grants import Limits  # noqa: PLC0415 - it needs wasmtime
    from agentctl.tools.wasm.policy import parse_allow  # noqa: PLC0415

    chosen = _name(wired, name, file)
    grants = parse_allow(allow or (), wired.environ)
    bounds = limits(Limits(), fuel, timeout, memory, output_limit)
    data = read_component(file)
    entry = _look(wired, file, data, _Terms(chosen, grants, bounds))
    _confirm(chosen, yes=yes)
    kept = wired.components.add(entry, data)
    Told(wired.told_dir).first(kept.sha256, grants)
    if as_json:
        print_json(document(kept))
    else:
        print_note(f"added {chosen}")


@dataclass(frozen=True, slots=True)
class _Terms:
    """On which a component is added."""

    name: str
    grants: Grants
    limits: Limits


def _name(wired: App, name: str | None, file: Path) -> str:
    from agentctl.tools.wasm.added.library import check_name  # noqa: PLC0415
    from agentctl.tools.wasm.added.naming import suggested  # noqa: PLC0415

    chosen = name or suggested(file.stem)
    check_name(chosen)
    if chosen in wired.settings.mcp:
        raise UsageError(f"there is an MCP server {chosen}", hint="give another name with --name")
    if chosen in wired.components.names():
        raise UsageError(f"there is a component {chosen} already", hint=f"agentctl tools remove {chosen}")
    return chosen


def _look(wired: App, file: Path, data: bytes, terms: _Terms) -> Entry:
    """Show what the component offers, for which it may have to be asked, and last what it may do."""
    from agentctl.tools.wasm.added.manifest import Entry  # noqa: PLC0415
    from agentctl.tools.wasm.inspection.apart import inspect_apart  # noqa: PLC0415

    inspection = inspect_apart(data)
    if inspection.verdict == "refused":
        reason = line(f"{file} can't be added: {inspection.reason}")
        raise ToolError(reason, hint=next_step(file, inspection))
    tell_asked(terms.name, inspection.capabilities)
    with wired.components.aside(data) as copy:
        offers = _offers(wired, copy, inspection, terms.limits)
    for offer in offers:
        print_note(f"  it offers {signature(offer.name or terms.name, offer.parameters)}")
    tell_granted(terms.grants)
    return Entry(
        name=terms.name,
        path=file,
        sha256=hashlib.sha256(data).hexdigest(),
        grants=terms.grants,
        limits=terms.limits,
        capabilities=inspection.capabilities,
        offers=offers,
        added_at=time.time_ns() // 1000,
        source=str(file.resolve()),
    )


def _offers(wired: App, copy: Path, inspection: Inspection, bounds: Limits) -> tuple[Offer, ...]:
    import asyncio  # noqa: PLC0415 - a component that is refused is not run

    from agentctl.tools.wasm.added.offers import offers_of  # noqa: PLC0415

    async def ask() -> tuple[Offer, ...]:
        async with wired.component_host() as host:
            return await offers_of(copy, inspection.exports, host, bounds)

    return asyncio.run(ask())


def _confirm(name: str, *, yes: bool) -> None:
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{name} was not added: there is nobody to ask", hint="add it with --yes")
    if not typer.confirm("Add it?", err=True):
        raise InterruptError("not added")
