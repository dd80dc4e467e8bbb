"""`agentctl models`, run as a program in an empty home."""

from __future__ import annotations

from typing import Any

import pexpect
import pytest
from support import schemas
from support.privileges import run_unprivileged
from support.program import AGENTCTL, Program

CONFIG = """
[aliases]
small = "compatible/fake"
[models."compatible/fake"]
input = "0.5"
output = "2"
max_output = 4096
[models."openai/gpt-5"]
output = "12"
"""


def document(program: Program, *args: str) -> Any:
    """Return the JSON document of a command that succeeds."""
    done = program.run("models", *args, "--json")
    assert (done.code, done.err) == (0, "")
    return done.json


def test_list_shows_prices_and_ceilings(program: Program) -> None:
    """In a pipe the list is tab-separated under a line of names, with the prices of small calls today."""
    done = program.run("models", "list", "openai")
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert (done.code, done.err) == (0, "")
    assert lines[0] == ["model", "input", "cached", "output", "window", "max output", "source"]
    assert ["openai/gpt-5", "1.25", "0.125", "10", "400,000", "128,000", "genai-prices 0.2.3"] in lines
    assert {line[0].partition("/")[0] for line in lines[1:]} == {"openai"}


def test_list_as_json_holds_every_provider(program: Program) -> None:
    """Without a provider the list has all models, as its schema says."""
    found = document(program, "list")
    schemas.validate("models-list", found)
    assert {"openai/gpt-5", "openai/gpt-6.1-sol", "local/smollm2"} <= {model["name"] for model in found}


def test_the_configuration_wins_and_is_marked(program: Program) -> None:
    """Models of the configuration are listed, and what it changes in a known model is named."""
    program.configure(CONFIG)
    found = {model["name"]: model for model in document(program, "list")}
    assert found["compatible/fake"]["prices"][0]["tiers"][0]["output"] == "2"
    assert found["compatible/fake"]["overridden"] == ["input", "output", "max_output"]
    assert found["openai/gpt-5"]["prices"][0]["tiers"][0]["output"] == "12"
    assert found["openai/gpt-5"]["overridden"] == ["output"]
    line = next(line for line in program.run("models", "list").out.splitlines() if line.startswith("openai/gpt-5\t"))
    assert line.endswith("genai-prices 0.2.3, your configuration")


def test_an_unknown_provider_has_an_empty_list(program: Program) -> None:
    """A provider of which nothing is known is no error: the list is empty and stderr says so."""
    done = program.run("models", "list", "nobody")
    assert (done.code, len(done.out.splitlines())) == (0, 1)
    assert "nothing is known of models of nobody" in done.err
    assert document(program, "list", "nobody") == []


def test_show_tells_tiers_and_history(program: Program) -> None:
    """A model with tiers and an older price shows a line for each, and where it was found."""
    done = program.run("models", "show", "openai/gpt-5.6-sol")
    assert done.code == 0
    assert "standard\talways\t272,000\t10\t1\t12.5\tunknown\t45" in done.out
    assert "standard\t2026-08-21\t0\t4\t0.4\t5\t10\t20" in done.out
    assert "flex\t2026-08-21\t0\t2\t0.2\t2.5\t5\t10" in done.out
    assert "source of prices\tgenai-prices 0.2.3; litellm 1.110.2 (long writes, regions) (2026-11-10)" in done.out
    assert "each search of the web\t$0.01" in done.out
    assert "tokens in eu\t1.1 times the price" in done.out
    assert "cached from\t1,024 tokens on" in done.out
    assert "max input\t922,000" in done.out


def test_show_tells_hours_and_parts(program: Program) -> None:
    """A price that holds at some hours says which; what costs something else than its bucket has a line."""
    done = program.run("models", "show", "deepseek/deepseek-v4-pro")
    assert "standard\t2026-08-23, 06:00 to 10:00 UTC, Monday to Friday\t0\t1.32\t0.044\t" in done.out
    done = program.run("models", "show", "google/gemini-2.5-flash")
    assert "audio input\t1 $ per million tokens" in done.out
    assert "a million tokens kept in a cache for an hour\t$1" in done.out


def test_every_providers_models_are_listed_at_once(program: Program) -> None:
    """The list of thousands of models names each once, with what a small call costs today."""
    lines = program.run("models", "list", "--all").out.splitlines()[1:]
    names = [line.split("\t")[0] for line in lines]
    assert len(names) == len(set(names)) > 2000
    assert {"openrouter/openai/gpt-5", "anthropic/claude-opus-5", "groq/openai/gpt-oss-120b"} <= set(names)


