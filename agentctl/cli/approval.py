"""Asks the user, in the terminal, whether a tool may do what it is about to."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agentctl.cli.render import plain, print_diff, print_note, print_question
from agentctl.errors import AgentctlError
from agentctl.tools.base import Asked, Decision
from agentctl.tools.rules import Rule, lasting

_LONGEST = 4096  # bytes of a line that a terminal takes
_SHORT = 60  # characters of a rule that fits into the question


class Terminal:
    """The user at the terminal that controls this process, whatever stands on standard input.

    `remember` is given the rule when the user allows calls like this one for good.
    """

    def __init__(self, remember: Callable[[Rule], None]) -> None:
        self._remember = remember
        self._asking = asyncio.Lock()

    async def decide(self, asked: Asked) -> Decision:
        """Show the plan and ask until there is an answer; an end of input is a no."""
        async with self._asking:
            print_note(plain(asked.plan.summary))
            print_diff(asked.plan.preview)
            return await self._answer(asked)

    async def _answer(self, asked: Asked) -> Decision:
        rule = lasting(asked)
        always = f" · a always here: {_short(rule)}" if rule else ""
        question = f"allow? y yes · n no{always} · or say what to do instead: "
        while True:
            print_question(question)
            with _asked_again(question):
                answer = await _line()
            match answer.strip().lower() if answer is not None else "n":
                case "":
                    continue
                case "a" | "always" if rule is None:
                    print_note("that can't be remembered: it is more than one plain line")
                    continue
                case "y" | "yes":
                    return Decision(allowed=True, by="user")
                case "n" | "no":
                    return Decision(allowed=False, by="user", reason="the user said no")
                case "a" | "always" if rule:
                    self._keep(rule)
                    return Decision(allowed=True, by="user")
            return Decision(allowed=False, by="user", reason=f"the user says: {(answer or '').strip()}")

    def _keep(self, rule: Rule) -> None:
        try:
            self._remember(rule)
        except AgentctlError as error:
            print_note(f"allowed for now: {error.message}")


def _short(rule: Rule) -> str:
    """The rule, or what it says where it would only repeat what stands above."""
    if rule.subject is None:
        return f"{rule.tool}, whatever it is called with"
    return plain(str(rule)) if len(str(rule)) <= _SHORT else f"{rule.tool} with this"


@contextmanager
def _asked_again(question: str) -> Iterator[None]:
    """Repeat the question when the user comes back to the program after Ctrl-Z."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGCONT, print_question, f"\n{question}")
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGCONT)


def has_terminal() -> bool:
    """Whether there is a user to ask: one who sees stderr, and has a terminal to answer on."""
    if not sys.stderr.isatty():
        return False
    try:
        os.close(_open())
    except OSError:
        return False
    return True


async def _line() -> str | None:
    """The next line that is typed, None at the end; what was typed before it was asked for does not count."""
    terminal = _open()
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        termios.tcflush(terminal, termios.TCIFLUSH)
        loop.add_reader(terminal, ready.set)
        await ready.wait()
        line = os.read(terminal, _LONGEST)
        termios.tcflush(terminal, termios.TCIFLUSH)  # the rest of what was pasted answers nothing else
    finally:
        loop.remove_reader(terminal)
        os.close(terminal)
    return line.decode(errors="replace") if line else None


def _open() -> int:
    """Open the terminal by its own name: /dev/tty can't be waited for everywhere."""
    try:
        name = os.ttyname(sys.stderr.fileno())
    except OSError:
        name = "/dev/tty"
    return os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
