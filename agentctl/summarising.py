"""Makes the summary of a conversation, round by round, by a plan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agentctl.context import marked
from agentctl.economy.cards import ModelCard
from agentctl.economy.money import EXACT, dollars
from agentctl.economy.preflight import Counted
from agentctl.errors import AgentctlError, ContextOverflowError
from agentctl.messages import Message, Summary, Text, user
from agentctl.transcript import pieces

KEEP = 2  # turns that are kept as they are, if nobody says how many
SPARE = 32  # part of a ceiling that is left free, for a whole may take a little more than its parts

_LONGEST = 8_192  # tokens that a summary may have
_SHARE = 8  # part of a window that a summary may take at most
_LEAST = 256  # tokens of a text that is worth a call

_TASK = (
    "You summarise a conversation between a user and an assistant, for the assistant to go on with in place of the "
    "conversation itself. Keep what was asked for, decided, found out and done, names, numbers, paths and code that "
    "are still needed, what files and tools showed, and what is still to do. Leave out what was superseded. Answer no "
    "question in it, and write nothing but the summary, much shorter than the conversation."
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to become of a conversation.

    Args:
        keep: how many of the user's last turns are kept as they are.
        instructions: what the summary is to heed besides, if anything.
        most: the most dollars that it is estimated at; None is no limit.
        fit: whether fewer turns are to be kept where so many leave no room in the model.
        before: what is to be asked next, for which room is to be made, if that is known.
    """

    keep: int = KEEP
    instructions: str | None = None
    most: Decimal | None = None
    fit: bool = False
    before: Message | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """Who summarises.

    Args:
        card: what is known of it.
        count: tells the tokens of messages, as they stand in a request of their own.
        whole: tells the tokens of the conversation's next request, given all messages of the conversation.
    """

    card: ModelCard
    count: Callable[[Sequence[Message]], Counted]
    whole: Callable[[Sequence[Message]], Counted]

    @property
    def longest(self) -> int:
        """The most tokens of a summary."""
        most = [size for size in (self.card.max_output, self.card.window and self.card.window // _SHARE) if size]
        return min([_LONGEST, *most])

    @property
    def room(self) -> int | None:
        """The most tokens that a request for a summary may have; None if that is not known."""
        known = [size for size in (self.card.max_input, self.card.window and self.card.window - self.longest) if size]
        return None if not known else min(known) - min(known) // SPARE

    def most(self, messages: Sequence[Message]) -> int:
        """The tokens of messages, at most as far as can be told."""
        counted = self.count(messages)
        return counted.tokens + counted.error_bar


@dataclass(frozen=True, slots=True)
class Plan:
    """A summary that is to be made.

    Args:
        cut: the place in the conversation up to which it stands for all.
        replaced: how many messages that is, and `tokens`: how many they have.
        texts: what is summarised in the first round.
        calls: how many calls that may take, all rounds together.
        cost: what they are likely to cost in dollars; None if that is not known.
        longest: the most tokens of a summary.
    """

    cut: int
    replaced: int
    tokens: int
    texts: tuple[str, ...]
    calls: int
    cost: Decimal | None
    longest: int

    def announced(self, model: str) -> str:
        """What to tell the user before, given the name of the model."""
        calls = f"{self.calls} calls" if self.calls > 1 else "one call"
        price = "its price is unknown" if self.cost is None else f"about {dollars(self.cost)}"
        return f"{model} summarises {self.replaced:,} messages ({self.tokens:,} tokens) in {calls}: {price}"


@dataclass(frozen=True, slots=True)
class Compacted:
    """What became of a conversation: `messages` with so many `tokens` are now a summary of `summary_tokens`.

    `calls` of the model cost `cost` dollars together, None if that is not known.
    """

    message: Message
    messages: int
    tokens: int
    summary_tokens: int
    calls: int
    cost: Decimal | None


def about(text: str, instructions: str | None) -> tuple[Message, ...]:
    """The messages that ask for a summary of a text."""
    more = f"\n\nHeed this in the summary: {instructions}" if instructions else ""
    asked = f"<conversation>\n{text}\n</conversation>\n\nSummarise the conversation.{more}"
    return (Message("system", (Text(_TASK),)), user(asked))


async def summarise(found: Plan, model: Model, wanted: Wanted, ask: Callable[[str], Awaitable[Message]]) -> Summary:
    """Make the summary, round by round.

    `ask` returns the answer to one text.

    Raises:
        AgentctlError: an answer is empty or cut off, or the summary is no shorter than what it stands for.
    """
    texts, calls = [*found.texts], 0
    while True:
        calls += len(texts)
        if calls > found.calls:
            raise AgentctlError("the summaries are too long to be summarised", hint="try another model with -m")
        answers = [_checked(await ask(text)) for text in texts]
        if len(answers) == 1:
            break
        parts = [f"[part {number} of {len(answers)}]\n{one}" for number, one in enumerate(answers, 1)]
        texts = pieces(parts, free(model, wanted.instructions), lambda text: model.most([user(text)]))
    summary = Summary(answers[0], found.cut)
    if (size := model.count([marked(summary)]).tokens) >= found.tokens:
        raise AgentctlError(
            f"the summary has {size:,} tokens, no less than what it stands for: the conversation stays as it is",
            hint="keep fewer turns with --keep, or try another model with -m",
        )
    return summary


def compacted(found: Plan, summary: Summary, model: Model, costs: Sequence[Decimal | None]) -> Compacted:
    """What became of it, given what each call cost."""
    known = [cost for cost in costs if cost is not None]
    total = Decimal(0)
    for cost in known:
        total = EXACT.add(total, cost)
    return Compacted(
        Message("user", (summary,)),
        found.replaced,
        found.tokens,
        model.count([marked(summary)]).tokens,
        len(costs),
        total if len(known) == len(costs) else None,
    )


def _checked(answer: Message) -> str:
    if answer.stop_reason == "max_tokens":
        raise AgentctlError(
            "the summary was cut off: the conversation stays as it is",
            hint="try another model with -m, or ask for less with --instructions",
        )
    if answer.stop_reason != "end_turn" or not answer.text.strip():
        raise AgentctlError(
            "the model gave no summary: the conversation stays as it is", hint="try another model with -m"
        )
    return answer.text.strip()


def free(model: Model, instructions: str | None) -> int | None:
    """The tokens that a text may have beside the words that ask for a summary of it."""
    if model.room is None:
        return None
    free = model.room - model.most(about("", instructions))
    if free < _LEAST:
        raise ContextOverflowError(
            f"{model.card.name} takes too little to summarise anything", hint="summarise it with another model: -m"
        )
    return free
