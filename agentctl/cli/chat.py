"""`agentctl chat`: one question and its answer, or a conversation line by line."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer._click.exceptions import ClickException
from typer.core import TyperCommand

from agentctl import log
from agentctl.app import App
from agentctl.asking import Options
from agentctl.cli import routing
from agentctl.cli.answerer import answerer
from agentctl.cli.compacting import leave
from agentctl.cli.decision import explain as explain_choice
from agentctl.cli.failures import explain
from agentctl.cli.given import read_dollars, read_schema, warn_of_project
from agentctl.cli.group import new_app
from agentctl.cli.lines import talk
from agentctl.cli.prompt import read_message
from agentctl.cli.render import print_json, print_note
from agentctl.cli.served import joined, served
from agentctl.cli.tooling import names, user_at
from agentctl.cli.turns import Turns
from agentctl.cli.views import JsonView, StreamJsonView, TextView, View, usd
from agentctl.cli.wiring import wire
from agentctl.conversation import Conversation
from agentctl.errors import ConfigError, UsageError
from agentctl.events import Failed
from agentctl.messages import Message
from agentctl.providers.base import Effort

if TYPE_CHECKING:
    from agentctl.economy.caching import Expectation

app = new_app()


class Output(StrEnum):
    """How the answer is printed."""

    text = "text"
    json = "json"
    stream_json = "stream-json"


class Approve(StrEnum):
    """Who allows what no rule allows or forbids."""

    ask = "ask"
    auto = "auto"
    never = "never"


class Compact(StrEnum):
    """Who decides whether a conversation that no longer fits is summarised."""

    ask = "ask"
    auto = "auto"
    never = "never"


class ChatCommand(TyperCommand):
    """Ends JSON output in a result also when the command line itself makes no sense."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse the command line."""
        wanted = re.search(r"(?:^| )(?:-o|--output-format)[ =]?(json|stream-json)(?: |$)", " ".join(args))
        try:
            return super().make_context(info_name, args, parent, **extra)
        except ClickException as error:
            if wanted:
                _view(Output(wanted[1]), stream=True, quiet=True).show(Failed(explain(error), None, None))
            raise


@app.command(cls=ChatCommand)
def chat(
    prompt: Annotated[str | None, typer.Argument(help="What to ask; @FILE attaches a file, - reads stdin.")] = None,
    *,
    model: Annotated[str | None, typer.Option("-m", "--model", help="PROVIDER/MODEL, an alias, or auto.")] = None,
    system: Annotated[str | None, typer.Option("-s", "--system", help="System prompt.")] = None,
    latest: Annotated[bool, typer.Option("-c", "--continue", help="Go on with the latest session.")] = False,
    resume: Annotated[str | None, typer.Option("-r", "--resume", help="Go on with a session, by id or name.")] = None,
    attachment: Annotated[list[str] | None, typer.Option("-a", "--attachment", help="Attach a file.")] = None,
    max_output: Annotated[int | None, typer.Option(help="Most tokens to answer with.", min=1)] = None,
    temperature: Annotated[float | None, typer.Option(help="Randomness; 0 is the least.", min=0)] = None,
    effort: Annotated[Effort | None, typer.Option(help="How much to think before answering.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of the server to ask.")] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds to wait for a silent server.")] = None,
    route: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="How OpenRouter routes, as in order=anthropic,google.")
    ] = None,
    fallback: Annotated[
        list[str] | None, typer.Option(metavar="MODEL", help="What OpenRouter asks where the model fails.")
    ] = None,
    schema: Annotated[Path | None, typer.Option(help="JSON Schema file that the answer must follow.")] = None,
    max_cost: Annotated[
        str | None, typer.Option(metavar="DOLLARS", help="Most that this command may spend, as in 0.50.")
    ] = None,
    budget_wait: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="How long to wait for what other calls have reserved.")
    ] = None,
    tools: Annotated[
        str | None,
        typer.Option("-t", "--tools", metavar="NAMES", help="Tools for the model: all, none, files, shell, …"),
    ] = None,
    server_prompt: Annotated[
        str | None, typer.Option("--prompt", metavar="SERVER/NAME", help="Begin with the prompt of an MCP server.")
    ] = None,
    argument: Annotated[
        list[str] | None, typer.Option("--argument", metavar="KEY=VALUE", help="An argument of that prompt.")
    ] = None,
    approve: Annotated[
        Approve | None, typer.Option(help="Who allows what tools do: you, everybody, or rules alone.")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Calls that need no leave, as in 'shell(git diff *)'.")
    ] = None,
    deny: Annotated[list[str] | None, typer.Option(metavar="RULE", help="Calls that are never allowed.")] = None,
    max_turns: Annotated[int | None, typer.Option(help="How often to ask the model at most.", min=1)] = None,
    compact: Annotated[
        Compact | None, typer.Option(help="Whether to summarise a conversation that no longer fits.")
    ] = None,
    cost_weight: Annotated[
        float | None, typer.Option(help="For -m auto: the success that a dollar is worth.", min=0)
    ] = None,
    explains: Annotated[bool, typer.Option("--explain", help="Say why -m auto chose the model.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Ask no provider to cache the prompt.")] = False,
    tag: Annotated[str | None, typer.Option(help="What to book the calls under; see cost --by tag.")] = None,
    no_save: Annotated[bool, typer.Option("--no-save", help="Keep the cost, not the conversation.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the request and its price; send nothing.")] = False,
    output: Annotated[Output, typer.Option("-o", "--output-format", help="How to print the answer.")] = Output.text,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Print the answer when it is complete.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but the answer and errors.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Fetch the embedded model without asking.")] = False,
) -> None:
    """Ask a model, or talk with it line by line when there is no PROMPT and this is a terminal."""
    view = _view(output, stream=not no_stream, quiet=quiet)
    notify = (lambda _: None) if quiet else print_note
    with _reporting(view):
        routed = routing.flags(route or [], fallback or [])
        told = {"base_url": base_url, "timeout": timeout, "tag": tag, "budget.wait": budget_wait}
        acting = {"tools.use": names(tools), "tools.approve": approve, "tools.max_turns": max_turns}
        set_ = {**told, "cache": False if no_cache else None, "compact": compact, **acting, **routed}
        wired, most = wire(set_), read_dollars(max_cost, "--max-cost")
        wired.allowance(most)
        log.setup(wired.settings.log)
        warn_of_project(wired.settings, notify)
        begun = served(wired, server_prompt, argument or [])
        lines = prompt is None and begun is None and sys.stdin.isatty()
        if lines and (output is not Output.text or dry_run):
            raise UsageError("there is no prompt", hint='agentctl chat -o json "What is the capital of France?"')
        said = None if lines or (begun and prompt is None) else read_message(prompt, attachment or [], notify)
        message = joined(begun, said)
        options = Options(max_output, _finite(temperature), read_schema(schema), effort)
        session = wired.session(resume, latest=latest)
        target, chooser = answerer(wired, model, session, routed, cost_weight)
        toolkit = wired.toolkit(user_at(wired), allow or [], deny or [])
        conversation = Conversation(
            wired.database,
            wired.catalog,
            target,
            options,
            chooser=chooser,
            session_id=session,
            system=system,
            keep=not no_save,
            tag=wired.settings.tag,
            caching=_expected(wired, lines=lines or session is not None, tools=toolkit is not None),
            tools=toolkit,
            allowance=lambda: App(flags=set_).allowance(most),  # a budget may be changed while one talks
        )
        if dry_run and message:
            _show_request(conversation, message, notify, explains=explains)
            return
        if chooser is None:
            _fetch_weights(wired, target.name, yes=yes)
        with Turns(conversation, leave(wired), explains=explains) as turns:
            ending = turns.run(message, view) if message else talk(turns, conversation, view, attachment or [])
        if chooser and (taken_back := wired.watch(chooser.decided)):
            notify(taken_back)
    if ending and isinstance(ending.last, Failed):
        raise ending.last.error
    if ending and ending.signal:
        raise typer.Exit(128 + ending.signal)


