"""Budgets from the command line: set, shown and cleared, and never passed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pexpect
import pytest
from support.backends import POSTGRES, Backends
from support.completions import completion
from support.meter import PRICES, Meter
from support.program import AGENTCTL, PATIENCE, Outcome, Program
from support.schemas import validate
from support.server import Server, Stall

FULL = bool(os.environ.get("AGENTCTL_TEST_FULL"))
CROWD = 64 if FULL else 16  # processes
DEAD = 10 if FULL else 4
ASK = ("chat", "-m", "compatible/m")
DOLLAR = 10**12  # pico-dollars


def _ask(program: Program, server: Server, *more: str) -> Outcome:
    return program.run(*ASK, "--base-url", f"{server.url}/v1", *more, "hi")


def _show(program: Program) -> dict[str, dict[str, str]]:
    shown = program.run("budget", "show", "--json").json
    validate("budget-show", shown)
    return {one["budget"]: one for one in shown["budgets"]}


def test_a_budget_is_set_shown_and_cleared(program: Program) -> None:
    """It stands in the user's file, beside its time zone, and leaves the rest of that file alone."""
    program.configure('# mine\ntag = "x"\n')
    done = program.run("budget", "set", "day", "2.50", "--zone", "Asia/Tokyo", "--json")
    validate("budget-set", done.json)
    assert program.run("budget", "set", "month", "40").code == 0
    shown = _show(program)
    assert {name: one["limit_usd"] for name, one in shown.items()} == {"day": "2.5", "month": "40"}
    assert shown["day"]["resets_at"].endswith("T15:00:00.000000Z")  # midnight in Tokyo
    assert program.run("config", "get", "budget.zone").out == "Asia/Tokyo\n"
    cleared = program.run("budget", "clear", "day", "--json").json
    validate("budget-clear", cleared)
    assert cleared["cleared"] == ["day"]
    assert list(_show(program)) == ["month"]
    assert program.run("budget", "clear").code == 0
    assert "there is no budget" in program.run("budget", "show").err
    assert (program.home / ".config/agentctl/config.toml").read_text().startswith('# mine\ntag = "x"\n')


def test_a_budget_that_another_place_sets_is_told(program: Program) -> None:
    """Clearing says what still holds, and where to look."""
    program.environ["AGENTCTL_BUDGET_DAY"] = "1"
    done = program.run("budget", "clear")
    assert "still set elsewhere: day" in done.err
    assert _show(program)["day"]["origin"] == "env"


@pytest.mark.parametrize(
    "arguments",
    [("set", "day", "much"), ("set", "day", "-1"), ("set", "day", "1e3"), ("set", "day", "10000000"),
     ("set", "week", "1"), ("set", "day", "1", "--zone", "Mars/Olympus")],
)  # fmt: skip
def test_what_is_no_budget_is_refused(program: Program, arguments: tuple[str, ...]) -> None:
    """A wrong amount, scope or zone is told with what it takes, and nothing is written."""
    done = program.run("budget", *arguments)
    assert done.code == 2
    assert "hint: " in done.err
    assert not (program.home / ".config/agentctl/config.toml").exists()


def test_a_call_that_would_pass_a_budget_is_not_sent(program: Program) -> None:
    """It leaves with 5, says what is left and when that resets, and keeps nothing: no request, no session, no cost."""
    program.configure(f'{PRICES}[budget]\nday = "0.01"\nzone = "UTC"\n')
    with Server(completion("hi")) as server:
        done = _ask(program, server)
    assert (done.code, done.out, server.requests) == (5, "", [])
    assert "$0.010 of $0.010 of today's budget is left" in done.err
    assert "hint: it resets at " in done.err
    assert program.run("sessions", "list", "--json").json == []
    assert _show(program)["day"]["reserved_usd"] == "0"


def test_near_a_limit_the_answer_is_clamped(program: Program) -> None:
    """What is left buys a shorter answer: the server is told, and so is the user."""
    program.configure(f'{PRICES}[budget]\nsession = "0.04"\n')
    with Server(Meter()) as server:
        done = _ask(program, server)
        asked = server.requests[0].json["max_tokens"]
    assert done.code == 0
    assert 256 <= asked < 400
    assert f"the answer is limited to {asked} tokens: $0.040 of $0.040 of the session's budget is left" in done.err
    assert Decimal(program.run("cost", "--json").json["cost_usd"]) <= Decimal("0.04")


