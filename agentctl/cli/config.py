"""`agentctl config`: what is set, from where, and how to change it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table, print_text
from agentctl.errors import AgentctlError, ConfigError, UsageError
from agentctl.redact import redact_url
from agentctl.settings import load
from agentctl.settings.listing import Entry, entries, entry

app = new_app("Read and change the configuration. docs/config.md lists every key.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def show(
    *,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show every key and its value; keys to servers are redacted."""
    settings = load()
    listed = entries(settings)
    if as_json:
        print_json({each.name: {"value": each.value, "origin": each.origin} for each in listed})
    else:
        columns = ("key", "value", "origin") if origin else ("key", "value")
        print_table(columns, [(each.name, _text(each), each.origin)[: len(columns)] for each in listed])
    if settings.ignored:
        print_note(f"ignored of the untrusted project {settings.project}: {', '.join(settings.ignored)}")
        print_note("hint: agentctl config trust")


@app.command()
def get(key: Annotated[str, typer.Argument(help="Name of the key.")], *, as_json: AsJson = False) -> None:
    """Print the value of a key."""
    found = entry(load(), key)
    if as_json:
        print_json({"key": found.name, "value": found.value, "origin": found.origin})
    elif found.value is None:
        raise AgentctlError(f"{found.name} is not set", hint=f"agentctl config set {found.name} VALUE")
    else:
        print_text(_text(found))


@app.command("set")
def set_(
    key: Annotated[str, typer.Argument(help="Name of the key.")],
    value: Annotated[str, typer.Argument(help="Its new value.")],
    *,
    project: Annotated[bool, typer.Option("--project", help="Set it for this project, not for you.")] = False,
    as_json: AsJson = False,
) -> None:
    """Set a key in your configuration file."""
    from agentctl.settings import edit, files, table  # noqa: PLC0415  # tomlkit and hashlib, for a change alone

    chosen_key = table.split(key)
    known = files.check_name(chosen_key, "config")
    if known.kind.secret and not value.startswith(("$", "!")):
        raise UsageError(
            "a key on the command line ends up in the shell's history and in the list of processes",
            hint=f"agentctl keys set {chosen_key[1]}, or name a variable: agentctl config set {key} '$NAME'",
        )
    chosen = known.kind.from_text(value)
    if project:
        file = edit.project_file(os.environ, _here())
        _need_address(chosen_key, file)
        if not edit.put_in_project(file, chosen_key, chosen, os.environ) and not known.open:
            print_note(f"{key} counts once the project is trusted; hint: agentctl config trust")
    else:
        file = edit.user_file(os.environ)
        _need_address(chosen_key, file)
        edit.put(file, chosen_key, chosen)
    if as_json:
        told = redact_url(chosen) if chosen_key == ("database",) else chosen
        print_json({"key": table.dotted(chosen_key), "value": told, "file": str(file)})


@app.command()
def path(*, as_json: AsJson = False) -> None:
    """Print where your configuration file is; --json lists every file that counts."""
    from agentctl.settings import files  # noqa: PLC0415

    places = files.locations(os.environ, None)
    if as_json:
        print_json([{"origin": each.origin, "path": str(each.path), "exists": _exists(each.path)} for each in places])
    else:
        print_text(str(next(each.path for each in places if each.origin == "user")))


@app.command()
def trust(
    directory: Annotated[Path | None, typer.Argument(help="Directory of the project; this one by default.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Trust a project: its .agentctl/config.toml may set every key, as long as it stays as it is now."""
    from agentctl.settings import edit, files, table  # noqa: PLC0415
    from agentctl.settings.trust import trust as record  # noqa: PLC0415

    file = edit.project_file(os.environ, directory or _here())
    content = files.read(file)
    if content is None:
        raise ConfigError(f"there is no {file} to trust", hint="agentctl config set --project KEY VALUE")
    keys = [table.dotted(each) for each in files.parse(file, content)]
    record(file, content, os.environ)
    if as_json:
        print_json({"file": str(file), "keys": keys})
    else:
        print_text(f"trusted {file}: {', '.join(keys)}")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # in a directory that we may not enter
        return False


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise ConfigError("the working directory is gone", hint="cd to one that is there") from error


def _need_address(key: tuple[str, ...], file: Path) -> None:
    """Refuse the key of a server without an address: no command could run with that."""
    from agentctl.settings import files  # noqa: PLC0415

    match key:
        case ("servers", name, "key"):
            from agentctl.providers.known import KNOWN  # noqa: PLC0415 - only a key to a server needs it

            address = ("servers", name, "base_url")
            unknown = name not in KNOWN and name not in load().servers
            if unknown and address not in files.parse(file, files.read(file) or b""):
                raise ConfigError(
                    f"there is no server {name} yet", hint=f"agentctl config set servers.{name}.base_url https://…"
                )


def _text(found: Entry) -> str:
    if found.value is None:
        return ""
    if isinstance(found.value, bool):
        return str(found.value).lower()
    return f"{found.value:g}" if isinstance(found.value, float) else str(found.value)
