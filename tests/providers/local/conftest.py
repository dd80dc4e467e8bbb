"""What the tests of local models share."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python without pip, xllamacpp or any other package."""
    home = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    return str(Path(home) / "bin" / "python")


@pytest.fixture
def runtime() -> Iterator[Path]:
    """An empty runtime directory with a short path: that of a socket has little room."""
    with tempfile.TemporaryDirectory(prefix="run-", dir="/tmp") as path:
        yield Path(path)
