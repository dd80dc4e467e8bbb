"""What a confined process can't do, even if a guest got out of WebAssembly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ATTEMPTS = {
    "a socket": "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
    "a local socket": "socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)",
    "a fork": "os.fork()",
    "another program": "os.execv('/bin/true', ['true'])",
    "a child program": "subprocess.run(['/bin/true'])",
    "a signal to its parent": "os.kill(os.getppid(), 0)",
    "a signal to itself by its number": "os.kill(os.getpid(), 0)",
    "a namespace": "check(libc.unshare(0x10000000))",
    "a mount": "check(libc.mount(b'none', b'/mnt', b'tmpfs', 0, None))",
    "tracing its parent": "check(libc.ptrace(16, os.getppid(), 0, 0))",
    "reading its parent's memory": "check(libc.process_vm_readv(os.getppid(), None, 0, None, 0, 0))",
    "new privileges": "check(-1 if libc.prctl(39, 0, 0, 0, 0) == 1 else 0)",
    "a link": "os.symlink('/etc', 'link')",
    "a long file": "os.write(os.open('file', os.O_WRONLY | os.O_CREAT), b'x')",
    "a core file": "check(-1 if resource.getrlimit(resource.RLIMIT_CORE) == (0, 0) else 0)",
    "memory": "bytearray(1 << 30)",
}

PROGRAM = """
import ctypes, os, resource, socket, subprocess, sys, threading
from agentctl.tools.wasm.host import confine

libc = ctypes.CDLL(None, use_errno=True)
def check(returned):
    if returned == -1:
        raise OSError(ctypes.get_errno(), "refused")
confine.limit(memory=64 << 20, seconds=30, writes=False)
confine.lock()
ran = []
thread = threading.Thread(target=lambda: ran.append(open("/proc/self/status").read()))
thread.start()
thread.join()
try:
    {attempt}
except (OSError, MemoryError) as error:
    print("refused", len(ran))
else:
    print("done", len(ran))
"""


@pytest.mark.parametrize("name", ATTEMPTS)
def test_a_confined_process_is_refused_what_a_call_never_needs(tmp_path: Path, name: str) -> None:
    """Each attempt is refused in the process; threads and reading files, which calls need, are not."""
    program = PROGRAM.replace("{attempt}", ATTEMPTS[name])

    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )

    assert (ended.stdout, ended.stderr) == ("refused 1\n", "")


def test_a_process_may_end_itself_by_a_signal() -> None:
    """An abort must end it, and not go on."""
    program = PROGRAM.replace("{attempt}", "os.abort()")

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=60)

    assert ended.returncode == -6
