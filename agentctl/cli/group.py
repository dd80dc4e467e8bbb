"""The command tree: every command is a module of its own, imported only when it runs."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from agentctl import __version__

if TYPE_CHECKING:
    from typer._click.core import Command, Context

COMMANDS = {
    "chat": "Ask a model, or talk with it.",
    "estimate": "What a prompt would cost, and whether it fits.",
    "train": "Policies that learn which model to ask.",
    "sessions": "List, show, branch, copy and delete conversations.",
    "cost": "What was spent, on what.",
    "budget": "What calls may cost.",
    "tools": "WebAssembly components that agents use.",
    "models": "Models, their prices and ceilings.",
    "keys": "Store and list API keys.",
    "config": "Read and change the configuration.",
    "doctor": "Check this installation.",
}

_DB_HELP = (
    "Where sessions and costs are kept, in place of what is set. Others on this machine may see it in the list of "
    "processes: leave a password out, and keep it with `agentctl keys set database` or in ~/.pgpass."
)


def new_app(help_text: str | None = None, group: type[TyperGroup] | None = None) -> typer.Typer:
    """A Typer application as all of this program is made of: plain help, no pydantic, no pretty tracebacks."""
    return typer.Typer(
        cls=group,
        help=help_text,
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


class LazyGroup(TyperGroup):
    """A group that knows the names of its commands and imports `PACKAGE.NAME` for the one that is called.

    Each of these modules has an `app`.
    """

    package: ClassVar[str] = "agentctl.cli"
    names: ClassVar[Mapping[str, str]] = COMMANDS

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002  # its signature is Typer's
        """The names, in the order that help shows them."""
        return list(self.names)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """A stand-in with the name and help line, enough to list a command without importing it."""
        if cmd_name in self.names and cmd_name not in self.commands:
            return TyperCommand(cmd_name, help=self.names[cmd_name])
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Import the command that is about to run."""
        if args[0] in self.names:
            self.commands[args[0]] = load(args[0], self.package)
        else:
            # "Did you mean" compares with what is in `commands`.
            self.commands.update({name: TyperCommand(name) for name in self.names})
        return super().resolve_command(ctx, args)


def load(name: str, package: str = LazyGroup.package) -> Command:
    """Import the command `name` and return it ready to run."""
    module = importlib.import_module(f"{package}.{name}")
    command: Command = typer.main.get_command(module.app)
    command.name = name
    return command


def root() -> Command:
    """The whole tree."""
    app = new_app(group=LazyGroup)

    @app.callback()
    def agentctl(
        *,
        version: Annotated[
            bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
        ] = False,
        debug: Annotated[  # taken by __main__, wherever it stands
            bool, typer.Option("--debug", help="Show a traceback when something fails.")
        ] = False,
        db: Annotated[  # taken by main, wherever it stands
            str | None, typer.Option("--db", metavar="URL", help=_DB_HELP)
        ] = None,
    ) -> None:
        """Run, price and remember conversations with LLMs from the terminal."""

    return typer.main.get_command(app)


def _show_version(*, wanted: bool) -> None:
    # __main__ answers `agentctl --version` itself, before all this is imported.
    if wanted:
        typer.echo(f"agentctl {__version__}")
        raise typer.Exit
