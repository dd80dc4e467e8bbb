"""A process that appends to a database and acknowledges each append on stdout once it is durable.

`Appender(url, session_id, count)` starts it; each line it prints is the text of a message that is stored. It waits for
`begin`, so that several can begin together. If the database fails, it says why on stderr and ends with exit code 1.
"""

from __future__ import annotations

import itertools
import os
import resource
import subprocess
import sys
from functools import partial

from agentctl.errors import StorageError
from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.open import connect


class Appender(subprocess.Popen[str]):
    """A process that appends `count` messages of `size` characters to a session.

    `file_limit` is the size in bytes beyond which the system lets it grow no file.
    """

    def __init__(self, url: str, session_id: str, count: int, *, size: int = 100, file_limit: int = -1) -> None:
        arguments = [sys.executable, __file__, url, session_id, str(count), str(size), str(file_limit)]
        pipe = subprocess.PIPE
        super().__init__(arguments, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def begin(self) -> None:
        """Let it begin."""
        assert self.stdin
        self.stdin.write("\n")
        self.stdin.flush()

    def acknowledged(self, most: int) -> list[str]:
        """Wait for it to append `most` more messages, or to end, and return their texts."""
        assert self.stdout
        lines = list(itertools.islice(self.stdout, most))
        # A process killed in the middle of a line has not said it.
        return [line[:-1] for line in lines if line.endswith("\n")]


def _main(url: str, session_id: str, count: int, size: int) -> None:
    sys.stdin.readline()
    database = connect(url)
    session = database.read(partial(sessions.get, session_id=session_id))
    for number in range(count):
        text = f"{os.getpid()}:{number}:".ljust(size, "x")
        session, _ = database.write(partial(sessions.append, session=session, message=user(text)))
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    database.close()


if __name__ == "__main__":
    _url, _session_id, *_numbers = sys.argv[1:]
    _count, _size, _limit = map(int, _numbers)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_limit, resource.RLIM_INFINITY))
    try:
        _main(_url, _session_id, _count, _size)
    except StorageError as error:
        sys.exit(f"{error.message}\n{error.hint}")
