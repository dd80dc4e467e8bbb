"""The settings `openrouter.*`: what they take, and in which forms."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from support.config import Home
from support.program import Program

from agentctl.errors import ConfigError
from agentctl.settings.values import OpenRouterSettings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with nothing configured."""
    return Home(tmp_path)


def test_nothing_is_wished_by_default(home: Home) -> None:
    """OpenRouter is told who asks, and nothing else."""
    assert home.load().openrouter == OpenRouterSettings("https://pypi.org/project/agentctl/", "agentctl")


def test_every_wish_can_stand_in_a_file(home: Home) -> None:
    """TOML has lists and truth values of its own; prices are strings, that no digit is lost."""
    home.write(
        "user",
        """[openrouter]
referer = "off"
title = "My tool"
models = ["openai/gpt-5"]
order = ["anthropic", "google-vertex/us-east5"]
allow_fallbacks = false
sort = "latency"
quantizations = ["fp8"]
preferred_min_throughput = 50
preferred_max_latency = 2.5
[openrouter.max_price]
prompt = "0.10"
request = 1
""",
    )
    wishes = home.load().openrouter
    assert (wishes.referer, wishes.title, wishes.models) == ("", "My tool", ("openai/gpt-5",))
    assert dict(wishes.routing) == {
        "order": ("anthropic", "google-vertex/us-east5"),
        "allow_fallbacks": False,
        "sort": "latency",
        "quantizations": ("fp8",),
        "preferred_min_throughput": 50.0,
        "preferred_max_latency": 2.5,
        "max_price.prompt": Decimal("0.10"),
        "max_price.request": Decimal(1),
    }


def test_the_stronger_layer_wins_key_by_key(home: Home) -> None:
    """A variable beats the file for its own key alone."""
    home.write("user", '[openrouter]\nsort = "price"\nzdr = true\n')
    home.variables["AGENTCTL_OPENROUTER_SORT"] = "exacto"
    assert dict(home.load().openrouter.routing) == {"sort": "exacto", "zdr": True}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('order = "anthropic"', "a list of names"),
        ("order = []", "a list of names"),
        ("order = [1]", "a list of names"),
        ('order = ["a", " "]', "a list of names"),
        ('order = ["a\\u001b"]', "a list of names"),
        ('quantizations = ["fp7"]', "int4, int8"),
        ("quantizations = 8", "int4, int8"),
        ('zdr = "true"', "true or false"),
        ("zdr = 1", "true or false"),
        ('sort = "cheapest"', "price, throughput, latency, exacto"),
        ("sort = 1", "price, throughput, latency, exacto"),
        ("preferred_min_throughput = 0", "tokens per second"),
        ("preferred_min_throughput = true", "tokens per second"),
        ("preferred_min_throughput = inf", "tokens per second"),
        ('max_price.request = "much"', "dollars"),
        ("max_price.request = 0.5", "dollars"),
        ('max_price.tokens = "1"', "did you mean"),
        ('title = "ü"', "printable ASCII"),
        ("title = 1", "printable ASCII"),
        ('titel = "x"', "did you mean openrouter.title"),
    ],
)
def test_mistakes(home: Home, line: str, expected: str) -> None:
    """What is wrong is told with what the key takes."""
    home.write("user", f"[openrouter]\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        home.load()
    assert expected in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("key", "value", "shown", "stored"),
    [
        ("openrouter.order", "anthropic,google-vertex", "anthropic,google-vertex", '["anthropic", "google-vertex"]'),
        ("openrouter.zdr", "true", "true", "true"),
        ("openrouter.max_price.prompt", "0.10", "0.10", '"0.10"'),
        ("openrouter.preferred_max_latency", "2.5", "2.5", "2.5"),
        ("openrouter.title", "off", "off", '"off"'),
    ],
)
def test_set_and_get(tmp_path: Path, key: str, value: str, shown: str, stored: str) -> None:
    """The command line writes the form that the file wants, and shows the one that it takes."""
    program = Program(tmp_path)
    assert program.run("config", "set", key, value).code == 0
    assert stored in (tmp_path / ".config/agentctl/config.toml").read_text()
    assert program.run("config", "get", key).out.strip().lower() == shown
