"""Has every action answer every task, once: what was answered before is replayed, what is new is graded and kept."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from agentctl.errors import AgentctlError, BudgetError, InterruptError, StorageError
from agentctl.learning.live.answers import Answer, Answers

_PATIENCE = 3  # failures of an action, one after the other, until a run gives up
_UNGRADED = ""  # the grader of an answer that none has judged yet


class Grade(Protocol):
    """What a grader says of an answer."""

    @property
    def value(self) -> float:
        """How good it is, 0 to 1."""
        ...

    @property
    def note(self) -> str | None:
        """Why, where there is something to say."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """A question, and the actions whose outcomes are missing: `grader` tells graders apart, and `grade` is it."""

    id: str
    prompt: str
    missing: Sequence[str]
    grader: str
    grade: Callable[[str, str], Awaitable[Grade]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: the answer, its tokens by bucket, and its cost in dollars as a decimal number."""

    text: str
    tokens: Mapping[str, int]
    cost: str | None


class Action(Protocol):
    """Somebody to ask."""

    def key(self, prompt: str) -> str:
        """What tells the question from others; see `answers.key`."""
        ...

    async def ask(self, prompt: str) -> Asked:
        """Ask through the agent loop, within the budgets; what it costs is booked.

        Raises:
            AgentctlError: there is no answer.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True, slots=True)
class Collected:
    """The answers by task and action, as far as they came; `stopped` is why not all did, None if all did."""

    answers: Mapping[str, Mapping[str, Answer]]
    asked: int
    replayed: int
    stopped: AgentctlError | None


async def collect(
    tasks: Sequence[Task],
    actions: Mapping[str, Action],
    kept: Answers,
    *,
    parallel: int,
    progress: Callable[[int, int], None],
    halt: Callable[[], bool] = lambda: False,
) -> Collected:
    """Collect what is missing of the outcomes of `tasks`, and close the actions.

    A budget that is used up ends it, as does an action that fails again and again, and `halt`, once it returns true.
    What was answered by then is kept, also what is under way, and the next run asks for the rest.

    Args:
        tasks: what is asked.
        actions: who is asked, by name.
        kept: the answers of earlier runs; those of this one are added.
        parallel: how many are asked at once.
        progress: told how many of how many answers are there.
        halt: asked before each question.
    """
    total = sum(len(task.missing) for task in tasks)
    work = _Work(kept, {task.id: {} for task in tasks}, progress, halt, total)
    waiting = ((task, name, actions[name]) for task in tasks for name in task.missing)
    try:
        await asyncio.gather(*(work.through(waiting) for _ in range(parallel)))
    finally:
        await asyncio.gather(*(action.aclose() for action in actions.values()))
    return Collected(work.answers, work.asked, work.replayed, work.stopped or work.failed)


@dataclass(slots=True)
class _Work:
    kept: Answers
    answers: dict[str, dict[str, Answer]]
    progress: Callable[[int, int], None]
    halt: Callable[[], bool]
    total: int
    asked: int = 0
    replayed: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    failed: AgentctlError | None = None
    stopped: AgentctlError | None = None
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def through(self, waiting: Iterator[tuple[Task, str, Action]]) -> None:
        for task, name, action in waiting:
            if self.stopped:
                return
            if self.halt():
                self.stopped = InterruptError()
                return
            key = action.key(task.prompt)
            try:
                async with self.locks.setdefault(key, asyncio.Lock()):  # the same question is asked once
                    self.answers[task.id][name] = await self._answer(key, task, name, action)
                self.failures[name] = 0
            except AgentctlError as error:
                self._count(name, error)
            self.progress(self.asked + self.replayed, self.total)

    def _count(self, name: str, error: AgentctlError) -> None:
        self.failed = error
        self.failures[name] += 1
        if isinstance(error, BudgetError | InterruptError | StorageError) or self.failures[name] >= _PATIENCE:
            self.stopped = self.stopped or error

    async def _answer(self, key: str, task: Task, name: str, action: Action) -> Answer:
        known = self.kept.get(key)
        if known and known.grader == task.grader:
            self.replayed += 1
            return known
        answer = known or await self._ask(key, task, name, action)
        grade = await task.grade(task.prompt, answer.text)
        graded = replace(answer, action=name, grader=task.grader, success=grade.value, note=grade.note or "")
        await asyncio.to_thread(self.kept.add, graded)
        self.asked += not known
        self.replayed += bool(known)
        return graded

    async def _ask(self, key: str, task: Task, name: str, action: Action) -> Answer:
        """Ask, and keep what was paid for, whatever becomes of its grade."""
        said = await action.ask(task.prompt)
        answer = Answer(key, name, said.text, said.tokens, said.cost, _UNGRADED, 0.0, "")
        await asyncio.to_thread(self.kept.add, answer)
        return answer
