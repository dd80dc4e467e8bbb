"""A conversation with a model: what is sent with each turn, and the lock that keeps turns apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agentctl.agent import Agent
from agentctl.answering import Answering, Spending
from agentctl.asking import COLD, History, Options, left_out, opening, read, unanswered
from agentctl.composing import size_of
from agentctl.economy import ledger
from agentctl.economy.catalog import Catalog
from agentctl.economy.pricing import price
from agentctl.errors import AgentctlError, ContextOverflowError
from agentctl.events import AgentEvent, Decided, Failed, Finished
from agentctl.holding import hold
from agentctl.ids import new_id
from agentctl.journal import DatabaseJournal, Notify, Turn
from agentctl.messages import Message
from agentctl.offered import Toolkit
from agentctl.providers.base import Preview, Request
from agentctl.store import sessions
from agentctl.store.base import Database
from agentctl.target import Allowance, Target
from agentctl.uninterrupted import uninterrupted
from agentctl.usage import Usage

if TYPE_CHECKING:
    from agentctl.choosing import Chooser, Situation
    from agentctl.economy.caching import Expectation
    from agentctl.summarising import Compacted, Model, Plan, Wanted
    from agentctl.tools.dispatch import Toolbox

__all__ = ["Conversation", "Options", "Quote", "Toolkit"]


@dataclass(frozen=True, slots=True)
class Quote:
    """An estimate of a request before it is sent: its tokens, and their cost in dollars, None if unknown."""

    input_tokens: int
    input_cost: Decimal | None


@dataclass(frozen=True, slots=True)
class _Opened:
    """One call of the model, ready to be made."""

    agent: Agent
    request: Request
    journal: DatabaseJournal
    turn: Turn


class Conversation:
    """Turns with one model, kept in the database unless `keep` is false; what they cost is always kept.

    Args:
        db: where the turns go.
        catalog: what calls cost.
        target: who answers, and `options`: how it is asked to.
        chooser: who chooses the model for each turn; None leaves it at `target`.
        session_id: the session to go on with; None starts one with the first turn.
        system: a system message that replaces the session's own from now on.
        keep: whether to store what is said; if not, it is remembered as long as this object lives.
        tag: what the calls are booked under.
        allowance: tells what a turn may cost as it begins; None is no limit.
        caching: what is expected to follow a turn, for the provider's cache to keep what is worth it; None asks it to
            keep nothing.
        tools: where the tools that the model may call come from; None is no tools.
    """

    def __init__(
        self,
        db: Database,
        catalog: Catalog,
        target: Target,
        options: Options,
        *,
        chooser: Chooser | None = None,
        session_id: str | None = None,
        system: str | None = None,
        keep: bool = True,
        tag: str | None = None,
        allowance: Callable[[], Allowance | None] = lambda: None,
        caching: Expectation | None = "conversation",
        tools: Toolkit | None = None,
    ) -> None:
        self._db = db
        self._catalog = catalog
        self._options = options
        self._system = system
        self._keep = keep
        self._tag = tag
        self._allowance = allowance
        self._tools = tools
        self._toolbox: Toolbox | None = None
        self._notify: Notify = _tell_nobody
        self.journal: DatabaseJournal | None = None  # of what was asked last
        self._asked_at: list[int] = []  # of what is not stored
        self.spent = Decimal(0)  # dollars, as far as that is known, also where there was no answer
        self._earlier = session_id
        self._unsaved: list[Message] = []
        self._cold = 0  # of what was asked: so many requests, with which a cache is no help any more
        self.stored = keep and session_id is not None
        self.session_id = (session_id or new_id()) if keep else None
        self._who = Answering(db, catalog, target, chooser=chooser, session_id=self.session_id, caching=caching)

    @property
    def model(self) -> str:
        """`provider/model` of the one that answers now; `auto` until one is chosen."""
        return self._who.name

    @property
    def decided(self) -> Decided | None:
        """What was chosen for the turn, and why; None where the model is given."""
        return self._who.decided

    async def prepare(self, notify: Notify) -> None:
        """Get the tools ready, before a turn or a preview of one; `notify` is told of those that are missing.

        Raises:
            ConfigError, UsageError: they can't be made as they are asked for.
        """
        if self._tools:
            self._toolbox = await self._tools.ready(notify, self._brought)
            self._options = replace(self._options, tools=self._toolbox.specs)

    async def _brought(self, call_id: str) -> str | None:
        """All that an earlier tool call of this session brought."""
        from agentctl.store import toolcalls  # noqa: PLC0415 - hardly any result is cut

        session_id = self.session_id
        if session_id is None or not self.stored:
            return None
        return await asyncio.to_thread(self._db.read, lambda tx: toolcalls.output(tx, session_id, call_id))

    @contextmanager
    def turn(self, message: Message | None, notify: Notify) -> Iterator[AsyncGenerator[AgentEvent, None]]:
        """Hold the session for one turn, and give the turn's events to be iterated meanwhile.

        Without a message the model is asked once more about what was said, as after a turn that broke off.

        `notify` is told when another process has to finish its turn first.

        Raises:
            LockBusyError: it did not finish in ten minutes.
        """
        with self._begun(notify) as held:
            yield self._events(self._open(self._opening(message)), held)

    def _opening(self, message: Message | None) -> tuple[Message, ...]:
        """What a turn adds before the answer, once it is settled who answers: one that goes on stays with its model."""
        if message is not None:
            self._who.choose(lambda: self._situation(message), self._notify)
        return opening(self._system or (self._who.system() if message else None), message)

    def _situation(self, message: Message) -> Situation:
        from agentctl.choosing import Situation  # noqa: PLC0415 - who names a model chooses nothing

        history = self._load()
        asked_at = (*(history.asked_at if history else ()), *self._asked_at)
        return Situation(
            self.session_id,
            self._said(history),
            opening(self._system, message),
            asked_at[-1] if asked_at else None,
            self._options,
            system=self._system is not None,
            allowance=self._allowance(),
            spent=self.spent,
            source=self._earlier,
        )

    @contextmanager
    def _begun(self, notify: Notify) -> Iterator[ExitStack]:
        with ExitStack() as held:
            if self.session_id:
                held.enter_context(hold(self._db, self._catalog, self.session_id, notify))
            self._notify = notify
            yield held

    def _events(self, first: _Opened, held: ExitStack) -> AsyncGenerator[AgentEvent, None]:
        """The events of a turn: of one call of the model, or of as many as its tool calls make it."""
        self.journal, toolbox = first.journal, self._toolbox
        if toolbox is None or self._tools is None:
            return self._asked(first, held)
        from agentctl.loop import Asking, run  # noqa: PLC0415 - most questions need no tools
        from agentctl.toolbook import ToolBook  # noqa: PLC0415

        waiting = [first]

        async def ask() -> Asking:
            opened = waiting.pop() if waiting else await asyncio.to_thread(self._open, ())
            return Asking(self._asked(opened, held), ToolBook(self._db, opened.journal, self._unsaved.append))

        return run(ask, toolbox, self._tools.max_turns)

    def _open(self, added: Sequence[Message]) -> _Opened:
        """Make one call of the model ready: about all that was said, and what is added to that."""
        call, history = self._who.call(self._tag), self._load()
        if added and (note := left_out(history)):
            self._notify(note)
        added = (*unanswered(self._said(history), added), *added)
        request = self._request(history, added)
        session = history.session if history and self._keep else None
        size = size_of(request)
        allowance = self._allowance()
        gate, tools = self._who.composer.gate(strict=allowance is not None), self._toolbox is not None
        beside = self._who.recording(call)
        turn = Turn(call, self._who.target.card, session, added, size, gate, tools=tools, beside=beside)
        comes_back = history if self.stored and not allowance else None
        housed = self._who.composer.housed(comes_back) if comes_back else self._who.target.provider
        journal = self._who.journal(turn, Spending(allowance, self.spent, self._earlier), self._notify)
        return _Opened(Agent(housed, journal, self._who.target.name), request, journal, turn)

    async def _asked(self, opened: _Opened, held: ExitStack) -> AsyncGenerator[AgentEvent, None]:
        """Run one call; keep in mind what it cost, and what was said where that is not stored."""
        turn, journal, asked_at = opened.turn, opened.journal, ledger.now()
        if not self._keep:  # what is not kept has no session whose lock would tell that its process lives
            held.enter_context(hold(self._db, self._catalog, turn.call.call_id, self._notify))
        try:
            async with aclosing(opened.agent.run(opened.request)) as events:
                async for event in events:
                    if isinstance(event, Finished | Failed) and journal.begun and not self._keep:
                        self._asked_at.append(asked_at)
                        self._unsaved += [*turn.opening, event.message] if event.message else turn.opening
                    if isinstance(event, Failed) and turn.session:
                        _tell_way_out(event.error, opened.request, turn.session.id)
                    yield event
        finally:
            self.spent += journal.cost
            if journal.begun:
                self.stored, self._system = self._keep, None
                self._who.begun()

    def preview(self, message: Message) -> tuple[Preview, Quote]:
        """What `turn` would send now, and what that is about to cost; nothing is sent or stored."""
        added = self._opening(message)  # first of all, for it says who is asked
        request = self._request(self._load(), added)
        size = size_of(request)
        cost = price(Usage(uncached_input=size), self._who.target.card)
        return self._who.target.provider.preview(request), Quote(size, cost)

    def planned(self, wanted: Wanted) -> Plan:
        """How `compaction` would make the conversation shorter, and what that is about to cost; see `compaction.plan`.

        Nothing is sent or stored.
        """
        from agentctl.compaction import plan  # noqa: PLC0415 - hardly any turn needs it

        return plan(self._said(self._load()), wanted, self._summariser())

    @contextmanager
    def compaction(self, wanted: Wanted, notify: Notify) -> Iterator[Coroutine[Any, Any, Compacted]]:
        """Hold the session, and give what makes the conversation shorter to be awaited meanwhile.

        A summary is added to it, which stands from then on for all before the turns that are kept; nothing is deleted.
        Cancelled, or failed, it leaves the conversation as it was; what was paid for is charged.

        Raises:
            LockBusyError: another process did not finish its turn in ten minutes.
        """
        with self._begun(notify) as held:
            yield self._compacted(wanted, held)

    async def _compacted(self, wanted: Wanted, held: ExitStack) -> Compacted:
        from agentctl.compaction import plan  # noqa: PLC0415 - hardly any turn needs it
        from agentctl.summarising import about, compacted, summarise  # noqa: PLC0415

        history, model = await asyncio.to_thread(self._load), self._summariser()
        found = await asyncio.to_thread(plan, self._said(history), wanted, model)
        costs: list[Decimal | None] = []

        async def ask(text: str) -> Message:
            answer, cost = await self._aside(about(text, wanted.instructions), found.longest, held)
            costs.append(cost)
            return answer

        done = compacted(found, await summarise(found, model, wanted, ask), model, costs)
        await uninterrupted(asyncio.to_thread(self._add, history, done.message))
        return done

    def _add(self, history: History | None, message: Message) -> None:
        if self._keep and history:
            session = history.session
            self._db.write(lambda tx: sessions.append(tx, session, message))
        else:
            self._unsaved.append(message)
            self._cold = len(history.asked_at if history else ()) + len(self._asked_at)

    async def _aside(
        self, messages: Sequence[Message], longest: int, held: ExitStack
    ) -> tuple[Message, Decimal | None]:
        """Ask the model about something else than the conversation; what that costs is the conversation's."""
        from agentctl.aside import ask  # noqa: PLC0415 - hardly any turn needs it

        call, allowance = self._who.call(self._tag), self._allowance()
        request = self._who.apart.request(messages, Options(longest), ())
        gate = self._who.apart.gate(strict=allowance is not None)
        turn = Turn(call, self._who.target.card, None, (), size_of(request), gate, aside=True)
        journal = self._who.journal(turn, Spending(allowance, self.spent, self._earlier), self._notify)
        if call.session_id is None:
            held.enter_context(hold(self._db, self._catalog, call.call_id, self._notify))
        try:
            return await ask(Agent(self._who.target.provider, journal, self._who.target.name), request, self._notify)
        finally:
            self.spent += journal.cost

    def _summariser(self) -> Model:
        from agentctl.compaction import summariser  # noqa: PLC0415 - hardly any turn needs it

        return summariser(self._who.target.card, self._options, self._who.composer.observed())

    async def aclose(self) -> None:
        """Let go of the provider's connections, and of what the tools hold."""
        await self._who.aclose()
        if self._tools:
            await self._tools.aclose()

    def _request(self, history: History | None, added: Sequence[Message]) -> Request:
        asked_at = (*(history.asked_at if history else ()), *self._asked_at)
        asked_at = (*(at - COLD for at in asked_at[: self._cold]), *asked_at[self._cold :], ledger.now())
        options = self._who.options(self._options)
        return self._who.composer.request((*self._said(history), *added), options, asked_at)

    def _said(self, history: History | None) -> tuple[Message, ...]:
        return (*(history.messages if history else ()), *self._unsaved)

    def _load(self) -> History | None:
        """Read the session as it is now: another process may have added to it."""
        source = self.session_id if self.stored else None if self._keep else self._earlier
        return self._db.read(lambda tx: read(tx, source)) if source else None


def _tell_way_out(error: AgentctlError, request: Request, session_id: str) -> None:
    """Say what makes a conversation fit again, if that is what is wrong and there is something to summarise."""
    if isinstance(error, ContextOverflowError) and any(one.role == "assistant" for one in request.messages):
        error.hint = "; or ".join(filter(None, (f"agentctl sessions compact {session_id}", error.hint)))


def _tell_nobody(_: str) -> None:
    """Nobody listens before the first turn."""
