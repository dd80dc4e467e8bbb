"""The beginning and the end of an output of any length."""

from __future__ import annotations

from collections import deque


class Capture:
    """Keeps the first `head` bytes and, about, the last `tail` of what is added; the rest is counted only."""

    def __init__(self, head: int = 64 << 10, tail: int = 64 << 10) -> None:
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._head_size, self._tail_size = head, tail
        self._held = 0
        self.size = 0

    def add(self, data: bytes) -> None:
        """Take more of the output."""
        self.size += len(data)
        room = self._head_size - len(self._head)
        self._head += data[:room]
        if rest := data[room:]:
            self._tail.append(rest[-self._tail_size :])
            self._held += len(self._tail[-1])
            while self._held - len(self._tail[0]) >= self._tail_size:
                self._held -= len(self._tail.popleft())

    def text(self) -> str:
        """What is kept, with a line that says how much is missing where something is."""
        tail = b"".join(self._tail)[-self._tail_size :]
        missing = self.size - len(self._head) - len(tail)
        if not missing:
            return (self._head + tail).decode(errors="replace")
        gap = f"\n[… {missing} bytes left out …]\n"
        return self._head.decode(errors="replace") + gap + tail.decode(errors="replace")
