"""What a command sees of the environment, and what it can't see of ours."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Mapping

from agentctl.redact import redact

_NAMES = """
    PATH HOME USER LOGNAME SHELL LANG LANGUAGE TERM TZ TMPDIR VIRTUAL_ENV CONDA_PREFIX JAVA_HOME GOPATH GOROOT
    CARGO_HOME RUSTUP_HOME NVM_DIR PYENV_ROOT SSL_CERT_FILE SSL_CERT_DIR XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME
    XDG_CACHE_HOME
"""
_PASSED = frozenset(_NAMES.split())
# Nobody is there to turn pages or to type a password.
_SET = {"PAGER": "cat", "GIT_PAGER": "cat", "GIT_TERMINAL_PROMPT": "0"}
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


def passed(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that a command gets: names that are known to hold no secret, and no value that looks like one.

    Not among them: proxies, which have passwords in them, and SSH_AUTH_SOCK, which is as good as a key.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if (name in _PASSED or name.startswith("LC_")) and redact(value) == value
    }
    return {"PATH": _DEFAULT_PATH, **kept, **_SET}


def conceal() -> bool:
    """Let no other process of this user read our environment or memory, or what we have open; whether that holds.

    On Linux this process is made undumpable (prctl(2), PR_SET_DUMPABLE): `/proc/PID/environ`, `mem` and `fd` are then
    root's. A command that runs as root is kept out by the capabilities that it is started without; another process of
    root's is not. Elsewhere nothing holds: `ps -E` on macOS shows the environment to its user.
    """
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)


def end_with_parent() -> None:
    """On Linux, let this process be killed when the one that started it ends, however it does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
