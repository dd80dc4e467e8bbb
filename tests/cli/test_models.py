"""`agentctl models`, run as a program in an empty home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
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


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return an empty home directory."""
    return tmp_path


def models(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run `agentctl models` with that home."""
    environ = {"HOME": str(home), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "agentctl", "models", *args]
    return subprocess.run(command, cwd=home, env=environ, capture_output=True, text=True, check=False, timeout=30)


def output(home: Path, *args: str) -> Any:
    """Return the JSON document of a command that succeeds."""
    done = models(home, *args, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def configure(home: Path) -> None:
    """Give the home a configuration."""
    directory = home / ".config" / "agentctl"
    directory.mkdir(parents=True)
    (directory / "config.toml").write_text(CONFIG)


def schema(name: str) -> Draft202012Validator:
    """Return a validator of a documented output."""
    documents = (json.loads(path.read_text()) for path in SCHEMAS.glob("models-*.json"))
    registry: Registry[Any] = Registry().with_resources(
        (document["$id"], Resource.from_contents(document)) for document in documents
    )
    document = json.loads((SCHEMAS / name).read_text())
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document, registry=registry, format_checker=FormatChecker())


def test_list_shows_prices_and_ceilings(home: Path) -> None:
    """In a pipe the list is tab-separated under a line of names, with the prices of small calls today."""
    done = models(home, "list", "openai")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0] == ["model", "input", "cached", "output", "window", "max output", "source"]
    assert ["openai/gpt-5", "1.25", "0.125", "10", "400,000", "128,000", "genai-prices 0.2.3"] in lines
    assert {line[0].partition("/")[0] for line in lines[1:]} == {"openai"}


def test_list_as_json_holds_every_provider(home: Path) -> None:
    """Without a provider the list has all models, as its schema says."""
    found = output(home, "list")
    schema("models-list.json").validate(found)
    assert {"openai/gpt-5", "openai/gpt-6.1-sol", "local/smollm2"} <= {model["name"] for model in found}


def test_the_configuration_wins_and_is_marked(home: Path) -> None:
    """Models of the configuration are listed, and what it changes in a known model is named."""
    configure(home)
    found = {model["name"]: model for model in output(home, "list")}
    assert found["compatible/fake"]["prices"][0]["tiers"][0]["output"] == "2"
    assert found["compatible/fake"]["overridden"] == ["input", "output", "max_output"]
    assert found["openai/gpt-5"]["prices"][0]["tiers"][0]["output"] == "12"
    assert found["openai/gpt-5"]["overridden"] == ["output"]
    line = next(line for line in models(home, "list").stdout.splitlines() if line.startswith("openai/gpt-5\t"))
    assert line.endswith("genai-prices 0.2.3, your configuration")


def test_an_unknown_provider_has_an_empty_list(home: Path) -> None:
    """A provider of which nothing is known is no error: the list is empty and stderr says so."""
    done = models(home, "list", "nobody")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)
    assert "nothing is known of models of nobody" in done.stderr
    assert output(home, "list", "nobody") == []


def test_show_tells_tiers_and_history(home: Path) -> None:
    """A model with tiers and an older price shows a line for each, and where it was found."""
    done = models(home, "show", "openai/gpt-5.6-sol")
    assert done.returncode == 0
    assert "always\t272,000\t10\t1\t12.5\tunknown\t45" in done.stdout
    assert "2026-08-21\t0\t4\t0.4\t5\tunknown\t20" in done.stdout
    assert "source of prices\tgenai-prices 0.2.3 (2026-11-10)" in done.stdout
    assert "max input\t922,000" in done.stdout


@pytest.mark.parametrize("name", ["openai/gpt-5.6-sol", "openai/gpt-4o-2024-08-06", "local/smollm2", "compatible/x"])
def test_show_as_json_follows_its_schema(home: Path, name: str) -> None:
    """One document tells all that is known of a model, known or not."""
    found = output(home, "show", name)
    schema("models-show.json").validate(found)
    assert found["name"] == name


def test_show_marks_what_the_configuration_set(home: Path) -> None:
    """A ceiling or a price of the user's is marked as such; an alias finds its model."""
    configure(home)
    done = models(home, "show", "small")
    assert done.stdout.startswith("compatible/fake\t")
    assert "max output\t4,096 (your configuration)" in done.stdout
    assert "your configuration's prices\tinput, output" in done.stdout


def test_show_of_an_unknown_model_says_unknown(home: Path) -> None:
    """Unknown is shown as such, never as 0, with the way to set it."""
    done = models(home, "show", "compatible/x")
    assert (done.returncode, "0" in done.stdout) == (0, False)
    assert "window\tunknown" in done.stdout
    assert '[models."compatible/x"]' in done.stderr
    assert output(home, "show", "compatible/x")["prices"] is None


def test_show_wants_a_whole_name(home: Path) -> None:
    """A name without its provider is a mistake of usage, with a hint."""
    done = models(home, "show", "gpt-5")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "error: 'gpt-5' is neither provider/model nor an alias",
        "hint: agentctl models list",
    ]
