"""Sees every connection that this process tries to make, and lets through only those to loopback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_seen: list[list[str]] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and _seen and isinstance(arguments[1], tuple):
        address = str(arguments[1][0])
        _seen[-1].append(address)
        if address not in {"127.0.0.1", "::1"}:
            raise ConnectionRefusedError(111, "a test does not leave this machine")


@contextmanager
def connections() -> Iterator[list[str]]:
    """Yield the addresses that connections were tried to; those beyond loopback are refused."""
    if not hasattr(sys, "_agentctl_tests_watch_connections"):
        sys.addaudithook(_watch)  # for good: there is no way to take it off
        sys._agentctl_tests_watch_connections = True  # type: ignore[attr-defined]
    _seen.append([])
    try:
        yield _seen[-1]
    finally:
        _seen.pop()
