"""Outcomes of tasks that have none: models are asked on a real server, and nothing is paid for twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.replay import replaying
from support.server import Recorded, Responder, Server, answer

from agentctl.app import App
from agentctl.asking import Options
from agentctl.economy import totals
from agentctl.economy.periods import Period
from agentctl.errors import AgentctlError, BudgetError, ProviderError, StorageError
from agentctl.learning.live import Answers, Collected, Task, collect
from agentctl.learning.live.conversing import ModelAction, Place
from agentctl.learning.wallet import Wallet

CONFIG = """
database = "sqlite:///{home}/agentctl.db"
[servers.peer]
base_url = "{url}"
[models."peer/weak"]
input = 1
output = 1
[models."peer/strong"]
input = 100
output = 100
"""
PROMPTS = ("one and one", "two and two", "three and three")


@dataclass(frozen=True)
class Judged:
    """A grade."""

    value: float
    note: str = ""


async def _right(prompt: str, text: str) -> Judged:
    return Judged(float(text == f"right: {prompt}"))


def _answers(model: str, prompt: str) -> str:
    return f"right: {prompt}" if model == "strong" or prompt == PROMPTS[0] else "no idea"


@dataclass
class Bench:
    """Tasks, two models that answer them, and where the answers are kept."""

    app: App
    server: Server
    kept: Path

    def collect(
        self,
        *,
        most: Decimal | None = None,
        grader: str = "right",
        parallel: int = 2,
        grade: Any = None,
        prompts: Sequence[str] = PROMPTS,
    ) -> Collected:
        """Collect everything anew, within `most` dollars a command."""
        app = self.app
        place = Place(app.database, app.catalog, Wallet(lambda: app.allowance(most)), lambda _: None)
        actions = {one: ModelAction(place, app.target(f"peer/{one}"), Options(), None) for one in ("weak", "strong")}
        tasks = [Task(f"t{n}", prompt, ("weak", "strong"), grader, grade or _right) for n, prompt in enumerate(prompts)]
        with Answers(self.kept) as kept:
            return asyncio.run(collect(tasks, actions, kept, parallel=parallel, progress=lambda _done, _of: None))


@contextmanager
def _bench(home: Path, *scripts: Responder) -> Iterator[Bench]:
    (home / ".config/agentctl").mkdir(parents=True)
    with Server(*scripts) as server:
        (home / ".config/agentctl/config.toml").write_text(CONFIG.format(home=home, url=server.url))
        app = App({"HOME": str(home), "AGENTCTL_KEYRING": "off"})
        yield Bench(app, server, home / "answers.jsonl")
        app.database.close()


def test_every_action_answers_every_task_and_is_graded(tmp_path: Path) -> None:
    """The outcomes are those of the answers, each with its cost, and what was spent is in the ledger."""
    with _bench(tmp_path, replaying(_answers)) as bench:
        found = bench.collect()
        booked = bench.app.database.read(lambda tx: totals.by_tag(tx, Period()))["train"]
    graded = {task: {name: one.success for name, one in by.items()} for task, by in found.answers.items()}
    assert graded == {f"t{n}": {"weak": float(n == 0), "strong": 1.0} for n in range(3)}
    assert (found.asked, found.replayed, found.stopped) == (6, 0, None)
    costs = [Decimal(one.cost or "NaN") for by in found.answers.values() for one in by.values()]
    assert sum(costs) == booked.cost.known
    assert all(cost > 0 for cost in costs)


def test_what_was_paid_for_is_not_asked_again(tmp_path: Path) -> None:
    """A second run asks nobody; with another grader it grades the same answers anew."""
    with _bench(tmp_path, replaying(_answers)) as bench:
        first = bench.collect()
        asked = len(bench.server.requests)
        second, third = bench.collect(), bench.collect(grader="another")
        assert len(bench.server.requests) == asked == 6
    assert second.answers == first.answers
    assert (second.asked, second.replayed, third.replayed) == (0, 6, 6)
    assert {one.grader for by in third.answers.values() for one in by.values()} == {"another"}


def test_a_line_that_was_torn_is_as_if_it_was_not_written(tmp_path: Path) -> None:
    """After a crash in a grade its answer is graded anew; after one in an answer that is asked for again, it alone."""
    with _bench(tmp_path, replaying(_answers)) as bench:
        bench.collect(parallel=1)
        content = bench.kept.read_bytes()
        bench.kept.write_bytes(content[:-20])
        graded = bench.collect()
        assert (graded.asked, graded.replayed, graded.stopped) == (0, 6, None)
        bench.kept.write_bytes(content[: content[:-1].rindex(b"\n") - 20])
        again = bench.collect()
        assert (again.asked, again.replayed) == (1, 5)
        assert bench.collect().replayed == 6


def test_a_line_that_is_no_answer_is_as_if_it_was_not_written(tmp_path: Path) -> None:
    """Who has edited the file gets what makes sense in it."""
    with _bench(tmp_path, replaying(_answers)) as bench:
        bench.collect(parallel=1)
        lines = [json.loads(line) for line in bench.kept.read_text().splitlines()]
        wrong = [{"tokens": {"x": 1}}, {"tokens": None}, {"cost": "much"}, {"cost": "NaN"}, {"text": 1}, {"success": 2}]
        spoilt = [line | wrong[number // 2] for number, line in enumerate(lines)]
        bench.kept.write_text("".join(json.dumps(one) + "\n" for one in spoilt) + "[]\n1\n")
        assert bench.collect().asked == 6


def test_an_answer_that_no_grader_judged_is_not_paid_for_twice(tmp_path: Path) -> None:
    """What a grader fails at is kept and graded by the next run, which asks nobody."""

    async def fail(_prompt: str, _text: str) -> Judged:
        raise AgentctlError("no verdict")

    with _bench(tmp_path, replaying(_answers)) as bench:
        failed = bench.collect(grade=fail)
        asked = len(bench.server.requests)
        again = bench.collect()
        assert (again.asked, again.replayed, again.stopped) == (6 - asked, asked, None)
        assert len(bench.server.requests) == 6
    assert failed.stopped
    assert failed.asked + failed.replayed == 0


def test_one_question_of_two_tasks_is_asked_once(tmp_path: Path) -> None:
    """Tasks that run at once and ask the same share the answer."""
    with _bench(tmp_path, replaying(_answers)) as bench:
        found = bench.collect(prompts=PROMPTS[:1] * 3, parallel=6)
        assert (found.asked, found.replayed, len(bench.server.requests)) == (2, 4, 2)


def test_a_budget_ends_it_and_the_next_run_goes_on(tmp_path: Path) -> None:
    """What a limit allows is collected and kept; with more money the rest is asked for, and no more than that."""
    with _bench(tmp_path, replaying(_answers)) as bench:
        poor = bench.collect(most=Decimal("0.000001"), parallel=1)
        assert isinstance(poor.stopped, BudgetError)
        rich = bench.collect()
        assert rich.stopped is None
        assert len(bench.server.requests) == 6


def test_a_provider_that_keeps_failing_ends_it(tmp_path: Path) -> None:
    """A failure is no outcome: it is neither graded nor kept."""

    def refuse(request: Recorded) -> list[object]:
        return answer(400, {"error": {"message": "no"}})  # type: ignore[return-value]

    with _bench(tmp_path, refuse) as bench:  # type: ignore[arg-type]
        found = bench.collect(parallel=1)
    assert isinstance(found.stopped, ProviderError)
    assert found.asked == 0
    assert bench.kept.read_bytes() == b""


def test_two_runs_do_not_write_to_one_file(tmp_path: Path) -> None:
    """The second is told so at once."""
    with Answers(tmp_path / "a.jsonl"), pytest.raises(StorageError, match="in use"), Answers(tmp_path / "a.jsonl"):
        pass
