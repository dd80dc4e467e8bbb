"""Symbolic links in a directory that a component may write to: it makes none, and all that are there are the user's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support import bombs
from support.hosting import LIMITS, call, component
from support.wasi_guest import guest
from support.wasm import decoded

from agentctl.tools.wasm.grants import Grants, Preopen
from agentctl.tools.wasm.host.client import Host

NOT_PERMITTED = 31  # its place in the error codes of wasi:filesystem/types
OUTSIDE = "../outside"


@dataclass(frozen=True, slots=True)
class Place:
    """A directory that is granted for writing, and where the cache and the guest are."""

    box: Path
    scratch: Path

    @property
    def grants(self) -> Grants:
        """The box, and clocks to wait by."""
        return Grants(files=(Preopen(self.box, "/box", writable=True),), clock=True)

    def do(self, *calls: tuple[str, dict[str, Any]], version: str = "0.2.0") -> list[bytes]:
        """What the guest's functions answer, one after the other: 0 and what was found, or 1 and an error code."""
        return [decoded(answer) for answer in asyncio.run(self._do(calls, version))]

    async def _do(self, calls: Sequence[tuple[str, dict[str, Any]]], version: str) -> list[str]:
        path = component(self.scratch, guest(version))
        async with Host(self.scratch / "cache") as host:
            done = [await host.call(path, name, arguments, self.grants, LIMITS) for name, arguments in calls]
        assert [one.error for one in done] == [None] * len(done)
        return [one.result for one in done]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A box with links of the user's: within it, out of it, and to nothing."""
    made = Place(tmp_path.resolve() / "box", tmp_path)
    (made.box / "venv").mkdir(parents=True)
    (made.box / "inside.txt").write_text("inside")
    (made.box / "out").symlink_to(OUTSIDE)
    (made.box / "venv" / "python").symlink_to("/usr/bin/env")
    return made


def _links(place: Place) -> dict[str, str]:
    found = (path for path in sorted(place.box.rglob("*")) if path.is_symlink())
    return {str(path.relative_to(place.box)): str(path.readlink()) for path in found}


@pytest.mark.parametrize("target", ["..", OUTSIDE, "/etc/passwd", "venv/../../outside", "inside.txt"])
@pytest.mark.parametrize("version", ["0.2.0", "0.2.9"])
def test_a_component_makes_no_link(place: Place, target: str, version: str) -> None:
    """Wherever it is to lead, a link is not permitted, and none is there afterwards."""
    before = _links(place)

    (answer,) = place.do(("symlink", {"directory": 0, "target": target, "name": "made"}), version=version)

    assert tuple(answer[:2]) == (1, NOT_PERMITTED)
    assert _links(place) == before


def test_a_link_of_the_users_is_not_pointed_elsewhere(place: Place) -> None:
    """A component that removes a link can't put another in its place."""
    again = {"directory": 0, "target": "/etc", "name": "out"}

    unlinked, made = place.do(("unlink", {"directory": 0, "path": "out"}), ("symlink", again))

    assert (unlinked[0], made[0]) == (0, 1)
    assert not (place.box / "out").is_symlink()


def test_a_directory_with_links_of_the_users_may_be_renamed(place: Place) -> None:
    """What the user has linked is there under the new name, and the call is no failure."""
    place.do(("rename", {"directory": 0, "old": "venv", "into": 0, "new": "env"}))

    assert _links(place) == {"out": OUTSIDE, "env/python": "/usr/bin/env"}


def test_a_link_that_the_user_makes_during_a_call_stays(place: Place) -> None:
    """The call is not blamed for it."""
    path = component(place.scratch, bombs.SLEEPER)

    async def during() -> bool:
        async with Host(place.scratch / "cache") as host:
            await call(host, path, "none")
            called = asyncio.create_task(host.call(path, "sleep", {"ns": 300_000_000}, place.grants, LIMITS))
            await asyncio.sleep(0.1)
            (place.box / "mine").symlink_to(os.sep)
            return (await called).ok

    assert asyncio.run(during())
    assert _links(place)["mine"] == os.sep
