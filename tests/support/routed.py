"""Two models on a loopback server, and agentctl that chooses between them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentctl.app import App
from agentctl.asking import Options
from agentctl.cli.decision import chosen
from agentctl.conversation import Conversation
from agentctl.events import Finished
from agentctl.messages import user
from support.program import Program
from support.replay import Answering, replaying
from support.server import Server

CONFIG = """
database = "sqlite:///{home}/agentctl.db"

[servers.peer]
base_url = "{url}"

[models."peer/weak"]
input = "{weak[0]}"
output = "{weak[1]}"

[models."peer/strong"]
input = "{strong[0]}"
output = "{strong[1]}"

[routing]
models = ["peer/weak", "peer/strong"]
explore = {explore}
cost_weight = {cost_weight}
"""

Price = tuple[float, float]
"""Dollars a million tokens, of input and of output."""


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one chat: where it is kept, who answered, what it cost, and why that one was asked."""

    session: str
    model: str
    text: str
    cost: float
    decision: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Routed:
    """A home where `weak` and `strong` can be asked; see `routed`."""

    program: Program
    url: str
    weak: Price
    strong: Price

    def configure(self, *, explore: float, cost_weight: float) -> None:
        """Say how often another model is tried, and the success that a dollar is worth."""
        told = {"home": self.program.home, "url": self.url, "weak": self.weak, "strong": self.strong}
        self.program.configure(CONFIG.format(**told, explore=explore, cost_weight=cost_weight))

    def document(self, *arguments: str) -> Any:
        """The JSON document that a command prints, once it has succeeded."""
        done = self.program.run(*arguments)
        assert done.code == 0, done.err
        return done.json

    def chat(self, prompt: str, *options: str) -> Said:
        """Ask `auto`."""
        told = self.document("chat", "-m", "auto", "-o", "json", "--explain", *options, prompt)
        return Said(told["session_id"], told["model"], told["text"], float(told["cost_usd"]), told["decision"])

    def talk(self, prompts: Sequence[str]) -> list[Said]:
        """Ask `auto` each of these in a session of its own, in this process: that takes milliseconds."""
        app = App(self.program.environment)
        try:
            with asyncio.Runner() as runner:
                return [runner.run(_ask(app, prompt)) for prompt in prompts]
        finally:
            app.database.close()

    def rate(self, graded: Sequence[tuple[Said, float]]) -> None:
        """Say how good answers were, from 0 to 1."""
        path = self.program.home / "ratings.jsonl"
        path.write_text("".join(json.dumps({"session": one.session, "value": how}) + "\n" for one, how in graded))
        self.document("sessions", "rate", "--from", str(path), "--json")


async def _ask(app: App, prompt: str) -> Said:
    chooser = app.chooser()
    conversation = Conversation(app.database, app.catalog, chooser.usual(), Options(), chooser=chooser)
    last = None
    with conversation.turn(user(prompt), lambda _: None) as events:
        async with aclosing(events):
            async for event in events:
                last = event if isinstance(event, Finished) else last
    await conversation.aclose()
    decided, session = conversation.decided, conversation.session_id
    assert last, "the turn failed"
    assert last.message
    assert decided
    assert session
    cost = float(last.receipt.cost or 0)
    return Said(session, last.receipt.model, last.message.text, cost, chosen(decided))


@contextmanager
def routed(home: Path, answering: Answering, *, weak: Price, strong: Price) -> Iterator[Routed]:
    """Make the home, and the server whose models answer as `answering` says."""
    with Server(replaying(answering)) as server:
        yield Routed(Program(home), server.url, weak, strong)
