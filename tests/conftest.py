"""Fixtures that many tests share."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from support.backends import Backends
from support.memory import memory
from support.postgres import Servers
from support.program import Program

# How long an example takes says more about the machine than about the code.
settings.register_profile("agentctl", deadline=None, max_examples=100 if os.environ.get("AGENTCTL_TEST_FULL") else 40)
settings.load_profile("agentctl")

_TESTS = Path(__file__).parent
_LONGEST = _TESTS / "support/longest.txt"
_ON_DISK = ("tools/", "cli/test_acting", "cli/test_tools")  # no tool is let into what lies below /dev


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many tests wait, for what is slow on purpose or for a terminal."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: one that came last would keep one worker busy while the others idle."""
    rank = {_TESTS.parent / name: number for number, name in enumerate(_LONGEST.read_text().split())}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


@pytest.fixture
def tmp_path(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A directory of the test's own: in memory, for nearly all that is written there is committed to a database."""
    if memory() is None or str(request.path.relative_to(_TESTS)).startswith(_ON_DISK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="agentctl-", dir=memory(), ignore_cleanup_errors=True) as path:
        yield Path(path)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Agentctl in an empty home."""
    home = tmp_path / "home"
    home.mkdir()
    return Program(home)


@pytest.fixture(scope="session")
def postgres_servers() -> Iterator[Servers]:
    """The PostgreSQL servers of this run, each started when it is first asked for."""
    servers = Servers()
    yield servers
    servers.close()


@pytest.fixture(scope="session")
def backends(postgres_servers: Servers) -> Backends:
    """What makes a database of each backend."""
    return Backends(postgres_servers)
