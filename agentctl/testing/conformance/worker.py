"""Another process that uses the store of a check: `Workers` starts some, `python -m` this module is one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from decimal import Decimal
from functools import partial
from typing import Any, Self

from agentctl.economy import budget, ledger
from agentctl.economy.budget import Limits
from agentctl.economy.ledger import Call
from agentctl.ids import new_id
from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.base import Database
from agentctl.store.sessions import Session
from agentctl.testing.conformance.check import PATIENCE, Store, Violation, named
from agentctl.usage import Usage

Deed = Callable[[Database, Any], object]


class Worker:
    """A process that waits for `go`, does its deed, and says with `told` what came of it."""

    def __init__(self, store: Store, deed: str, argument: object) -> None:
        arguments = [sys.executable, "-m", __name__, store.opener, store.url or "", deed, json.dumps(argument)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(arguments, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def go(self) -> Self:
        """Let it begin, or end what it holds."""
        if self._process.stdin:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        return self

    def told(self) -> Any:
        """What it says next.

        Raises:
            Violation: it failed and says nothing more.
        """
        line = self._process.stdout.readline() if self._process.stdout else ""
        if line:
            return json.loads(line)
        error = self._process.stderr.read() if self._process.stderr else ""
        raise Violation(f"a process that used the store failed: {error.strip()}")

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.kill()


@contextmanager
def workers(store: Store, deed: str, arguments: list[Any]) -> Iterator[list[Worker]]:
    """Processes for each argument that are all ready to begin."""
    with ExitStack() as stack:
        started = [stack.enter_context(Worker(store, deed, argument)) for argument in arguments]
        for worker in started:
            worker.told()
        yield started


def together(store: Store, deed: str, arguments: list[Any]) -> list[Any]:
    """Let a process for each argument begin at the same time, and return what each told."""
    with workers(store, deed, arguments) as started:
        for worker in started:
            worker.go()
        return [worker.told() for worker in started]


def _append(database: Database, argument: list[Any]) -> dict[str, Any]:
    session, texts = Session(**argument[0]), argument[1]
    for text in texts:
        session, _ = database.write(partial(sessions.append, session=session, message=user(text)))
    return {"branch_id": session.branch_id, "next_seq": session.next_seq}


def _reserve(database: Database, argument: list[Any]) -> int:
    tries, cost, limit = argument
    reserve = partial(budget.reserve, usage=Usage(), cost=cost, limits=Limits(day=Decimal(limit)))
    calls = [Call(new_id(), None, "provider", "model") for _ in range(tries)]
    return sum(database.write(partial(reserve, call=call)) for call in calls)


def _charge(database: Database, costs: list[str]) -> int:
    for cost in costs:
        call = Call(new_id(), None, "provider", "model")
        charge = partial(ledger.charge, call=call, usage=Usage(1), cost=Decimal(cost), status="final")
        database.write(partial(charge, price_version=None, message_id=None))
    return len(costs)


def _hold(database: Database, name: str) -> str:
    with database.lock(name, wait=PATIENCE):
        _tell("held")
        _wait()
    return "freed"


def _create(database: Database, name: str) -> str:
    return database.write(partial(sessions.create, name=name)).id


_DEEDS: dict[str, Deed] = {"append": _append, "reserve": _reserve, "charge": _charge, "hold": _hold, "create": _create}


def _tell(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _wait() -> None:
    sys.stdin.readline()


def _main(opener: str, url: str, deed: str, argument: str) -> None:
    signal.alarm(int(2 * PATIENCE))  # whatever the store does, this ends
    connect = named(opener)
    if deed == "create":  # for this one the opening is what they do at the same time
        _begin()
    with closing(connect(url)) as database:
        if deed != "create":
            _begin()
        done = _DEEDS[deed](database, json.loads(argument))
    _tell(done)


def _begin() -> None:
    _tell("ready")
    _wait()


if __name__ == "__main__":
    _main(*sys.argv[1:])