def test_the_command_itself_can_have_a_limit(program: Program) -> None:
    """--max-cost refuses what it does not cover, and takes dollars as a budget does."""
    program.configure(PRICES)
    with Server(completion("hi")) as server:
        assert _ask(program, server, "--max-cost", "0.001").code == 5
        assert _ask(program, server, "--max-cost", "$1").code == 0
        wrong = _ask(program, server, "--max-cost", "cheap")
    assert (wrong.code, "hint: it takes dollars" in wrong.err) == (2, True)
    assert len(server.requests) == 1


def test_a_model_of_unknown_price_is_refused_under_a_budget(program: Program) -> None:
    """The hint says how to give it a price, and that makes it work."""
    with Server(completion("hi")) as server:
        program.environ["AGENTCTL_BUDGET_DAY"] = "1"
        done = _ask(program, server)
        assert (done.code, server.requests) == (5, [])
        assert "the price of compatible/m is unknown" in done.err
        assert program.run("config", "set", 'models."compatible/m".input', "0.15").code == 0
        assert program.run("config", "set", 'models."compatible/m".output', "0.15").code == 0
        assert _ask(program, server).code == 0


def test_a_free_model_needs_no_budget(program: Program) -> None:
    """What costs nothing is sent under a budget of nothing, with an answer of any length."""
    program.configure('[models."compatible/m"]\ninput = 0\noutput = 0\n[budget]\nday = 0\n')
    with Server(completion("hi")) as server:
        assert _ask(program, server).code == 0
    assert "max_tokens" not in server.requests[0].json


def test_what_others_reserved_is_waited_for(program: Program) -> None:
    """A second process waits, says so, and goes on when the first one is done; with no patience it is refused."""
    program.configure(f'{PRICES}[budget]\nday = "0.06"\n')
    with Server([*completion("a")[:2], Stall(), *completion("a")[2:]], completion("b")) as server:
        first = program.start(*ASK, "--base-url", f"{server.url}/v1", "hi")
        server.wait_request()
        impatient = _ask(program, server, "--budget-wait", "0")
        assert impatient.code == 5
        assert "being reserved by calls under way" in impatient.err
        assert "a longer --budget-wait" in impatient.err
        second = program.start(*ASK, "--base-url", f"{server.url}/v1", "hi")
        assert second.stderr
        assert b"waiting for calls under way" in second.stderr.readline()
        server.release()
        assert second.wait(PATIENCE) == first.wait(PATIENCE) == 0
        for process in (first, second):
            process.communicate()


def _kill(program: Program, server: Server, seen: Callable[[], object]) -> None:
    """Kill a process that asks, once something of it is seen."""
    process = program.start(*ASK, "--base-url", f"{server.url}/v1", "hi")
    seen()
    process.kill()
    process.communicate()


def test_a_crash_after_sending_books_all_that_the_call_could_cost(program: Program) -> None:
    """The provider may have billed it; what is left of the budget counts with that, and the words are kept."""
    program.configure(f'{PRICES}[budget]\nday = "1"\n')
    with Server([*completion("a")[:2], Stall()]) as server:
        _kill(program, server, server.wait_request)
    booked = program.run("cost", "--json").json
    assert booked["usage"]["output"] == 500
    assert Decimal("0.05") < Decimal(booked["cost_usd"]) < Decimal("0.06")
    account = _show(program)["day"]
    assert (account["spent_usd"], account["reserved_usd"]) == (booked["cost_usd"], "0")


def test_a_crash_before_sending_costs_nothing(program: Program) -> None:
    """A process that dies while it looks for its key has reserved and not sent: the next one lets that go."""
    sign = program.home / "asked"
    os.mkfifo(sign)
    server = (
        f"""[servers.slow]\nbase_url = "http://127.0.0.1:9"\nkey = "!sh -c 'echo yes > {sign}; read no < {sign}'"\n"""
    )
    program.configure(f'{server}[models."slow/m"]\ninput = "10"\noutput = "100"\n[budget]\nday = "1"\n')
    process = program.start("chat", "-m", "slow/m", "hi")
    assert sign.read_text() == "yes\n"
    assert Decimal(_show(program)["day"]["reserved_usd"]) > Decimal("0.8")
    process.kill()
    process.communicate()
    account = _show(program)["day"]
    assert (account["spent_usd"], account["reserved_usd"]) == ("0", "0")
    (session,) = program.run("sessions", "list", "--json").json
    assert session["messages"] == 1  # what was said is kept
    sign.write_text("no\n")  # the command that looked for the key can go


def test_a_timeout_books_all_that_the_call_could_cost(program: Program) -> None:
    """Nobody knows whether the server goes on, so the worst is booked; a loop of short timeouts passes no limit."""
    program.configure(f'{PRICES}[budget]\nday = "0.12"\n')
    with Server([Stall()]) as server:
        codes = [_ask(program, server, "--timeout", "0.3").code for _ in range(4)]
    assert codes == [7, 7, 5, 5]  # what is left after two of $0.05 is not worth a call
    assert len(server.requests) == 2
    assert Decimal("0.1") < Decimal(program.run("cost", "--json").json["cost_usd"]) <= Decimal("0.12")


