"""`agentctl tools run`: one call of one function, and what came of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentctl.app import App
from agentctl.cli.group import new_app
from agentctl.cli.render import print_error, print_json, print_note, print_text
from agentctl.cli.tools.given import Allow, AsJson, Fuel, Memory, OutputLimit, Timeout, arguments, limits, need_wasmtime
from agentctl.cli.tools.shown import Told, line, tell
from agentctl.errors import ExitCode, ToolError

if TYPE_CHECKING:
    from agentctl.tools.wasm.host.result import Result

app = new_app()

_LONGEST = 4000  # characters of an error


@dataclass(frozen=True, slots=True)
class _Given:
    """What the command line says of the call."""

    args: str | None
    allow: list[str]
    fuel: int | None
    timeout: float | None
    memory: int | None
    output: int | None
    seed: int


@app.command()
def run(
    component: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A component, or one that was added.")],
    function: Annotated[str, typer.Argument(help="What to call, as `tools inspect` and `tools list` show it.")],
    *,
    args: Annotated[
        str | None,
        typer.Option("--args", metavar="JSON", help="An object by name, or an array in order; @FILE; - is stdin."),
    ] = None,
    allow: Allow = None,
    fuel: Fuel = None,
    timeout: Timeout = None,
    memory: Memory = None,
    output_limit: OutputLimit = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Of the random numbers it gets if none are allowed.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Call one function of a component, in a sandbox. Leaves with 8 if the call fails.

    It may do only what is allowed: here, or when it was added. Unless they are allowed, its clock stands still and its
    random numbers are the same each time.
    """
    wired = App()
    need_wasmtime()
    given = _Given(args, allow or [], fuel, timeout, memory, output_limit, seed)
    from agentctl.tools.wasm.host.result import Failure, Result  # noqa: PLC0415 - it needs wasmtime

    try:
        result = _call(wired, component, function, given)
    except ToolError as error:
        result = Result(error=Failure(error.reason, error.message, error.hint))
    if as_json:
        print_json(_document(result))
    else:
        _show(result)
    if not result.ok:
        raise typer.Exit(ExitCode.tool)


def _call(wired: App, component: str, function: str, given: _Given) -> Result:
    from agentctl.cli.tools.target import find, sent  # noqa: PLC0415 - it needs wasmtime
    from agentctl.tools.wasm.policy import parse_allow  # noqa: PLC0415

    allowed = parse_allow(given.allow, wired.environ)  # what makes no sense is told before anything is read
    target = find(wired, component)
    grants = allowed if given.allow else target.grants
    bounds = limits(target.limits, given.fuel, given.timeout, given.memory, given.output)
    offer = target.offer(function)
    values = sent(offer, arguments(given.args, offer.parameters))
    if Told(wired.told_dir).first(target.sha256, grants):
        tell(component, target.capabilities, grants)

    async def call() -> Result:
        async with wired.component_host() as host:
            return await host.call(target.path, offer.function, values, grants, bounds, seed=given.seed)

    return asyncio.run(call())


def _document(result: Result) -> dict[str, Any]:
    if result.error is None:
        outcome: dict[str, Any] = {"ok": True, "result": result.result}
    else:
        outcome = {"ok": False, "error": {"code": result.error.code, "message": result.error.message}}
    return {
        **outcome,
        "fuel": result.fuel,
        "duration_ms": result.duration_ms,
        "stdout": result.stdout,
        "stderr": result.stderr,
    }


def _show(result: Result) -> None:
    if result.stdout:
        print_text(result.stdout.removesuffix("\n"))
    if result.stderr:
        print_note(result.stderr.removesuffix("\n"))
    if result.error is not None:
        print_error(ToolError(line(result.error.message, _LONGEST), hint=result.error.hint))
    else:
        _show_value(result.result)
    fuel = "" if result.fuel is None else f"{result.fuel:,} fuel · "
    print_note(f"{fuel}{result.duration_ms:.0f} ms")


def _show_value(value: Any) -> None:
    """A result as people read it: what went well without `ok` around it, and text as it is."""
    shown = value["ok"] if isinstance(value, dict) and [*value] == ["ok"] else value
    if isinstance(shown, str):
        print_text(shown)
    elif shown is not None:
        print_json(shown)
