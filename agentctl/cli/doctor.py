"""`agentctl doctor`: is everything in place, and if not, what to do about it."""

from __future__ import annotations

import locale
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from agentctl import __version__
from agentctl.app import EMBEDDED, App
from agentctl.cli.finding import Finding
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_table, styled
from agentctl.cli.wiring import wire
from agentctl.errors import AgentctlError, ExitCode
from agentctl.redact import redact_url

app = new_app()


@app.command()
def doctor(
    *,
    online: Annotated[
        bool,
        typer.Option("--online", help="Ask each provider whether it takes its key, and MCP servers for their tools."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check this installation; leaves with 1 if something is broken. Without --online it asks nobody."""
    findings = list(_examine(online=online))
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        rows = [(one.check, one.status, one.detail + (f" (hint: {one.hint})" if one.hint else "")) for one in findings]
        print_table(("check", "status", "detail"), rows)
    if any(finding.status == "failure" for finding in findings):
        raise typer.Exit(ExitCode.failure)


def _examine(*, online: bool) -> Iterator[Finding]:
    yield Finding("agentctl", "ok", f"{__version__} on Python {platform.python_version()} at {sys.executable}")
    yield _sqlite()
    try:
        wired = wire()
    except (AgentctlError, OSError) as error:
        yield _failure("configuration", error)
        return
    yield _configuration(wired)
    for check, examine in (
        ("database", _database),
        ("keys", _keys),
        ("embedded model", _embedded_model),
        ("log", _log),
        ("components", _components),
        ("mcp", _servers),
        ("policies", _policies),
    ):
        yield _guarded(check, lambda examine=examine: examine(wired))  # type: ignore[misc]
    yield _terminal()
    if online:
        from agentctl.cli.online import examine_keys  # noqa: PLC0415 - it needs the network, and all that goes with it

        yield from examine_keys(wired)
        from agentctl.cli.toolchecks import survey_servers  # noqa: PLC0415

        yield from survey_servers(wired)


def _guarded(check: str, examine: Callable[[], Finding]) -> Finding:
    try:
        return examine()
    except (AgentctlError, OSError) as error:
        return _failure(check, error)


def _failure(check: str, error: AgentctlError | OSError) -> Finding:
    if isinstance(error, AgentctlError):
        return Finding(check, "failure", error.message, error.hint)
    hint = f"check who owns it and who may enter: ls -ld {Path(error.filename).parent}" if error.filename else None
    return Finding(check, "failure", f"can't read {error.filename}: {error.strerror or error}", hint)


def _sqlite() -> Finding:
    from agentctl.store.sqlite.connection import VERSION, WAL_RESET_BUG  # noqa: PLC0415

    version = ".".join(map(str, VERSION))
    if WAL_RESET_BUG:
        detail = f"{version} has the WAL-reset bug; agentctl works around it, other programs on the same file do not"
        return Finding("sqlite", "warning", detail, "write to the database with agentctl alone")
    return Finding("sqlite", "ok", version)


def _configuration(wired: App) -> Finding:
    settings = wired.settings
    if settings.ignored:
        ignored = ", ".join(settings.ignored)
        return Finding("configuration", "warning", f"{settings.project} sets {ignored}", "agentctl config trust")
    return Finding(
        "configuration", "ok", f"model {settings.model or 'not set'}; database {redact_url(settings.database)}"
    )


def _database(wired: App) -> Finding:
    problems = wired.database.check()
    if problems:
        here = wired.database.url.startswith("sqlite")
        hint = "restore a backup (*.bak beside it)" if here else "restore a backup, or see what its server logged"
        return Finding("database", "failure", "; ".join(problems), hint)
    url = wired.database.url
    if kind := _shared_kind(url):
        detail = f"{url} is sound, and on {kind}: locks may not hold there, and then it gets damaged"
        return Finding("database", "warning", detail, "put the file on a disk of this machine, or use PostgreSQL")
    return Finding("database", "ok", f"{url} is sound")


def _shared_kind(url: str) -> str | None:
    """What kind of file system it is on, if that is one that machines share."""
    if not url.startswith("sqlite:///"):
        return None
    from agentctl.store.sqlite.place import shared_kind  # noqa: PLC0415 - nobody else asks

    return shared_kind(Path(url.removeprefix("sqlite:///")))


def _keys(wired: App) -> Finding:
    found = wired.known_keys()
    if not found:
        return Finding("keys", "ok", "none; the embedded model needs none", "agentctl keys set openai")
    return Finding("keys", "ok", ", ".join(f"{name} in {where}" for name, where in found.items()))


def _embedded_model(wired: App) -> Finding:
    missing = wired.missing_weights(EMBEDDED)
    if missing:
        return Finding("embedded model", "warning", f"{EMBEDDED} is not here", f"agentctl models pull {missing}")
    return Finding("embedded model", "ok", f"{EMBEDDED} in {wired.models_dir}")


def _log(wired: App) -> Finding:
    directory = wired.settings.log.dir
    nearest = next(path for path in (directory, *directory.parents) if path.exists())
    if not os.access(nearest, os.W_OK):
        return Finding("log", "failure", f"{directory} can't be written", "set AGENTCTL_LOG_DIR")
    return Finding("log", "ok", str(directory))


def _components(wired: App) -> Finding:
    from agentctl.cli.toolchecks import examine_components  # noqa: PLC0415

    return examine_components(wired)


def _servers(wired: App) -> Finding:
    from agentctl.cli.toolchecks import examine_servers  # noqa: PLC0415

    return examine_servers(wired)


def _policies(wired: App) -> Finding:
    from agentctl.cli.policychecks import examine_policies  # noqa: PLC0415

    return examine_policies(wired)


def _terminal() -> Finding:
    encoding = sys.stdout.encoding
    kind = os.environ.get("TERM", "unknown") if sys.stdout.isatty() else "not a terminal"
    colour = "colour" if styled(sys.stdout) else "no colour"
    if encoding.lower().replace("-", "") != "utf8":
        return Finding("terminal", "warning", f"{kind}, {encoding}", "use a UTF-8 locale")
    return Finding("terminal", "ok", f"{kind}, {colour}, {encoding}, {locale.getlocale()[0]}")
