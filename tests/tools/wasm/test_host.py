"""The host process: who it serves, what its children hold, and what is left of them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support import bombs
from support.hosting import (
    LIMITS,
    NOTHING,
    alive,
    call,
    children,
    component,
    descendants,
    eventually,
    open_files,
    own_children,
)

from agentctl.tools.wasm.grants import Grants, Limits
from agentctl.tools.wasm.host.client import Host
from agentctl.tools.wasm.host.loaded import Origin
from agentctl.tools.wasm.host.result import Result

FOREVER = {"ns": 10**12}
CLOCK = Grants(clock=True)


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    with own_children():
        yield


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return component(tmp_path, bombs.PLAIN, "plain.wat")


@pytest.fixture
def sleeper(tmp_path: Path) -> Path:
    return component(tmp_path, bombs.SLEEPER, "sleeper.wat")


def test_a_call_brings_the_functions_result_and_its_cost(tmp_path: Path, plain: Path) -> None:
    """Numbers and texts go in and come out as they are, and the fuel is told."""

    async def calls() -> list[Result]:
        async with Host(tmp_path / "cache") as host:
            return [
                await call(host, plain, "add", {"a": 2, "b": 3}),
                await call(host, plain, "echo", {"text": "é😀\0"}),
            ]

    added, echoed = asyncio.run(calls())

    assert (added.ok, added.result, added.cache) == (True, 5, "compiled")
    assert (echoed.ok, echoed.result, echoed.cache) == (True, "é😀\0", "memory")
    assert added.fuel in range(1, 100)
    assert added.duration_ms > 0


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_a_component_writes_is_told_apart(tmp_path: Path, stream: str) -> None:
    """Standard output and standard error each come back whole."""
    path = component(tmp_path, bombs.writer(stream))

    async def calls() -> Result:
        async with Host(tmp_path / "cache") as host:
            return await call(host, path, "write", {"times": 3})

    result = asyncio.run(calls())

    written = {"stdout": result.stdout, "stderr": result.stderr}
    assert written.pop(stream) == "x" * 3 * 4096
    assert list(written.values()) == [""]


def test_what_is_no_component_and_what_is_not_there_are_failures(tmp_path: Path, plain: Path) -> None:
    """Nothing that a file holds, and no name of a function, makes a call raise."""
    broken = component(tmp_path, "(module)", "broken.wat")

    async def calls() -> list[Result]:
        async with Host(tmp_path / "cache") as host:
            asked = [(broken, "f"), (tmp_path / "missing.wasm", "f"), (plain, "none")]
            return [await call(host, path, function) for path, function in asked]

    results = asyncio.run(calls())

    assert [result.error and result.error.code for result in results] == ["invalid", "invalid", "invalid"]


def test_a_file_that_was_changed_is_another_component(tmp_path: Path, plain: Path) -> None:
    """What is kept in memory is not taken for what is at the path now."""

    async def calls() -> tuple[Result, Result]:
        async with Host(tmp_path / "cache") as host:
            before = await call(host, plain, "add", {"a": 2, "b": 3})
            component(
                tmp_path, bombs.PLAIN.replace("(i32.add (local.get 0) (local.get 1)))", "(i32.const 77))"), plain.name
            )
            return before, await call(host, plain, "add", {"a": 2, "b": 3})

    before, after = asyncio.run(calls())

    assert (before.result, after.result) == (5, 77)


def test_many_calls_at_once_each_get_their_own_answer(tmp_path: Path, plain: Path) -> None:
    """Twenty calls share one host process and one compilation, and none gets what another asked for."""

    async def calls() -> list[Result]:
        async with Host(tmp_path / "cache") as host:
            return await asyncio.gather(*(call(host, plain, "add", {"a": n, "b": 1000}) for n in range(20)))

    results = asyncio.run(calls())

    assert [result.result for result in results] == [1000 + n for n in range(20)]
    assert {result.cache for result in results} <= {"compiled", "memory"}


def test_the_same_seed_gives_the_same_fuel_and_output_every_time(tmp_path: Path) -> None:
    """A call replays byte for byte, and costs the same."""
    path = component(tmp_path, bombs.writer("stdout"))

    async def calls() -> list[Result]:
        async with Host(tmp_path / "cache") as host:
            return [await host.call(path, "write", {"times": 2}, NOTHING, LIMITS, seed=7) for _ in range(20)]

    results = asyncio.run(calls())

    assert len({(result.ok, result.fuel, result.stdout, json.dumps(result.result)) for result in results}) == 1


def test_cancelling_a_call_kills_its_process_before_it_is_passed_on(tmp_path: Path, sleeper: Path, plain: Path) -> None:
    """When a cancelled call has returned, nothing of it runs; the host process serves on."""

    async def calls() -> tuple[list[int], list[int], float, Result]:
        async with Host(tmp_path / "cache") as host:
            await call(host, sleeper, "none")
            task = asyncio.create_task(host.call(sleeper, "sleep", FOREVER, CLOCK, LIMITS))
            process = children(os.getpid())[0]
            running = await eventually(lambda: [pid for pid in children(process) if _sleeps(pid)])
            started = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            seconds = time.monotonic() - started
            left = [pid for pid in running if alive(pid)]
            return running, left, seconds, await call(host, plain, "add", {"a": 1, "b": 2})

    running, left, seconds, after = asyncio.run(calls())

    assert (len(running), left, after.result) == (1, [], 3)
    assert seconds < LIMITS.timeout / 4  # it was not just over by itself


def test_cancelling_ends_a_compilation_that_nobody_else_waits_for(tmp_path: Path) -> None:
    """Of two calls that wait for the same component one may leave; with the last one the compilation is killed."""
    path = component(tmp_path, bombs.SLOW)

    async def calls() -> tuple[Result, list[int], Result]:
        async with Host(tmp_path / "cache") as host:
            first, second = (asyncio.create_task(call(host, path, "none")) for _ in range(2))
            await eventually(lambda: len(descendants(os.getpid())) == 2)
            first.cancel()
            await asyncio.wait([first])
            shared = await second
            other = component(tmp_path, bombs.SLOW + "(; another ;)", "other.wat")
            alone = asyncio.create_task(call(host, other, "none"))
            running = await eventually(lambda: descendants(os.getpid())[1:])
            alone.cancel()
            await asyncio.wait([alone])
            return shared, [pid for pid in running if alive(pid)], await call(host, other, "none")

    shared, left, again = asyncio.run(calls())

    assert (shared.cache, left, again.cache) == ("compiled", [], "compiled")


def test_leaving_the_host_ends_its_process_and_all_calls(tmp_path: Path, sleeper: Path) -> None:
    """What is under way when the host is left ends as a failure, and no process stays."""

    async def calls() -> tuple[list[int], Result]:
        async with Host(tmp_path / "cache") as host:
            task = asyncio.create_task(host.call(sleeper, "sleep", FOREVER, CLOCK, LIMITS))
            await eventually(lambda: [pid for pid in descendants(os.getpid()) if _sleeps(pid)])
            started = descendants(os.getpid())
        return started, await task

    started, result = asyncio.run(calls())

    assert result.error is not None
    assert (len(started), [pid for pid in started if alive(pid)]) == (2, [])


def test_a_host_process_that_died_is_replaced_by_the_next_call(tmp_path: Path, sleeper: Path, plain: Path) -> None:
    """The call that was under way fails, its process is gone with the host's, and the next one is served."""

    async def calls() -> tuple[Result, list[int], Result]:
        async with Host(tmp_path / "cache") as host:
            task = asyncio.create_task(host.call(sleeper, "sleep", FOREVER, CLOCK, LIMITS))
            process = (await eventually(lambda: children(os.getpid())))[0]
            running = await eventually(lambda: [pid for pid in children(process) if _sleeps(pid)])
            os.kill(process, signal.SIGKILL)
            failed = await task
            await eventually(lambda: not any(alive(pid) for pid in running))
            return failed, running, await call(host, plain, "add", {"a": 1, "b": 2})

    failed, running, after = asyncio.run(calls())

    assert failed.error is not None
    assert failed.error.code == "failed"
    assert (len(running), after.result) == (1, 3)


