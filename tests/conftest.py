"""Fixtures that many tests share."""

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
settings.register_profile("agentctl", deadline=None)
settings.load_profile("agentctl")

_TESTS = Path(__file__).parent
_ON_DISK = ("tools/", "cli/test_acting", "cli/test_tools")  # no tool is let into what lies below /dev


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
