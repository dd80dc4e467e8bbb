"""`agentctl doctor --online`, and what `agentctl cost remote` says of the account."""

from __future__ import annotations

from typing import Any

from support.openrouter import completion, credit, key, refusal
from support.program import Program
from support.schemas import validate
from support.server import Recorded, Script, Server, answer

KEY = "sk-or-v1-0123456789abcdefghij"


def router(*, key_body: Any = None, status: int = 200) -> Server:
    """OpenRouter, with an account."""

    def tell(request: Recorded) -> Script:
        match request.path.removeprefix("/api/v1"):
            case "/key" if status == 200:
                return answer(200, key_body or key())
            case "/credits" if status == 200:
                return answer(200, credit())
            case "/chat/completions":
                return completion("Hi")
        return answer(status if status != 200 else 404, refusal(status, "No auth credentials found"))

    return Server(tell)


def findings(program: Program, *args: str) -> dict[str, dict[str, str]]:
    """What the doctor found, by check."""
    document = program.run("doctor", "--json", *args).json
    validate("doctor", document)
    return {one["check"]: one for one in document}


def use(program: Program, server: Server) -> None:
    """Let OpenRouter be this server."""
    program.environ |= {"OPENROUTER_API_KEY": KEY, "OPENROUTER_BASE_URL": f"{server.url}/api/v1"}


def test_the_doctor_alone_sends_nothing(program: Program) -> None:
    """Who does not ask for it asks nobody."""
    with router() as server:
        use(program, server)
        assert not any(name.startswith("key ") for name in findings(program))
        assert server.requests == []


def test_the_account_is_told(program: Program) -> None:
    """What was used and what is left; the key is never shown."""
    with router() as server:
        use(program, server)
        found = findings(program, "--online")["key openrouter"]
    assert found["status"] == "ok"
    assert "$0.75 used today" in found["detail"]
    assert "limit of the key, monthly: $4.50 of $10.00 left" in found["detail"]
    assert "credits: $74.50 of $100.00 left" in found["detail"]
    assert KEY not in str(found)


def test_little_that_is_left_is_a_warning(program: Program) -> None:
    """Less than a tenth of a limit is told with what to do about it."""
    with router(key_body=key(limit_remaining=0.5)) as server:
        use(program, server)
        found = findings(program, "--online")["key openrouter"]
    assert (found["status"], "add credit" in found["hint"]) == ("warning", True)


def test_another_server_does_not_take_the_key(program: Program) -> None:
    """Who answers, but tells nothing of a key, is a warning to the doctor, and an error to who wants figures."""
    with Server(answer(200, {})) as server:
        use(program, server)
        found = findings(program, "--online")["key openrouter"]
        done = program.run("cost", "remote")
    assert (found["status"], "no OpenRouter" in found["detail"], "base URL" in found["hint"]) == ("warning", True, True)
    assert (done.code, done.out) == (7, "")
    assert "hint: check the base URL" in done.err


def test_a_refused_key_is_a_failure(program: Program) -> None:
    """It says whose key it is and how to set another; the command leaves with 1."""
    with router(status=401) as server:
        use(program, server)
        found = findings(program, "--online")["key openrouter"]
        assert program.run("doctor", "--online").code == 1
    assert (found["status"], "keys set openrouter" in found["hint"]) == ("failure", True)


def test_every_key_is_tried(program: Program) -> None:
    """Each provider with a key, and each server, is asked for its models in its own API."""
    models = answer(200, {"data": [{"id": "a"}, {"id": "b"}]})
    with Server(models) as groq, Server(models) as mine, Server(answer(403, {"error": {"message": "no"}})) as claude:
        program.environ |= {"GROQ_API_KEY": "gsk_0123456789", "ANTHROPIC_API_KEY": "sk-ant-0123456789"}
        program.configure(
            f'[servers.groq]\nbase_url = "{groq.url}/openai/v1"\n[servers.mine]\nbase_url = "{mine.url}/v1"\n'
            f'[servers.anthropic]\nbase_url = "{claude.url}"\n[servers.gone]\nbase_url = "http://127.0.0.1:9/v1"\n'
        )
        found = findings(program, "--online")
    statuses = {name: one["status"] for name, one in found.items() if name.startswith("key ")}
    assert statuses == {"key groq": "ok", "key mine": "ok", "key anthropic": "failure", "key gone": "warning"}
    assert "2 models" in found["key groq"]["detail"]
    assert claude.requests[0].path.startswith("/v1/models")
    assert claude.requests[0].headers["x-api-key"] == "sk-ant-0123456789"


def test_what_was_used_beside_what_was_booked(program: Program) -> None:
    """The windows are those of UTC; what is booked here is what the ledger charged."""
    with router() as server:
        use(program, server)
        assert program.run("chat", "-m", "openrouter/anthropic/claude-sonnet-4.5", "Hi").code == 0
        done = program.run("cost", "remote", "--json")
        told = program.run("cost", "remote")
    validate("cost-remote", done.json)
    (account,) = done.json
    assert [window["window"] for window in account["windows"]] == ["day", "week", "month"]
    month = account["windows"][-1]  # the day may have ended meanwhile
    assert (month["used_usd"], month["booked"]["cost_usd"], month["difference_usd"]) == ("5.75", "0.0414", "5.7086")
    assert [limit["left_usd"] for limit in account["limits"]] == ["4.5", "74.5"]
    assert "0.75" in told.out
    assert "credits: $74.50 of $100.00 left" in told.err
    assert KEY not in done.out + done.err + told.out + told.err


def test_an_account_without_a_key(program: Program) -> None:
    """There is nothing to ask without one: exit 4, and how to set it."""
    done = program.run("cost", "remote")
    assert done.code == 4
    assert "agentctl keys set openrouter" in done.err
