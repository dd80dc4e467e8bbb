"""Has every action answer every task, once: what was answered before is replayed, what is new is graded and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agentctl.errors import AgentctlError, BudgetError, InterruptError
from agentctl.learning.live.answers import Answer, Answers

_PATIENCE = 3  # failures of a provider, one after the other, until a run gives up


class Grade(Protocol):
    """What a grader says of an answer."""

    @property
    def value(self) -> float:
        """How good it is, 0 to 1."""
        ...

    @property
    def note(self) -> str:
        """Why."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """A question without outcomes: `grader` tells graders apart, and `grade` is it."""

    id: str
    prompt: str
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
    """The answers by task and action, as far as they came; `stopped` is why not all did.

    `complete` are the tasks that every action has answered.
    """

    answers: Mapping[str, Mapping[str, Answer]]
    complete: Sequence[str]
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
) -> Collected:
    """Collect the outcomes of `tasks`, at most `parallel` at once; `progress` is told how many of how many are there.

    The actions are closed at its end.

    A budget that is used up ends it, as does a provider that fails again and again. What was answered by then is kept,
    and the next run asks for the rest.
    """
    work = _Work(kept, {task.id: {} for task in tasks}, progress, len(tasks) * len(actions))
    waiting = ((task, name, action) for task in tasks for name, action in actions.items())
    try:
        await asyncio.gather(*(work.through(waiting) for _ in range(parallel)))
    finally:
        await asyncio.gather(*(action.aclose() for action in actions.values()))
    complete = [task for task, answers in work.answers.items() if len(answers) == len(actions)]
    return Collected(work.answers, complete, work.asked, work.replayed, work.stopped)


@dataclass(slots=True)
class _Work:
    kept: Answers
    answers: dict[str, dict[str, Answer]]
    progress: Callable[[int, int], None]
    total: int
    asked: int = 0
    replayed: int = 0
    failures: int = 0
    stopped: AgentctlError | None = None

    async def through(self, waiting: Iterator[tuple[Task, str, Action]]) -> None:
        for task, name, action in waiting:
            if self.stopped:
                return
            try:
                self.answers[task.id][name] = await self._answer(task, name, action)
                self.failures = 0
            except AgentctlError as error:
                self.failures += 1
                if isinstance(error, BudgetError | InterruptError) or self.failures >= _PATIENCE:
                    self.stopped = error
            self.progress(self.asked + self.replayed, self.total)

    async def _answer(self, task: Task, name: str, action: Action) -> Answer:
        key = action.key(task.prompt)
        known = self.kept.get(key)
        if known and known.grader == task.grader:
            self.replayed += 1
            return known
        said = Asked(known.text, known.tokens, known.cost) if known else await action.ask(task.prompt)
        grade = await task.grade(task.prompt, said.text)
        answer = Answer(key, name, said.text, said.tokens, said.cost, task.grader, grade.value, grade.note)
        await asyncio.to_thread(self.kept.add, answer)
        self.asked += not known
        self.replayed += bool(known)
        return answer
