"""All five fake vendors at once, and agentctl configured for them, in-process or as a program."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from agentctl.app import App
from agentctl.conversation import Conversation, Options
from agentctl.events import AgentEvent, Failed, Finished, Notice
from agentctl.messages import Message, ToolCall, ToolResult, user
from support.vendors.anthropic import Anthropic
from support.vendors.bill import Price
from support.vendors.chat import Chat
from support.vendors.gemini import Gemini
from support.vendors.openrouter import OpenRouter
from support.vendors.responses import Responses
from support.vendors.vendor import Vendor

MODELS = {
    "openai": "openai/gpt-5",
    "anthropic": "anthropic/claude-sonnet-4-5",
    "google": "google/gemini-3-pro-preview",
    "openrouter": "openrouter/anthropic/claude-sonnet-4.5",
    "lab": "lab/m",  # a compatible server, by the name that the configuration gives it
}
PRICES = {
    "openai": Price(Decimal("1.25"), Decimal(10), Decimal("0.125"), Decimal("1.25")),
    "anthropic": Price(Decimal(3), Decimal(15), Decimal("0.3"), Decimal("3.75")),
    "google": Price(Decimal(2), Decimal(12), Decimal("0.2"), Decimal(2)),
    "openrouter": Price(Decimal(3), Decimal(15), Decimal("0.3"), Decimal("3.75")),
    "lab": Price(Decimal("0.1"), Decimal("0.37"), Decimal("0.03"), Decimal("0.1")),
}
_KINDS: Mapping[str, type[Vendor]] = {
    "openai": Responses,
    "anthropic": Anthropic,
    "google": Gemini,
    "openrouter": OpenRouter,
    "lab": Chat,
}
VARIABLES = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "google": "GEMINI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "lab": "LAB_KEY",
}


@contextmanager
def open_street(**options: Any) -> Iterator[dict[str, Vendor]]:
    """Run all vendors, each with its price; `options` are those of `Vendor`."""
    with ExitStack() as stack:
        made = {name: kind(price=PRICES[name], **options) for name, kind in _KINDS.items()}
        yield {name: stack.enter_context(vendor) for name, vendor in made.items()}


def environment(vendors: Mapping[str, Vendor]) -> dict[str, str]:
    """The keys of the vendors, as a user exports them."""
    return {VARIABLES[name]: vendor.key for name, vendor in vendors.items()}


def configuration(vendors: Mapping[str, Vendor]) -> str:
    """The configuration that leads to the vendors, and says what they charge."""
    lines = []
    for name, vendor in vendors.items():
        lines += [f"[servers.{name}]", f'base_url = "{vendor.url}"']
        lines += [f'key = "${VARIABLES[name]}"'] if name == "lab" else []
        price = PRICES[name]
        lines += [f'[models."{MODELS[name]}"]', f'input = "{price.input}"', f'output = "{price.output}"']
        lines += [f'cache_read = "{price.read}"', f'cache_write_short = "{price.write}"']
    return "\n".join(lines)


@dataclass
class Traveller:
    """A conversation that goes from vendor to vendor; for each turn the database is opened anew.

    Args:
        home: an empty directory.
        vendors: where it can go.
    """

    home: Path
    vendors: Mapping[str, Vendor]
    options: Options = field(default_factory=Options)
    session: str | None = None

    def __post_init__(self) -> None:
        path = self.home / ".config/agentctl/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(configuration(self.vendors))

    @property
    def app(self) -> App:
        """Agentctl in this home."""
        environ = environment(self.vendors)
        return App({"HOME": str(self.home), "AGENTCTL_KEYRING": "off", **environ}, {})

    def say(self, name: str, message: Message | str, *, system: str | None = None) -> Turn:
        """Run one turn with a vendor's model, or with another that is named in full."""
        app = self.app
        database = app.database
        target = app.target(MODELS.get(name, name))
        conversation = Conversation(database, app.catalog, target, self.options, session_id=self.session, system=system)
        try:
            turn = asyncio.run(run(conversation, user(message) if isinstance(message, str) else message))
        finally:
            database.close()
        self.session = conversation.session_id
        return turn


@dataclass(frozen=True)
class Turn:
    """What a turn told, and how it ended."""

    events: tuple[AgentEvent, ...]

    @property
    def notices(self) -> list[str]:
        """What the user was told beside the answer."""
        return [event.text for event in self.events if isinstance(event, Notice)]

    @property
    def last(self) -> Finished | Failed:
        """The end."""
        last = self.events[-1]
        assert isinstance(last, Finished | Failed)
        return last

    @property
    def answer(self) -> Message:
        """The answer, which there has to be, and no error."""
        assert isinstance(self.last, Finished), self.last
        assert self.last.message
        return self.last.message

    @property
    def results(self) -> Message:
        """What an agent answers to the calls of the answer."""
        calls = [part for part in self.answer.parts if isinstance(part, ToolCall)]
        return Message("tool", tuple(ToolResult(call.id, f"result of {call.name}") for call in calls))


async def run(conversation: Conversation, message: Message, *, cancel_after: int | None = None) -> Turn:
    """Run one turn; with `cancel_after` it is cancelled once so many events of it were told."""
    events: list[AgentEvent] = []
    try:
        with conversation.turn(message, lambda _: None) as stream:
            task = asyncio.current_task()
            async with aclosing(stream):
                async for event in stream:
                    events.append(event)
                    if len(events) == cancel_after and task:
                        task.cancel()
    except asyncio.CancelledError:
        pass
    await conversation.aclose()
    return Turn(tuple(events))
