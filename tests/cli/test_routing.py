"""Routes and fallbacks on the command line of chat."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.openrouter import ID, completion, event
from support.program import Program
from support.server import Server, sse, stream

from agentctl.cli import routing
from agentctl.errors import UsageError

MODEL = "openrouter/anthropic/claude-sonnet-5.5"


def use(program: Program, server: Server) -> None:
    """Let OpenRouter be this server."""
    program.environ |= {"OPENROUTER_API_KEY": "sk-or-v1-0123456789", "OPENROUTER_BASE_URL": f"{server.url}/api/v1"}


def test_routes_reach_the_request(program: Program) -> None:
    """What the command line says is sent, beside what is configured, and beats it."""
    program.configure('[openrouter]\nsort = "price"\nzdr = true\nmodels = ["a/b"]\n')
    with Server(completion("Hi")) as server:
        use(program, server)
        done = program.run(
            "chat", "-m", f"{MODEL}:nitro", "--route", "order=anthropic,google-vertex", "--route", "sort=latency",
            "--route", "max_price.completion=10", "--fallback", "openrouter/openai/gpt-5", "--fallback",
            "openrouter/auto", "hi",
        )  # fmt: skip
    assert (done.code, done.out) == (0, "Hi\n")
    body = server.requests[0].json
    assert body["model"] == "anthropic/claude-sonnet-5.5:nitro"
    assert body["models"] == ["openai/gpt-5", "openrouter/auto"]
    assert body["provider"] == {
        "order": ["anthropic", "google-vertex"],
        "sort": "latency",
        "zdr": True,
        "max_price": {"completion": "10"},
    }
    assert body["session_id"]


def test_a_fallback_that_answers_is_told(program: Program) -> None:
    """Who answered in place of the asked one is said on stderr; the answer is unharmed."""
    chunks = [event({"content": "Hi"}, model="openai/gpt-5"), event(finish="stop", model="openai/gpt-5")]
    with Server(stream(*sse(*chunks, "[DONE]"))) as server:
        use(program, server)
        done = program.run("chat", "-m", MODEL, "--fallback", "openai/gpt-5", "hi")
    assert done.out == "Hi\n"
    assert "openai/gpt-5 answers at Anthropic, in place of anthropic/claude-sonnet-5.5" in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--route", "oder=a"], "--route knows no 'oder'"),
        (["--route", "models=a"], "--route knows no 'models'"),
        (["--route", "order"], "--route order has no value"),
        (["--route", "zdr="], "--route zdr has no value"),
        (["--route", "zdr=true", "--route", "zdr=false"], "--route zdr is given twice"),
        (["--route", "zdr=maybe"], "openrouter.zdr is 'maybe'"),
        (["--route", "sort=cheapest"], "openrouter.sort is 'cheapest'"),
        (["--route", "max_price.prompt=-1"], "openrouter.max_price.prompt is '-1'"),
        (["--route", "preferred_max_latency=0"], "openrouter.preferred_max_latency is 0"),
        (["--route", "quantizations=fp8,fp7"], "openrouter.quantizations"),
        (["--route", "order=a,,b"], "openrouter.order"),
    ],
)
def test_mistakes(program: Program, arguments: list[str], told: str) -> None:
    """Each is told with what there is instead, and nothing is sent."""
    with Server(completion("Hi")) as server:
        use(program, server)
        done = program.run("chat", "-m", MODEL, *arguments, "hi")
    assert (done.code, server.requests) == (2, [])
    assert told in done.err
    assert "hint: " in done.err


@pytest.mark.parametrize("arguments", [["--route", "zdr=true"], ["--fallback", "a/b"]])
def test_routes_are_for_openrouter(program: Program, arguments: list[str]) -> None:
    """Where nobody would heed them they are refused."""
    done = program.run("chat", "-m", "scripted/hello", *arguments, "hi")
    assert done.code == 2
    assert "are for OpenRouter" in done.err


def test_a_server_may_speak_as_openrouter_does(program: Program) -> None:
    """A gateway of one's own takes routes, reports costs, and has a key of its own."""
    with Server(completion("Hi")) as server:
        program.configure(f'[servers.mine]\nbase_url = "{server.url}/v1"\nkey = "k-1234567"\napi = "openrouter"\n')
        done = program.run("chat", "-m", "mine/x/y", "--route", "zdr=true", "-o", "json", "hi")
    assert done.json["reported_cost_usd"] == "0.0414"
    assert server.requests[0].json["provider"] == {"zdr": True}
    assert server.requests[0].headers["authorization"] == "Bearer k-1234567"


def test_the_reported_cost_is_what_counts(program: Program) -> None:
    """What OpenRouter says it charged is the cost, whatever the catalog would compute."""
    with Server(completion("Hi")) as server:
        use(program, server)
        told = program.run("chat", "-m", MODEL, "-o", "json", "hi").json
    assert (told["cost_usd"], told["reported_cost_usd"]) == ("0.0414", "0.0414")


def test_a_dry_run_shows_the_routes(program: Program) -> None:
    """Nothing is sent, and the key is not shown."""
    program.environ["OPENROUTER_API_KEY"] = "sk-or-v1-0123456789"
    done = program.run("chat", "-m", MODEL, "--route", "only=anthropic", "--dry-run", "hi")
    assert done.json["body"]["provider"] == {"only": ["anthropic"]}
    assert "0123456789" not in done.out + done.err


def test_an_untrusted_project_does_not_route(program: Program) -> None:
    """It is told what was ignored."""
    project = program.home / "work/.agentctl"
    project.mkdir(parents=True)
    (project / "config.toml").write_text('[openrouter]\nonly = ["evil"]\n')
    with Server(completion("Hi")) as server:
        use(program, server)
        inside = Program(program.home / "work", {**program.environ, "HOME": str(program.home)})
        done = inside.run("chat", "-m", MODEL, "hi")
    assert "ignored of this untrusted project: openrouter.only" in done.err
    assert "provider" not in server.requests[0].json


@given(st.lists(st.text()), st.lists(st.text()))
def test_any_text_is_a_flag_or_a_mistake(routes: list[str], fallbacks: list[str]) -> None:
    """Nothing else than a UsageError is raised."""
    with suppress(UsageError):
        assert set(routing.flags(routes, fallbacks)) <= {"openrouter.models"}


def test_the_answer_is_named_by_its_generation(program: Program) -> None:
    """What the ledger keeps of it is the name by which OpenRouter can be asked."""
    with Server(completion("Hi")) as server:
        use(program, server)
        program.run("chat", "-m", MODEL, "hi")
    files = (program.home / ".local/share/agentctl").glob("agentctl.db*")
    assert ID.encode() in b"".join(path.read_bytes() for path in files if path.is_file())
