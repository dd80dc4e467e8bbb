"""Fixtures that many tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from support.backends import Backends
from support.postgres import Servers
from support.program import Program

# How long an example takes says more about the machine than about the code.
settings.register_profile("agentctl", deadline=None)
settings.load_profile("agentctl")


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
