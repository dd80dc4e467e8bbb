"""`agentctl models refresh`: what providers say now, against a server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.program import Program
from support.schemas import validate
from support.server import Server, answer

MODEL = {"id": "fast", "context_length": 4096, "pricing": {"input": 0.5, "output": 1.5}}
DEARER = {"id": "fast", "context_length": 8192, "pricing": {"input": 0.6, "output": 1.5}}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Agentctl in a home of its own."""
    return Program(tmp_path)


@pytest.fixture
def server(program: Program) -> Iterator[Server]:
    """A server that lists a model, and later lists it dearer."""
    with Server(answer(200, {"data": [MODEL]}), answer(200, {"data": [DEARER]})) as running:
        program.configure(f'[servers.lab]\nbase_url = "{running.url}/v1"\nkey = "k-lab-1"\n')
        yield running


def card(program: Program) -> Any:
    """What agentctl knows of the model."""
    return program.run("models", "show", "lab/fast", "--json").json


def test_what_is_new_is_shown_and_kept(program: Program, server: Server) -> None:
    """The first time all is new, the second time what changed; the price from today on is the new one."""
    done = program.run("models", "refresh", "lab")
    assert done.code == 0
    assert done.out.splitlines()[1].split() == ["lab/fast", "window", "unknown", "4,096"]
    assert "lab: 1 models" in done.err
    assert server.requests[0].path == "/v1/models"
    assert server.requests[0].headers["authorization"] == "Bearer k-lab-1"
    assert (card(program)["window"], card(program)["source"]) == (4096, f"{server.url}/v1")
    found = program.run("models", "refresh", "lab", "--json").json
    validate("models-refresh", found)
    assert found[0]["changes"] == [
        {"model": "lab/fast", "what": "window", "was": 4096, "now": 8192},
        {"model": "lab/fast", "what": "input", "was": "0.5", "now": "0.6"},
        *(
            {"model": "lab/fast", "what": bucket, "was": "0.5", "now": "0.6"}
            for bucket in ("cache_read", "cache_write_short", "cache_write_long")
        ),
    ]
    assert [one["since"] for one in card(program)["prices"]] == [None, found[0]["date"]]
    assert program.run("models", "refresh", "lab").err.endswith("lab: 1 models, 0 changes\n")


def test_a_dry_run_keeps_nothing(program: Program, server: Server) -> None:
    """What would change is shown, and the next question finds the catalog as it was."""
    assert program.run("models", "refresh", "lab", "--dry-run", "--json").json[0]["changes"]
    assert card(program)["window"] is None
    assert not (program.home / ".cache/agentctl/models").exists()


def test_the_users_own_settings_win(program: Program, server: Server) -> None:
    """A price and a ceiling in the configuration stay, whatever the provider lists."""
    program.configure(f'[servers.lab]\nbase_url = "{server.url}/v1"\n[models."lab/fast"]\ninput = "9"\nwindow = 7\n')
    program.run("models", "refresh", "lab")
    found = card(program)
    assert (found["window"], found["prices"][0]["tiers"][0]["input"]) == (7, "9")


def test_a_provider_that_fails_does_not_keep_the_others(program: Program, server: Server) -> None:
    """The others are refreshed, the failure is told, and the exit code is its own."""
    with Server(answer(401, {"error": {"message": "bad key"}})) as closed:
        shut = f'[servers.shut]\nbase_url = "{closed.url}/v1"\nkey = "k-shut"\n'
        program.configure(f'[servers.lab]\nbase_url = "{server.url}/v1"\n{shut}')
        done = program.run("models", "refresh", "shut", "lab", "--json")
    assert done.code == 4
    assert [(one["provider"], one["models"]) for one in done.json] == [("shut", 0), ("lab", 1)]
    assert "bad key" in done.json[0]["error"]["message"]
    assert card(program)["window"] == 4096
    assert "k-shut" not in done.out + done.err


@pytest.mark.parametrize(
    ("useless", "message"), [([1], "no models"), ([], "lists no models, where there were 1 the last time")]
)
def test_a_list_that_is_of_no_use_wipes_nothing(program: Program, useless: list[Any], message: str) -> None:
    """Where a provider suddenly lists nothing, or nothing that can be read, it fails, and what was known stays."""
    with Server(answer(200, {"data": [MODEL]}), answer(200, {"data": useless})) as running:
        program.configure(f'[servers.lab]\nbase_url = "{running.url}/v1"\n')
        assert program.run("models", "refresh", "lab").code == 0
        before = card(program)
        done = program.run("models", "refresh", "lab")
        told = program.run("models", "refresh", "lab", "--json")
    assert (done.code, told.code) == (7, 7)
    assert message in done.err
    assert "hint: check the base URL" in done.err
    validate("models-refresh", told.json)
    assert card(program) == before


def test_who_never_had_models_may_have_none(program: Program) -> None:
    """A server of which no model is known yet, and that lists none, is no failure."""
    with Server(answer(200, {"data": []})) as running:
        program.configure(f'[servers.lab]\nbase_url = "{running.url}/v1"\n')
        done = program.run("models", "refresh", "lab")
    assert (done.code, done.err) == (0, "lab: 0 models, 0 changes\n")


def test_each_failure_is_told_once(program: Program) -> None:
    """The first is the command's error, the others are notes, each with what to do."""
    with Server(answer(404, {"error": {"message": "nothing here"}})) as shut:
        servers = (f'[servers.{name}]\nbase_url = "{shut.url}/{name}"\n' for name in ("one", "two"))
        program.configure("".join(servers))
        done = program.run("models", "refresh", "one", "two")
    assert (done.code, done.out) == (7, "")
    assert [line.partition(" answered")[0] for line in done.err.splitlines()[:2]] == ["two: two", "error: one"]
    assert done.err.count("nothing here") == 2
    assert done.err.count("hint:") == 2


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [("local", 3, "lists no models"), ("nobody", 3, "no provider 'nobody'"), ("openai", 4, "no key for openai")],
)
def test_who_cannot_be_asked(program: Program, name: str, code: int, message: str) -> None:
    """A provider that lists nothing, is not known, or needs a key that is not there, is told as that."""
    done = program.run("models", "refresh", name)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert "hint:" in done.err


def test_a_list_that_is_damaged_is_had_anew(program: Program, server: Server) -> None:
    """A file in the cache that somebody cut in two is no obstacle."""
    program.run("models", "refresh", "lab")
    file = program.home / ".cache/agentctl/models/lab.json"
    assert json.loads(file.read_text())["table"]["names"] == ["fast"]
    file.write_bytes(file.read_bytes()[:50])
    assert card(program)["window"] is None
    assert program.run("models", "refresh", "lab").code == 0
    assert card(program)["window"] == 8192
