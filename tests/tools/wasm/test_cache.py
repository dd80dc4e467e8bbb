"""Compiled components on disk: they load fast, and only what was written by the user is loaded."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import wasmtime
from support import bombs
from support.hosting import call, component
from wasmtime.component import Component

from agentctl.errors import StorageError
from agentctl.tools.wasm.compiled.cache import Cache
from agentctl.tools.wasm.engine import make_engine
from agentctl.tools.wasm.host.client import Host
from agentctl.tools.wasm.host.result import Result

DIGEST = hashlib.sha256(b"one").hexdigest()
OTHER = hashlib.sha256(b"another").hexdigest()


@pytest.fixture
def engine() -> wasmtime.Engine:
    return make_engine()


@pytest.fixture
def compiled(engine: wasmtime.Engine) -> bytes:
    return bytes(Component(engine, bombs.PLAIN).serialize())


def entries(directory: Path) -> list[Path]:
    """The compiled components in a cache."""
    return sorted(directory.glob("*.compiled"))


def test_what_was_stored_is_loaded_and_nothing_else(tmp_path: Path, engine: wasmtime.Engine, compiled: bytes) -> None:
    """Only the component with that digest is there."""
    cache = Cache(tmp_path / "cache")
    cache.store(DIGEST, compiled)

    found, state = cache.load(DIGEST, engine)

    assert (type(found), state) == (Component, "cached")
    assert cache.load(OTHER, engine) == (None, "missing")


def test_the_directory_and_all_in_it_are_the_users_alone(tmp_path: Path, compiled: bytes) -> None:
    """Whatever the umask is, nobody else may read the key or write code."""
    before = os.umask(0)
    try:
        Cache(tmp_path / "deep" / "cache").store(DIGEST, compiled)
    finally:
        os.umask(before)

    directory = tmp_path / "deep" / "cache"
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}
    assert len(list(directory.iterdir())) == 2


@pytest.mark.parametrize("place", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_a_flipped_bit_anywhere_is_refused(
    tmp_path: Path, engine: wasmtime.Engine, compiled: bytes, place: float
) -> None:
    """Code that was altered is not loaded, be it at the start, in the middle or in the MAC itself."""
    cache = Cache(tmp_path / "cache")
    cache.store(DIGEST, compiled)
    (path,) = entries(tmp_path / "cache")
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    path.write_bytes(content)

    assert cache.load(DIGEST, engine) == (None, "tampered")


@pytest.mark.parametrize("kept", [0, 1, 32, 5000])
def test_what_was_cut_short_is_refused(tmp_path: Path, engine: wasmtime.Engine, compiled: bytes, kept: int) -> None:
    """A file that lost its end, or is empty, is no component."""
    cache = Cache(tmp_path / "cache")
    cache.store(DIGEST, compiled)
    (path,) = entries(tmp_path / "cache")
    path.write_bytes(path.read_bytes()[:kept])

    assert cache.load(DIGEST, engine) == (None, "tampered")


def test_one_components_code_is_not_taken_for_anothers(
    tmp_path: Path, engine: wasmtime.Engine, compiled: bytes
) -> None:
    """The name is under the MAC too: a good file under another name is refused."""
    cache = Cache(tmp_path / "cache")
    cache.store(DIGEST, compiled)
    (path,) = entries(tmp_path / "cache")
    path.rename(path.with_name(path.name.replace(DIGEST, OTHER)))

    assert cache.load(OTHER, engine) == (None, "tampered")


def test_code_that_another_key_vouches_for_is_refused(tmp_path: Path, engine: wasmtime.Engine, compiled: bytes) -> None:
    """A whole cache of somebody else's is worth nothing without the key."""
    Cache(tmp_path / "theirs").store(DIGEST, compiled)
    ours = Cache(tmp_path / "ours")
    ours.store(OTHER, compiled)
    (stranger,) = entries(tmp_path / "theirs")
    stranger.rename(tmp_path / "ours" / stranger.name)

    assert ours.load(DIGEST, engine) == (None, "tampered")


@pytest.mark.parametrize("mode", [0o644, 0o660])
def test_a_file_or_key_that_others_may_touch_is_not_trusted(
    tmp_path: Path, engine: wasmtime.Engine, compiled: bytes, mode: int
) -> None:
    """What was open to others may be theirs."""
    cache = Cache(tmp_path / "cache")
    cache.store(DIGEST, compiled)
    (path,) = entries(tmp_path / "cache")
    path.chmod(mode)
    refused = cache.load(DIGEST, engine)
    path.chmod(0o600)
    (tmp_path / "cache" / "key").chmod(mode)

    assert [refused, cache.load(DIGEST, engine)] == [(None, "tampered")] * 2


def test_a_link_is_not_followed(tmp_path: Path, engine: wasmtime.Engine, compiled: bytes) -> None:
    """Not even to a file that is all right."""
    cache = Cache(tmp_path / "cache")
    cache.store(DIGEST, compiled)
    (path,) = entries(tmp_path / "cache")
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")

    assert cache.load(DIGEST, engine) == (None, "tampered")


def test_a_link_in_the_place_of_a_file_is_replaced(tmp_path: Path, engine: wasmtime.Engine, compiled: bytes) -> None:
    """What is compiled anew is found the next time, and what the link leads to is not touched."""
    cache, elsewhere = Cache(tmp_path / "cache"), tmp_path / "elsewhere"
    cache.store(DIGEST, compiled)
    (path,) = entries(tmp_path / "cache")
    elsewhere.write_bytes(b"somebody's")
    path.unlink()
    path.symlink_to(elsewhere)

    cache.store(DIGEST, compiled)

    assert cache.load(DIGEST, engine)[1] == "cached"
    assert elsewhere.read_bytes() == b"somebody's"