def test_the_usual_list_is_of_whom_can_be_asked(program: Program) -> None:
    """Unasked, a router's models are listed where there is a key for it, and others' where they have a name here."""
    done = program.run("models", "list")
    usual = {line.partition("/")[0] for line in done.out.splitlines()[1:]}
    assert {"openai", "anthropic", "google", "groq", "local"} <= usual
    assert not {"openrouter", "aws"} & usual
    assert done.err == ""
    keyed = program.run("models", "list", env={"OPENROUTER_API_KEY": "k"}).out
    assert "\nopenrouter/openai/gpt-5\t" in keyed


SHOWN = ["openai/gpt-5.6-sol", "deepseek/deepseek-v4-pro", "google/gemini-2.5-flash", "anthropic/claude-opus-5"]


@pytest.mark.parametrize("name", [*SHOWN, "openai/gpt-4o-2024-08-06", "local/smollm2", "compatible/x"])
def test_show_as_json_follows_its_schema(program: Program, name: str) -> None:
    """One document tells all that is known of a model, known or not."""
    found = document(program, "show", name)
    schemas.validate("models-show", found)
    assert found["name"] == name


def test_show_marks_what_the_configuration_set(program: Program) -> None:
    """A ceiling or a price of the user's is marked as such; an alias finds its model."""
    program.configure(CONFIG)
    done = program.run("models", "show", "small")
    assert done.out.startswith("compatible/fake\t")
    assert "max output\t4,096 (your configuration)" in done.out
    assert "your configuration's prices\tinput, output" in done.out


def test_show_of_an_unknown_model_says_unknown(program: Program) -> None:
    """Unknown is shown as such, never as 0, with the way to set it."""
    done = program.run("models", "show", "compatible/x")
    assert (done.code, "0" in done.out) == (0, False)
    assert "window\tunknown" in done.out
    assert '[models."compatible/x"]' in done.err
    assert document(program, "show", "compatible/x")["prices"] is None


def test_show_wants_a_whole_name(program: Program) -> None:
    """A name without its provider is a mistake of usage, with a hint."""
    done = program.run("models", "show", "gpt-5")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [
        "error: 'gpt-5' is neither provider/model nor an alias",
        "hint: agentctl models list",
    ]


GGUF = b"GGUF" + bytes(3_000_000)


def test_pull_takes_a_file_and_lists_it(program: Program) -> None:
    """A GGUF file gets a name, is listed and costs nothing, and nothing is fetched twice."""
    (program.home / "mine.gguf").write_bytes(GGUF)
    done = program.run("models", "pull", "mine.gguf", "--json")
    path = program.home / ".local/share/agentctl/models/mine.gguf"
    assert (done.code, done.json) == (0, {"name": "local/mine", "path": str(path), "size": len(GGUF)})
    schemas.validate("models-pull", done.json)
    assert done.err.splitlines()[0] == "copying"
    assert path.read_bytes() == GGUF
    again = program.run("models", "pull", "mine.gguf")
    assert (again.code, again.out) == (0, f"local/mine is in {path}\n")
    listed = {model["name"]: model for model in document(program, "list")}
    assert listed["local/mine"]["prices"][0]["tiers"][0]["output"] == "0"
    assert [model["name"] for model in document(program, "list", "local")] == ["local/mine", "local/smollm2"]


@pytest.mark.parametrize("directory", ["agentctl", "agentctl/models"])
def test_a_directory_that_can_not_be_entered_is_told(program: Program, directory: str) -> None:
    """Models that can't be seen are not passed over in silence: exit 9, the directory and a hint."""
    path = program.home / ".local/share" / directory
    path.mkdir(parents=True)
    path.chmod(0)
    done = run_unprivileged(program, "models", "list", "local")
    path.chmod(0o700)
    assert (done.code, done.out) == (9, "")
    assert str(path) in done.err
    assert "hint:" in done.err


@pytest.mark.parametrize("name", ["nothing", "notes.gguf"])
def test_pull_refuses_what_is_no_model(program: Program, name: str) -> None:
    """Neither a name nobody knows nor a file of another kind is taken, and nothing stays of it."""
    (program.home / "notes.gguf").write_text("no model")
    done = program.run("models", "pull", name)
    assert (done.code, done.out) == (2, "")
    assert "hint: " in done.err
    assert "local/notes" not in program.run("models", "list").out


def test_pull_shows_progress_on_a_terminal(program: Program) -> None:
    """On a terminal one line tells how far it has come, and is gone when the answer is there."""
    (program.home / "mine.gguf").write_bytes(GGUF)
    command = ["models", "pull", "mine.gguf"]
    child = pexpect.spawn(str(AGENTCTL), command, cwd=str(program.home), env=program.environment, encoding="utf-8")
    child.expect(pexpect.EOF, timeout=30)
    shown = str(child.before)
    child.close()
    assert child.exitstatus == 0
    assert "\rcopying 1.0 of 3.0 MB" in shown
    *_, last = shown.rstrip().split("\r")
    assert last.startswith("local/mine is in ")
