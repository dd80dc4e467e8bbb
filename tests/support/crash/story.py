"""What a writer writes, in an order that its seed decides, and what must then be found of it.

`python story.py PATH SEED COUNT` is the writer. It says a line for each thing once it is durable, and then everything
before it is too, for one thing follows the other:

    message N   message N is there
    reserve N   the call whose answer is message N is reserved
    draft N K   the first K pieces of that answer are kept
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random

from agentctl.economy import ledger
from agentctl.economy.ledger import Call
from agentctl.messages import Message, Text, user
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.sqlite.file import open_sqlite
from agentctl.usage import Usage

LINES = 3  # sessions that are written in turn
PIECES = 3  # of a draft
WAL_LIMIT = 150_000  # bytes: small, so that there are checkpoints


@dataclass(frozen=True, slots=True)
class Story:
    """Messages 0, 1, 2 … of which some are answers that were called for."""

    seed: int

    def text(self, number: int) -> str:
        """The text of a message: mostly short, sometimes of several pages."""
        return _text(self.seed, number)

    def message(self, number: int) -> Message:
        """The message."""
        return Message("assistant", (Text(self.text(number)),)) if self.is_answer(number) else user(self.text(number))

    def is_answer(self, number: int) -> bool:
        """Whether it is an answer, which a call was made for."""
        return Random(f"{self.seed}/answer {number}").random() < 0.3

    def cost(self, number: int) -> Decimal:
        """What the call cost."""
        return Decimal(number + 1).scaleb(-6)


@functools.cache
def _text(seed: int, number: int) -> str:
    chance = Random(f"{seed}/{number}")
    return f"{number} {chance.randbytes(chance.choice((10, 150, 500, 1500, 10_000))).hex(' ', 4)}"


def session_id(number: int) -> str:
    """The id of the session that a message belongs to."""
    return f"{number % LINES:026d}"


def message_id(number: int) -> str:
    """The id of a message."""
    return f"{number:025d}m"


def call_of(number: int) -> Call:
    """The call whose answer is a message."""
    return Call(f"call {number}", session_id(number), "p", "m")


def append(tx: Transaction, story: Story, number: int) -> None:
    """Add a message; the first of a session begins it."""
    if number < LINES:
        sessions.create(tx, session_id=session_id(number))
    session = sessions.get(tx, session_id(number))
    sessions.append(tx, session, story.message(number), message_id=message_id(number))


def settle(tx: Transaction, story: Story, number: int) -> None:
    """Make a message of the draft, and charge its call."""
    append(tx, story, number)
    sessions.close_draft(tx, call_of(number).call_id)
    usage = Usage(number, 0, 0, 0, 1)
    ledger.charge(tx, call_of(number), usage, story.cost(number), "final", None, message_id(number))


def write(database: Database, story: Story, number: int) -> Iterator[str]:
    """Write a message, and say what is durable of it."""
    if number < LINES or not story.is_answer(number):
        database.write(partial(append, story=story, number=number))
        yield f"message {number}"
        return
    call = call_of(number)
    database.write(lambda tx: ledger.reserve(tx, call, Usage(number), story.cost(number)))
    yield f"reserve {number}"
    database.write(lambda tx: sessions.open_draft(tx, sessions.get(tx, session_id(number)), call.call_id))
    for piece in range(PIECES):
        text = f"{piece} {story.text(number)}"
        database.write(partial(sessions.add_draft, run_id=call.call_id, seq=piece, chunk=text))
        yield f"draft {number} {piece + 1}"
    database.write(partial(settle, story=story, number=number))
    yield f"message {number}"


def write_at_once(database: Database, story: Story, numbers: Iterable[int]) -> Iterator[str]:
    """Write messages in one group, as far as the writer makes one of them."""
    futures = [(number, database.submit(partial(append, story=story, number=number))) for number in numbers]
    for number, future in futures:
        future.result()
        yield f"message {number}"


def tell(path: Path, story: Story, count: int) -> Iterator[str]:
    """Write so many messages; now and then close the database and open it again."""
    chance, number = Random(story.seed), 0
    while number < count:
        with closing(open_sqlite(path, wal_limit=WAL_LIMIT)) as database:
            for _ in range(chance.randint(3, 12)):
                group = range(number, number + chance.randint(1, 4))
                if number >= LINES and len(group) > 1 and not any(map(story.is_answer, group)):
                    yield from write_at_once(database, story, group)
                    number += len(group)
                else:
                    yield from write(database, story, number)
                    number += 1


def main(path: str, seed: str, count: str) -> None:
    """Be the writer."""
    for line in tell(Path(path), Story(int(seed)), int(count)):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