def test_a_directory_that_others_could_write_to_is_emptied(
    tmp_path: Path, engine: wasmtime.Engine, compiled: bytes
) -> None:
    """It is made the user's alone, and neither the key nor the code in it is used any more."""
    cache = Cache(tmp_path / "cache")
    cache.store(DIGEST, compiled)
    (tmp_path / "cache").chmod(0o777)

    assert cache.load(DIGEST, engine) == (None, "missing")
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_is_not_a_directory_of_the_users_is_refused(tmp_path: Path, engine: wasmtime.Engine, kind: str) -> None:
    """A link may lead to a directory that somebody else chose."""
    place = tmp_path / "cache"
    if kind == "link":
        (tmp_path / "other").mkdir(mode=0o700)
        place.symlink_to(tmp_path / "other")
    else:
        place.write_text("")

    with pytest.raises(StorageError, match="not a directory of yours") as raised:
        Cache(place).load(DIGEST, engine)

    assert "AGENTCTL_CACHE_DIR" in (raised.value.hint or "")


def test_those_not_used_for_longest_make_room(tmp_path: Path, engine: wasmtime.Engine, compiled: bytes) -> None:
    """Loading counts as use; what was stored last always stays."""
    cache = Cache(tmp_path / "cache", size=int(len(compiled) * 2.5))
    digests = [hashlib.sha256(bytes([n])).hexdigest() for n in range(3)]
    for age, digest in zip((300, 200), digests, strict=False):
        cache.store(digest, compiled)
        (path,) = (tmp_path / "cache").glob(f"{digest}*")
        os.utime(path, (time.time() - age, time.time() - age))
    cache.load(digests[0], engine)

    cache.store(digests[2], compiled)

    assert [cache.load(digest, engine)[1] for digest in digests] == ["cached", "missing", "cached"]


def test_what_a_crash_left_half_written_is_removed_later(tmp_path: Path, compiled: bytes) -> None:
    """A temporary file of an hour ago has no writer any more; a fresh one may have."""
    cache = Cache(tmp_path / "cache")
    cache.store(DIGEST, compiled)
    old, fresh = tmp_path / "cache" / ".old", tmp_path / "cache" / ".fresh"
    old.touch()
    fresh.touch()
    os.utime(old, (time.time() - 7200, time.time() - 7200))

    cache.store(OTHER, compiled)

    assert (old.exists(), fresh.exists()) == (False, True)


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path, engine: wasmtime.Engine) -> None:
    """What each of them stores, all can load."""
    program = (
        "import sys, hashlib; from pathlib import Path; from agentctl.tools.wasm.compiled.cache import Cache\n"
        "from agentctl.tools.wasm.engine import make_engine; from wasmtime.component import Component\n"
        "code = Component(make_engine(), '(component)').serialize(); sys.stdin.read()\n"
        "Cache(Path(sys.argv[1])).store(hashlib.sha256(sys.argv[2].encode()).hexdigest(), code)\n"
    )
    directory = tmp_path / "cache"
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(directory), str(n)], stdin=subprocess.PIPE)
        for n in range(4)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.close()

    assert [process.wait() for process in started] == [0] * 4
    found = [Cache(directory).load(hashlib.sha256(str(n).encode()).hexdigest(), engine)[1] for n in range(4)]
    assert found == ["cached"] * 4


def test_a_tampered_component_is_compiled_anew_and_that_is_told(tmp_path: Path) -> None:
    """A call over an altered cache brings the right result, says so, and the next process finds it mended."""
    path = component(tmp_path, bombs.PLAIN)

    async def fresh() -> Result:
        async with Host(tmp_path / "cache") as host:
            return await call(host, path, "add", {"a": 1, "b": 2})

    results = [asyncio.run(fresh()), asyncio.run(fresh())]
    (kept,) = entries(tmp_path / "cache")
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 0x80
    kept.write_bytes(content)
    results += [asyncio.run(fresh()), asyncio.run(fresh())]

    assert [result.cache for result in results] == ["compiled", "cached", "tampered", "cached"]
    assert [result.result for result in results] == [3] * 4


def test_a_cache_that_cant_be_written_is_a_failure_with_a_hint(tmp_path: Path) -> None:
    """Whoever calls is told what to do."""
    path = component(tmp_path, bombs.PLAIN)
    (tmp_path / "cache").write_text("")

    async def calls() -> Result:
        async with Host(tmp_path / "cache") as host:
            return await call(host, path, "add", {"a": 1, "b": 2})

    error = asyncio.run(calls()).error

    assert error is not None
    assert (error.code, error.hint) == ("failed", "set AGENTCTL_CACHE_DIR to a directory of your own")


def test_loading_is_a_hundred_times_faster_than_compiling(tmp_path: Path, engine: wasmtime.Engine) -> None:
    """With the check of the MAC, for a component that takes a while to compile."""
    started = time.process_time()
    code = Component(engine, bombs.SLOW).serialize()
    compiling = time.process_time() - started
    cache = Cache(tmp_path / "cache")
    cache.store(DIGEST, code)
    cache.load(DIGEST, engine)

    started = time.process_time()
    found, _ = cache.load(DIGEST, engine)
    loading = time.process_time() - started

    assert found is not None
    assert compiling / loading >= 100, (compiling, loading)
