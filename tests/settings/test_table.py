"""The table of keys, and what is documented of it."""

from __future__ import annotations

import re
from pathlib import Path

from support.config import Home
from support.config_table import DOCUMENT, with_table

from agentctl.settings import table


def test_the_documented_table_is_the_one_in_code() -> None:
    """docs/config.md lists every key as the code knows it."""
    text = DOCUMENT.read_text()
    assert text == with_table(text)


def test_the_documented_example_is_valid(tmp_path: Path) -> None:
    """What the document shows can be copied."""
    example = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert example
    home = Home(tmp_path)
    home.write("user", example[1])
    settings = home.load()
    assert settings.aliases[settings.model or ""].partition("/")[0] in settings.servers
    assert settings.aliases[settings.model or ""] in settings.models


def test_the_documented_defaults_hold(tmp_path: Path) -> None:
    """A default that is a plain value is the value of an empty configuration."""
    log = Home(tmp_path).load().log
    told = {key.path: key.default for key in table.KEYS}
    assert told["timeout",] == f"{Home(tmp_path).load().timeout:g}"
    for name in ("level", "format", "rotation", "retention", "compression"):
        assert told["log", name] == (getattr(log, name) or "none")
