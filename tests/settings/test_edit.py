"""Changing a key in a file that a person wrote."""

from __future__ import annotations

import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.config import Home

from agentctl.errors import ConfigError
from agentctl.settings import edit

WRITTEN = """# mine
model = "a/b"  # the good one

[log]
level = "DEBUG"

[models."x/y.z"]   # cheap
input = "1"
"""


def test_the_rest_of_the_file_stays_as_it_was(tmp_path: Path) -> None:
    """Comments, order and spacing survive a change."""
    path = tmp_path / "config.toml"
    path.write_text(WRITTEN)
    edit.put(path, ("model",), "c/d")
    assert path.read_text() == WRITTEN.replace('"a/b"', '"c/d"')
    edit.put(path, ("models", "x/y.z", "output"), "2")
    assert path.read_text() == WRITTEN.replace('"a/b"', '"c/d"') + 'output = "2"\n'


def test_a_new_file_and_its_directory_are_private(tmp_path: Path) -> None:
    """The first change makes the file, for its owner alone."""
    path = tmp_path / "a" / "config.toml"
    edit.put(path, ("timeout",), 5)
    assert path.read_text() == "timeout = 5\n"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert list(path.parent.iterdir()) == [path]


def test_a_file_keeps_its_mode_and_its_place(tmp_path: Path) -> None:
    """A file that is linked from elsewhere is changed where it is."""
    real = tmp_path / "dotfiles.toml"
    real.write_text("")
    real.chmod(0o640)
    link = tmp_path / "config.toml"
    link.symlink_to(real)
    edit.put(link, ("timeout",), 5)
    assert link.is_symlink()
    assert (real.read_text(), real.stat().st_mode & 0o777) == ("timeout = 5\n", 0o640)


@pytest.mark.parametrize(
    ("before", "key", "value"),
    [
        (WRITTEN, ("timeout",), -1),
        (WRITTEN, ("nonsense",), 1),
        ("model = 5", ("timeout",), 1),
        ("model = ", ("timeout",), 1),
        ("log = 5", ("log", "level"), "INFO"),
    ],
)
def test_nothing_wrong_is_written(tmp_path: Path, before: str, key: tuple[str, ...], value: float) -> None:
    """A change that would not be read back is refused, and the file stays as it was."""
    path = tmp_path / "config.toml"
    path.write_text(before)
    with pytest.raises(ConfigError):
        edit.put(path, key, value)
    assert path.read_text() == before


def test_changes_at_the_same_time_all_count(tmp_path: Path) -> None:
    """Nobody's change is lost to another's."""
    path = tmp_path / "config.toml"
    names = [f"alias-{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: edit.put(path, ("aliases", name), "a/b"), names))
    assert tomllib.loads(path.read_text())["aliases"].keys() == set(names)


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a/b", "x/y.z", "openai/gpt-5.1", "ü/ö"]),
            st.sampled_from(["input", "output", "cache_read"]),
        ),
        max_size=6,
    )
)
def test_any_order_of_changes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, str]]
) -> None:
    """After any changes to named tables, each key has its last value and the file is still valid."""
    home = Home(tmp_path_factory.mktemp("home"))
    last = {}
    for number, (model, field) in enumerate(changes):
        edit.put(edit.user_file(home.environ), ("models", model, field), str(number))
        last[model, field] = number
    models = home.load().models
    assert {pair: int(getattr(models[pair[0]], pair[1])) for pair in last} == last