def test_a_free_model_goes_on_after_the_budget_is_spent(program: Program) -> None:
    """A limit that was lowered below what is spent stops what costs something, and nothing else."""
    program.configure(f'{PRICES}[models."compatible/free"]\ninput = 0\noutput = 0\n')
    with Server(completion("hi")) as server:
        assert _ask(program, server).code == 0
        program.environ["AGENTCTL_BUDGET_DAY"] = "0.000001"
        assert _ask(program, server).code == 5
        assert program.run("chat", "-m", "compatible/free", "--base-url", f"{server.url}/v1", "hi").code == 0


def test_a_budget_needs_a_database_that_lasts(program: Program) -> None:
    """One that forgets what was spent would give each process all of it; a limit of the command alone needs none."""
    program.configure(PRICES)
    with Server(completion("hi")) as server:
        program.environ |= {"AGENTCTL_DATABASE_URL": ":memory:", "AGENTCTL_BUDGET_DAY": "1"}
        refused = _ask(program, server)
        assert (refused.code, "a database that forgets" in refused.err) == (3, True)
        del program.environ["AGENTCTL_BUDGET_DAY"]
        assert _ask(program, server, "--max-cost", "1").code == 0


def test_a_session_that_is_gone_on_with_unkept_counts(program: Program) -> None:
    """--no-save -r is held to what the session has spent."""
    program.configure(f'{PRICES}[budget]\nsession = "0.06"\n')
    with Server(Meter(lengths=(480, 480))) as server:
        assert _ask(program, server).code == 0
        assert _ask(program, server, "-c", "--no-save").code == 5


def test_a_budget_that_is_raised_counts_at_once(program: Program) -> None:
    """A conversation in a terminal goes on when the budget that stopped it is raised elsewhere."""
    program.configure(f'{PRICES}[budget]\nday = "0.01"\n')
    with Server(completion("hello")) as server:
        ask = [*ASK, "--base-url", f"{server.url}/v1"]
        chat = pexpect.spawn(str(AGENTCTL), ask, env=program.environment, cwd=program.home, timeout=PATIENCE)
        chat.sendline("hi")
        chat.expect("of today's budget is left")
        assert program.run("budget", "set", "day", "5").code == 0
        chat.sendline("hi")
        chat.expect("hello")
        chat.expect("> ")
        chat.sendeof()
        chat.expect(pexpect.EOF)
        chat.close()


def _crowd(program: Program, server: Server, dead: int) -> list[int]:
    """Let many processes ask at once, of which some are killed on the way; return their exit codes."""
    chosen = random.Random(dead)
    ask = [*ASK, "--base-url", f"{server.url}/v1", "-q", "hi"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    crowd = [program.start(*ask, **quiet) for _ in range(CROWD)]
    for process in crowd[:dead]:
        threading.Timer(chosen.uniform(0.3, CROWD / 8), process.send_signal, (signal.SIGKILL,)).start()
    return [process.wait(PATIENCE * 3) for process in crowd]


@pytest.mark.parametrize(("backend", "dead"), [("file", 0), ("file", DEAD), (POSTGRES[0], 0), (POSTGRES[-1], DEAD)])
def test_no_number_of_processes_passes_a_budget(
    program: Program, backends: Backends, tmp_path: Path, backend: str, dead: int
) -> None:
    """However many ask at once, and die, the server bills no more than the budget, and nearly all of it is used."""
    with backends.url(backend, tmp_path) as url:
        program.environ["AGENTCTL_DATABASE_URL"] = url
        _crowd_under_a_budget(program, dead)


def _crowd_under_a_budget(program: Program, dead: int) -> None:
    budget = Decimal(1) if FULL else Decimal("0.30")
    program.configure(f'{PRICES}[budget]\nday = "{budget}"\n')
    meter = Meter()
    with Server(meter) as server:
        codes = _crowd(program, server, dead)
    assert set(codes) <= {0, 5, -signal.SIGKILL}
    assert codes.count(0) > 1
    account = _show(program)["day"]  # which settles what the dead left
    booked = Decimal(account["spent_usd"])
    assert Decimal(account["reserved_usd"]) == 0
    assert Decimal(meter.billed).scaleb(-12) <= booked <= budget
    assert booked >= budget * Decimal("0.8")
    if not dead:
        assert Decimal(meter.billed).scaleb(-12) >= budget * Decimal("0.8")