def _view(output: Output, *, stream: bool, quiet: bool) -> View:
    match output:
        case Output.json:
            return JsonView()
        case Output.stream_json:
            return StreamJsonView()
    return TextView(stream=stream, quiet=quiet)


@contextmanager
def _reporting(view: View) -> Iterator[None]:
    """Let JSON output end in a result also when no turn came about, whatever the reason."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:
        view.show(Failed(explain(error), None, None))
        raise


def _finite(temperature: float | None) -> float | None:
    if temperature is not None and not math.isfinite(temperature):
        raise UsageError(f"the temperature is {temperature}", hint="0 is the least random; 1 is usual")
    return temperature


def _expected(wired: App, *, lines: bool, tools: bool) -> Expectation | None:
    """What follows: a session that was gone on with once is gone on with again."""
    if not wired.settings.cache:
        return None
    return "conversation" if lines else "loop" if tools else "one-shot"


def _show_request(
    conversation: Conversation, message: Message, notify: Callable[[str], None], *, explains: bool
) -> None:
    with Turns(conversation) as turns:
        turns.prepare(notify)
    preview, quote = conversation.preview(message)
    if explains and conversation.decided:
        explain_choice(conversation.decided)
    print_json(
        {
            "model": conversation.model,
            "request": {"method": preview.method, "url": preview.url, "headers": dict(preview.headers)},
            "body": preview.body,
            "notes": list(preview.notes),
            "estimated_input_tokens": quote.input_tokens,
            "estimated_input_cost_usd": usd(quote.input_cost),
        }
    )


def _fetch_weights(wired: App, model: str, *, yes: bool) -> None:
    """Offer to fetch the embedded model where it is asked for and missing."""
    missing = wired.missing_weights(model)
    if missing is None:
        return
    if not yes and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError(f"the model {model} is not on this machine yet", hint=f"agentctl models pull {missing}")
    if not yes and not typer.confirm(f"Fetch {model}?", default=True, err=True):
        raise ConfigError("no model to talk to", hint="agentctl keys set openai, and name a model with -m")
    from agentctl.cli.progress import ProgressLine  # noqa: PLC0415 - almost always the model is there

    with ProgressLine() as line:
        wired.pull(missing, line)