def test_killing_the_caller_leaves_no_process(tmp_path: Path, sleeper: Path) -> None:
    """The host process and its children go with whoever asked, even when that had no time to say so."""
    program = (
        "import asyncio, pathlib\n"
        "from agentctl.tools.wasm.grants import Grants, Limits\n"
        "from agentctl.tools.wasm.host.client import Host\n"
        "async def main():\n"
        f"    async with Host(pathlib.Path({str(tmp_path / 'cache')!r})) as host:\n"
        f"        path = pathlib.Path({str(sleeper)!r})\n"
        "        await host.call(path, 'sleep', {'ns': 10**12}, Grants(clock=True), Limits(timeout=100))\n"
        "asyncio.run(main())\n"
    )

    with subprocess.Popen([sys.executable, "-c", program]) as caller:
        asyncio.run(eventually(lambda: [pid for pid in descendants(caller.pid) if _sleeps(pid)]))
        left = descendants(caller.pid)
        caller.kill()
    asyncio.run(eventually(lambda: not any(alive(pid) for pid in left)))

    assert len(left) == 2


def test_a_childs_process_holds_nothing_but_its_own(
    tmp_path: Path, sleeper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No variable, no file of others, no right to new ones: it has its pipes, an empty input and its own code."""
    monkeypatch.setenv("SECRET", "hunter2")
    limits = replace(LIMITS, timeout=30.0)
    with (tmp_path / "secrets").open("w") as secrets:
        os.set_inheritable(secrets.fileno(), True)

        async def looked_at() -> tuple[bytes, dict[int, str], str, str, str]:
            async with Host(tmp_path / "cache") as host:
                task = asyncio.create_task(host.call(sleeper, "sleep", FOREVER, CLOCK, limits))
                child = await eventually(lambda: [pid for pid in descendants(os.getpid()) if _sleeps(pid)])
                proc = Path(f"/proc/{child[0]}")
                found = (proc / "environ").read_bytes(), open_files(child[0]), str((proc / "cwd").readlink())
                texts = (proc / "status").read_text(), (proc / "limits").read_text()
                task.cancel()
                await asyncio.wait([task])
                return *found, *texts

        environ, files, cwd, status, allowed = asyncio.run(looked_at())

    assert environ == b""
    assert cwd == "/"
    assert files.pop(0) == "/dev/null"
    assert all(files.pop(fd).startswith("pipe:") for fd in (1, 2, 3))
    # Besides: its code, its own standard streams opened again, and what its runtime waits with.
    assert [name for name in files.values() if not name.startswith(("/memfd:component", "pipe:", "anon_inode:"))] == []
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    rows = {row[:25].strip(): row[25:].split()[:2] for row in allowed.splitlines()}
    assert rows["Max core file size"] == rows["Max file size"] == ["0", "0"]
    assert rows["Max open files"] == ["128", "128"]
    assert rows["Max cpu time"] == ["32", "32"]
    assert int(rows["Max address space"][0]) < 1 << 30


def test_the_host_process_keeps_no_file_open_for_calls_that_are_over(
    tmp_path: Path, sleeper: Path, plain: Path
) -> None:
    """Calls that return, fail, are killed or cancelled leave the host process as it was."""

    async def calls() -> tuple[list[int], list[int]]:
        async with Host(tmp_path / "cache") as host:

            async def each() -> list[int]:
                await call(host, plain, "add", {"a": 1, "b": 2})
                await call(host, plain, "trap")
                await host.call(sleeper, "sleep", FOREVER, CLOCK, replace(LIMITS, timeout=0.05))
                task = asyncio.create_task(host.call(sleeper, "sleep", FOREVER, CLOCK, LIMITS))
                (process,) = children(os.getpid())
                await eventually(lambda: children(process))
                task.cancel()
                await asyncio.wait([task])
                return sorted(open_files(process))

            before = await each()
            return before, [await each() for _ in range(5)][-1]

    before, after = asyncio.run(calls())

    assert after == before


def test_components_that_are_not_kept_in_memory_any_more_are_closed(tmp_path: Path) -> None:
    """Only so many components stay loaded, and the others' code is let go of."""
    paths = [component(tmp_path, f'(component (core module $m (data "{n}")))', f"{n}.wat") for n in range(20)]

    async def calls() -> tuple[set[Origin | None], int]:
        async with Host(tmp_path / "cache") as host:
            found = {(await call(host, path, "none")).cache for path in (*paths, paths[0])}
            (process,) = children(os.getpid())
            return found, sum(name.startswith("/memfd:component") for name in open_files(process).values())

    found, kept = asyncio.run(calls())

    assert found == {"compiled", "cached"}
    assert kept == 16


def test_the_widest_limits_are_held(tmp_path: Path, plain: Path) -> None:
    """A call with the most that there is of everything ends well, and so does one with months for compiling."""
    widest = Limits(fuel=(1 << 63) - 1, timeout=86_400.0, memory=64 << 30, output=64 << 20)

    async def calls() -> list[Result]:
        async with Host(tmp_path / "cache", compile_seconds=1e8) as host:
            asked = [(plain, "add", {"a": 2, "b": 3}, NOTHING, each) for each in (LIMITS, widest)]
            return [await host.call(*each) for each in asked]

    assert [one.error or one.result for one in asyncio.run(calls())] == [5, 5]


def test_as_many_memories_as_there_may_be_are_there_with_a_small_limit(tmp_path: Path) -> None:
    """The address space kept free behind each is no part of what a call may use."""
    grown = "(if (i32.eq (memory.grow (i32.const 10)) (i32.const -1)) (then unreachable))"
    modules = "".join(
        f"""
      (core module $m{n} (memory 1) (func (export "f") {grown})) (core instance $m{n} (instantiate $m{n}))
      (func (export "f{n}") (canon lift (core func $m{n} "f")))"""
        for n in range(8)
    )
    path = component(tmp_path, f"(component {modules})")

    async def calls() -> list[Result]:
        async with Host(tmp_path / "cache") as host:
            limits = replace(LIMITS, memory=1 << 20)
            return [await host.call(path, f"f{n}", {}, NOTHING, limits) for n in range(8)]

    assert [result.error for result in asyncio.run(calls())] == [None] * 8


def test_memories_within_their_limits_are_too_much_together(tmp_path: Path) -> None:
    """The process of a call may not have what all of its memories may have."""
    modules = "".join(
        f'(core module $m{n} (memory 704) (func (export "f"))) (core instance $m{n} (instantiate $m{n}))'
        for n in range(8)
    )
    path = component(tmp_path, f'(component {modules} (func (export "f") (canon lift (core func $m7 "f"))))')

    async def called() -> Result:
        async with Host(tmp_path / "cache") as host:
            return await host.call(path, "f", {}, NOTHING, replace(LIMITS, memory=64 << 20))

    error = asyncio.run(called()).error

    assert error is not None
    assert error.code == "memory"


def _sleeps(pid: int) -> bool:
    """Whether a process waits in a call: it has given up all it could by then, and its runtime has begun to poll."""
    try:
        confined = "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()
        return confined and "anon_inode:[eventpoll]" in open_files(pid).values()
    except OSError:
        return False
