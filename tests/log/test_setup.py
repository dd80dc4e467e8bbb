"""The log of a program, from `setup` to the file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.config import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home with nothing configured."""
    return Home(tmp_path)


def run(home: Home, program: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program in that home."""
    environ = home.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=30)


def written(home: Home) -> str:
    """Return what is in the log."""
    return (home.path / ".local/state/agentctl/agentctl.log").read_text()


def test_without_setup_nothing_is_written_or_imported(home: Home) -> None:
    """A program that uses agentctl as a library gets no file, no output and no loguru."""
    done = run(home, "import sys\nfrom agentctl import log\nlog.error('x')\nassert 'loguru' not in sys.modules")
    assert (done.stdout, done.stderr, home.path.exists()) == ("", "", False)


def test_loguru_is_not_imported_before_there_is_a_line(home: Home) -> None:
    """Setting up costs nothing, nor does a line below the level."""
    done = run(
        home, "import sys\nfrom agentctl import log\nlog.setup()\nlog.debug('x')\nassert 'loguru' not in sys.modules"
    )
    assert (done.stdout, done.stderr, home.path.exists()) == ("", "", False)


def test_lines_go_to_the_file_and_nowhere_else(home: Home) -> None:
    """Each level from the chosen one up is written with its caller's module, and nothing reaches the screen."""
    home.variables["AGENTCTL_LOG_LEVEL"] = "warning"
    program = "from agentctl import log\nlog.setup()\n"
    program += "log.info('quiet')\nlog.warning('tried again', attempt=2)\n"
    program += "try:\n  1 / 0\nexcept ZeroDivisionError as e:\n  log.error('failed {x}', exception=e, model='a/b')"
    done = run(home, program)
    assert (done.stdout, done.stderr) == ("", "")
    first, second = written(home).splitlines()
    assert " WARNING  __main__[" in first
    assert first.endswith("] tried again attempt=2")
    assert "] failed {x} model=a/b Traceback (most recent call last):\\n" in second
    assert second.endswith("ZeroDivisionError: division by zero")


def test_variables_choose_place_form_and_keeping(home: Home) -> None:
    """AGENTCTL_LOG_DIR, FORMAT, ROTATION, RETENTION and COMPRESSION hold without any file."""
    directory = home.root / "logs"
    home.variables |= {
        "AGENTCTL_LOG_DIR": str(directory),
        "AGENTCTL_LOG_FORMAT": "json",
        "AGENTCTL_LOG_ROTATION": "200 B",
    }
    home.variables |= {"AGENTCTL_LOG_RETENTION": "2 files", "AGENTCTL_LOG_COMPRESSION": "gz"}
    run(home, "from agentctl import log\nlog.setup()\nfor i in range(9): log.info('line', number=i)")
    names = sorted(path.name for path in directory.glob("agentctl*"))
    assert names == ["agentctl-000007.log.gz", "agentctl-000008.log.gz", "agentctl.log"]
    assert json.loads((directory / "agentctl.log").read_text())["extra"] == {"number": 8}


def test_a_log_that_can_not_be_written_is_told_once(home: Home) -> None:
    """The program goes on, with one warning on stderr that says where and why."""
    home.variables["AGENTCTL_LOG_DIR"] = "/proc/nowhere"
    done = run(home, "from agentctl import log\nlog.setup()\nlog.info('x')\nlog.info('y')\nprint('done')")
    assert done.stdout == "done\n"
    assert done.stderr == "warning: can't write the log in /proc/nowhere: No such file or directory\n"


def test_setup_again_moves_the_log(home: Home) -> None:
    """The last setup holds, and a line is written once."""
    program = "from pathlib import Path\nfrom agentctl import log\nfrom agentctl.settings import LogSettings\n"
    program += f"for name in 'ab':\n  log.setup(LogSettings(Path({str(home.root)!r}) / name))\n  log.info(name)"
    run(home, program)
    assert [len((home.root / name / "agentctl.log").read_text().splitlines()) for name in "ab"] == [1, 1]


def test_a_program_that_has_loguru_keeps_its_handlers(home: Home) -> None:
    """Setting up our log takes nothing away from a program's own, and its lines do not get into ours."""
    program = "import sys\nfrom loguru import logger\nlogger.remove()\nlogger.add(sys.stdout, format='own {message}')\n"
    program += (
        "from agentctl import log\nlog.setup()\nlogger.info('theirs')\nlog.info('ours sk-aaaaaaaaaaaaaaaaaaaa')\n"
    )
    done = run(home, program)
    assert done.stdout == "own theirs\nown ours [redacted]\n"
    assert "theirs" not in written(home)
    assert "ours [redacted]" in written(home)


def test_forked_children_log_too(home: Home) -> None:
    """A child that was forked after the first line writes to the same file, each line once."""
    program = "import os\nfrom agentctl import log\nlog.setup()\nlog.info('parent')\n"
    program += "children = []\nfor n in range(4):\n  pid = os.fork()\n  if not pid:\n"
    program += "    for i in range(50): log.info(f'child {n} {i}')\n    os._exit(0)\n  children.append(pid)\n"
    program += "for pid in children: os.waitpid(pid, 0)\nlog.info('parent')"
    run(home, program)
    assert sorted(line.rpartition("] ")[2] for line in written(home).splitlines()) == sorted(
        ["parent"] * 2 + [f"child {n} {i}" for n in range(4) for i in range(50)]
    )
