"""What a call of a component costs, beside a Python that does the same, in one run.

    python tests/bench/wasm.py [ROUNDS]

The component is contrib/tools/units, which is QuickJS; the peer is `python -I -c` that imports json and prints the same
result. Times are by the wall clock, since most of a call happens in other processes; the contenders take turns of some
calls, so that a busy machine hurts them alike, and the ratios are of medians over all calls.

Besides: what a compiled component saves when it is loaded, that a flipped bit in it is refused, and that a call with
the same seed is the same call, to the last instruction.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from wasmtime.component import Component

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.components import built, sampler  # noqa: E402

from agentctl.tools.wasm.compiled.cache import Cache  # noqa: E402
from agentctl.tools.wasm.engine import make_engine  # noqa: E402
from agentctl.tools.wasm.grants import Grants, Limits  # noqa: E402
from agentctl.tools.wasm.host.client import Host  # noqa: E402
from agentctl.tools.wasm.instance import call  # noqa: E402

ROUNDS = 20
TURN = 5  # calls
REPLAYS = 20
FUNCTION = "convert"
ARGUMENTS = {"value": 26.2, "source": "mi", "target": "km"}
RESULT = {"value": 42.1648128, "unit": "km", "dimension": "length"}
SCRIPT = """import json
value = float(f"{26.2 * 1609.344 / 1000:.12g}")
print(json.dumps({"value": value, "unit": "km", "dimension": "length"}))"""
PEER = "python -I -c"
BARS = {"fresh call in process": 20.0, "forked call, all limits": 2.0}
LOAD_BAR = 100.0

Contender = Callable[[], Any]


def in_process(path: Path) -> Contender:
    """A call in this process: a new store and a new instance for each."""
    engine = make_engine()
    component = Component(engine, path.read_bytes())
    sink = os.open(os.devnull, os.O_WRONLY)

    def run() -> Any:
        returned = call(
            component,
            engine,
            FUNCTION,
            ARGUMENTS,
            Grants(),
            Limits(),
            stdout_fd=sink,
            stderr_fd=sink,
            network=None,
            seed=0,
        )
        return returned.value["ok"]

    return run


def peer() -> Any:
    """The same by a Python of its own."""
    done = subprocess.run([sys.executable, "-I", "-c", SCRIPT], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def measure(rounds: int, contenders: Mapping[str, Contender]) -> dict[str, list[float]]:
    """The seconds of each contender's calls, in turn, after a round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, contender in contenders.items():
            for _ in range(TURN):
                start = perf_counter()
                result = contender()
                seconds = perf_counter() - start
                if result != RESULT:
                    raise SystemExit(f"{name} says {result}")
                if number:
                    times[name].append(seconds)
    return times


def calls(rounds: int, path: Path, cache_dir: Path) -> dict[str, list[float]]:
    """Measure all ways to call."""
    with asyncio.Runner() as runner:
        host = Host(cache_dir)

        async def forked() -> Any:
            result = await host.call(path, FUNCTION, ARGUMENTS, Grants(), Limits())
            return result.result["ok"] if result.error is None else result.error.message

        try:
            contenders = {
                "fresh call in process": in_process(path),
                "forked call, all limits": lambda: runner.run(forked()),
                PEER: peer,
            }
            return measure(rounds, contenders)
        finally:
            runner.run(host.__aexit__(None, None, None))


def loading(path: Path, directory: Path) -> tuple[float, float]:
    """The seconds that compiling takes, and loading what was compiled; the least of some."""
    wasm, engine, cache = path.read_bytes(), make_engine(threads=True), Cache(directory)
    digest = hashlib.sha256(wasm).hexdigest()
    compiling, loaded = [], []
    for _ in range(3):
        start = perf_counter()
        component = Component(engine, wasm)
        compiling.append(perf_counter() - start)
    cache.store(digest, component.serialize())
    for _ in range(20):
        start = perf_counter()
        _, state = cache.load(digest, engine)
        loaded.append(perf_counter() - start)
        if state != "cached":
            raise SystemExit(f"what was just compiled is {state}")
    return min(compiling), min(loaded)


def flipped(path: Path, cache_dir: Path) -> str | None:
    """What becomes of a compiled component with one other bit: where the next call takes it from."""
    (compiled,) = cache_dir.rglob(f"{hashlib.sha256(path.read_bytes()).hexdigest()}*")
    data = bytearray(compiled.read_bytes())
    data[len(data) // 2] ^= 1
    compiled.write_bytes(data)

    async def run() -> str | None:
        async with Host(cache_dir) as host:
            result = await host.call(path, FUNCTION, ARGUMENTS, Grants(), Limits())
            return result.cache if result.ok else None

    return asyncio.run(run())


def replays(path: Path, cache_dir: Path) -> tuple[int, int]:
    """How many of some calls with one seed equal the first in result and fuel, and how many seeds differ from it."""

    async def run() -> tuple[int, int]:
        async with Host(cache_dir) as host:
            done = [
                await host.call(path, "sample", {"count": 8}, Grants(), Limits(), seed=seed)
                for seed in (*[7] * REPLAYS, 8, 9, 10)
            ]
        seen = [(one.result, one.fuel, one.stdout) for one in done if one.ok]
        return seen[:REPLAYS].count(seen[0]), sum(one[0] != seen[0][0] for one in seen[REPLAYS:])

    return asyncio.run(run())


def report(times: Mapping[str, list[float]]) -> bool:
    """Print the table; whether a bar is missed."""
    slowest = statistics.median(times[PEER])
    missed = False
    print(f"wall clock, median of {len(times[PEER])} calls, {TURN} a turn")
    print(f"{'':26}{'ms':>8}{'min':>8}{'max':>8}{'faster':>10}{'bar':>7}")
    for name, values in times.items():
        middle, bar = statistics.median(values), BARS.get(name)
        ratio = slowest / middle
        missed |= bar is not None and ratio < bar
        figures = "".join(f"{value * 1e3:8.2f}" for value in (middle, min(values), max(values)))
        print(f"{name:26}{figures}{ratio:9.1f}x{'' if bar is None else f'{bar:6g}x'}")
    return missed


def main() -> None:
    """Measure, print, and leave with 1 if a bar is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    path = built("units")
    with tempfile.TemporaryDirectory() as scratch:
        cache_dir = Path(scratch) / "host"
        times = calls(rounds, path, cache_dir)
        missed = report(times)
        compiling, load = loading(path, Path(scratch) / "cache")
        state = flipped(path, cache_dir)
        same, other = replays(sampler(), cache_dir)
    ratio = compiling / load
    print(f"compiling {compiling * 1e3:.0f} ms, loading {load * 1e3:.2f} ms: {ratio:.0f}x, bar {LOAD_BAR:g}x")
    print(f"a compiled component with a flipped bit is {state}, and compiled anew")
    print(f"{same} of {REPLAYS} calls with one seed are the same call, {other} of 3 with other seeds are others")
    print(json.dumps({name: round(statistics.median(values) * 1e3, 3) for name, values in times.items()}))
    sys.exit(int(missed or ratio < LOAD_BAR or state != "tampered" or (same, other) != (REPLAYS, 3)))


if __name__ == "__main__":
    main()
