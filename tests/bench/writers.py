"""Whether many writers get on evenly: 8 processes with 8 threads each append to sessions of their own.

    python tests/bench/writers.py [SECONDS] [URL]

Bars: the 99th percentile of an append's time is at most 20 times the median, and no writer does less than a quarter of
what they do on average. Ends with exit code 1 where one is missed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Barrier, Thread

from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.base import Database
from agentctl.store.open import connect

PROCESSES = 8
THREADS = 8
SECONDS = 5.0
SIZE = 1000  # characters of a message
SLOWEST = 20.0  # times the median
LEAST = 0.25  # of the mean


def work(url: str, seconds: float) -> None:
    """Be one of the processes: begin when told to, and print the milliseconds of each thread's appends, a line each."""
    with closing(connect(url)) as database:
        taken: list[list[float]] = [[] for _ in range(THREADS)]
        ready = Barrier(THREADS + 1)
        threads = [Thread(target=write, args=(database, seconds, ready, mine)) for mine in taken]
        for thread in threads:
            thread.start()
        database.write(sessions.create)
        print("ready", flush=True)
        sys.stdin.readline()
        ready.wait()
        for thread in threads:
            thread.join()
    for mine in taken:
        print(*(f"{one * 1000:.3f}" for one in mine))


def write(database: Database, seconds: float, ready: Barrier, taken: list[float]) -> None:
    """Append until the time is over, and add how long each took."""
    session = database.write(sessions.create)
    message = user("x" * SIZE)
    ready.wait()
    end = time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        session, _ = database.write(partial(sessions.append, session=session, message=message))
        taken.append(time.monotonic() - began)


def measure(url: str, seconds: float) -> list[list[float]]:
    """Return the milliseconds of the appends of each writer."""
    connect(url).close()
    pipe = subprocess.PIPE
    command = [sys.executable, __file__, "--work", url, str(seconds)]
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(PROCESSES)]
    for process in processes:
        assert process.stdout
        process.stdout.readline()
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate()[0] for process in processes]
    return [[float(one) for one in line.split()] for lines in said for line in lines.splitlines()]


def report(writers: list[list[float]], seconds: float) -> bool:
    """Print what was measured, and return whether the bars are met."""
    times = sorted(one for writer in writers for one in writer)
    counts = [len(writer) for writer in writers]
    middle, slow = times[len(times) // 2], times[len(times) * 99 // 100]
    fewest = min(counts) / statistics.mean(counts)
    print(f"{len(writers)} writers in {PROCESSES} processes: {len(times) / seconds:.0f} durable appends a second")
    print(f"{'':24}{'measured':>10}{'bar':>8}")
    print(f"{'median':24}{middle:>7.1f} ms")
    print(f"{'99th percentile':24}{slow:>7.1f} ms")
    print(f"{'slowest':24}{times[-1]:>7.1f} ms")
    print(f"{'99th / median':24}{slow / middle:>10.1f}{SLOWEST:>8.1f}")
    print(f"{'fewest / mean':24}{fewest:>10.2f}{LEAST:>8.2f}")
    return slow <= SLOWEST * middle and fewest >= LEAST


def main(arguments: list[str]) -> int:
    """Measure once and return the exit code."""
    seconds = float(arguments[0]) if arguments else SECONDS
    if len(arguments) > 1:
        return 0 if report(measure(arguments[1], seconds), seconds) else 1
    with tempfile.TemporaryDirectory() as directory:
        return 0 if report(measure(f"sqlite:///{Path(directory)}/agentctl.db", seconds), seconds) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], float(sys.argv[3]))
    else:
        sys.exit(main(sys.argv[1:]))
