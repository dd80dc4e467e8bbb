"""Keeps the stored draft of an answer at most a blink behind what was yielded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic

from agentctl.assembly import assemble, coalesce
from agentctl.events import Delta
from agentctl.messages import Part

FLUSH_AFTER = 0.1  # seconds a delta waits for company before it is written
BEHIND_LIMIT = 0.2  # seconds after which the loop waits for the writer, so that what is shown is durable within 250 ms


class Draft:
    """The answer so far. `write` makes deltas durable and returns when they are."""

    def __init__(self, write: Callable[[Sequence[Delta]], Awaitable[None]]) -> None:
        self._write = write
        self._written: list[Delta] = []
        self._pending: list[Delta] = []
        self._pending_since = self._behind_since = 0.0  # when the oldest delta came that is unsent, and not durable
        self._writer: asyncio.Task[None] | None = None
        self._writing = False
        self._progress = asyncio.Event()

    def add(self, delta: Delta) -> bool:
        """Take a delta, to be written soon; return whether to `catch_up` before going on."""
        now = monotonic()
        if not self._pending:
            self._pending_since = now
        self._pending.append(delta)
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
        self._written += self._pending
        self._pending = []
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
        return assemble((*self._written, *self._pending), provider)

    async def _run(self) -> None:
        try:
            while self._pending:
                await asyncio.sleep(self._pending_since + FLUSH_AFTER - monotonic())
                batch, self._pending = coalesce(self._pending), []
                self._behind_since = self._pending_since
                self._written += batch
                self._writing = True
                await self._write(batch)
                self._writing = False
                self._behind_since = self._pending_since if self._pending else monotonic()
                self._progress.set()
            self._writer = None
        finally:
            self._progress.set()
