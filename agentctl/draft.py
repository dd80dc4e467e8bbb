"""Keeps what is stored of an answer at most a blink behind what was yielded, and behind what its provider told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

from agentctl.assembly import assemble, coalesce
from agentctl.events import Delta, Start
from agentctl.messages import Part
from agentctl.usage import Usage

FLUSH_AFTER = 0.1  # seconds a delta waits for company before it is written
BEHIND_LIMIT = 0.2  # seconds after which the loop waits for the writer, so that what is shown is durable within 250 ms


@dataclass(frozen=True, slots=True)
class Piece:
    """What came of an answer since the piece before.

    Args:
        start: who answers, if that was told.
        counted: what came before `usage` was told.
        usage: what the answer has used so far, if that was told: of several the last.
        deltas: what came after that.
    """

    start: Start | None = None
    counted: tuple[Delta, ...] = ()
    usage: Usage | None = None
    deltas: tuple[Delta, ...] = ()


class _Pending:
    """What came and is not yet written."""

    def __init__(self) -> None:
        self.start: Start | None = None
        self.counted: list[Delta] = []
        self.usage: Usage | None = None
        self.deltas: list[Delta] = []

    def piece(self) -> Piece:
        return Piece(self.start, tuple(coalesce(self.counted)), self.usage, tuple(coalesce(self.deltas)))


class Draft:
    """The answer so far. `write` makes a piece of it durable and returns when it is."""

    def __init__(self, write: Callable[[Piece], Awaitable[None]]) -> None:
        self._write = write
        self._start = Start("")
        self._usage: Usage | None = None
        self._written: list[Delta] = []
        self._pending = _Pending()
        self._is_pending = False
        self._pending_since = self._behind_since = 0.0  # when the oldest event came that is unsent, and not durable
        self._writer: asyncio.Task[None] | None = None
        self._writing = False
        self._progress = asyncio.Event()

    def add(self, delta: Delta) -> bool:
        """Take a delta, to be written soon; return whether to `catch_up` before going on."""
        self._pending.deltas.append(delta)
        return self._is_behind()

    def hear(self, told: Start | Usage) -> bool:
        """Take what the provider tells, as `add` does; what it tells again is not written again."""
        if isinstance(told, Start):
            start = Start(told.model or self._start.model, told.response_id or self._start.response_id)
            if start == self._start:
                return False
            self._start = self._pending.start = start
        else:
            if told == self._usage:
                return False  # it counts no more than when it was told first
            self._usage = self._pending.usage = told
            self._pending.counted += self._pending.deltas
            self._pending.deltas = []
        return self._is_behind()

    def _is_behind(self) -> bool:
        now = monotonic()
        if not self._is_pending:
            self._is_pending, self._pending_since = True, now
        if self._writer is None:
            self._behind_since = now
            self._writer = asyncio.create_task(self._run())
        return now - self._behind_since > BEHIND_LIMIT

    async def catch_up(self) -> None:
        """Wait until the writer is no longer behind.

        Raises:
            StorageError: it can't write.
        """
        while (writer := self._writer) is not None and monotonic() - self._behind_since > BEHIND_LIMIT:
            if writer.done():
                writer.result()
            self._progress.clear()
            await self._progress.wait()

    async def stop(self) -> None:
        """End the writer; what is pending stays unwritten, for a whole message is about to replace the draft."""
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        self._take()
        if not self._writing:
            writer.cancel()
        await asyncio.wait([writer])
        if not writer.cancelled():
            writer.exception()  # taken, not raised: the settlement will meet the same trouble and tell of it

    async def save(self) -> None:
        """Let the writer finish: the message that is about to replace the draft has to wait for something else."""
        if self._writer is not None:
            await asyncio.wait([self._writer])

    def parts(self, provider: str) -> tuple[Part, ...]:
        """What there is of the answer; `provider` is whose it is."""
        piece = self._pending.piece()
        return assemble((*self._written, *piece.counted, *piece.deltas), provider)

    def _take(self) -> Piece:
        """The pending piece, which is nearly as good as written."""
        piece, self._pending, self._is_pending = self._pending.piece(), _Pending(), False
        self._written += (*piece.counted, *piece.deltas)
        return piece

    async def _run(self) -> None:
        try:
            while self._is_pending:
                await asyncio.sleep(self._pending_since + FLUSH_AFTER - monotonic())
                piece = self._take()
                self._behind_since = self._pending_since
                self._writing = True
                await self._write(piece)
                self._writing = False
                self._behind_since = self._pending_since if self._is_pending else monotonic()
                self._progress.set()
            self._writer = None
        finally:
            self._progress.set()
