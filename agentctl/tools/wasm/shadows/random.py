"""Random numbers that a seed decides: the same seed gives the same bytes on every machine.

The bytes of call number n of an interface are the output of SHAKE-256 over the seed, the interface and n, each on a
line of its own. They are as good as random for whoever does not know the seed, and no secret: who can run the component
again can have them again.

Source: FIPS 202, https://doi.org/10.6028/NIST.FIPS.202
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from agentctl.tools.wasm.shadows.refusing import Host, Refusals, Storelike

MOST = 1 << 20  # bytes at a time; each becomes a value of its own on its way to the component


@dataclass(slots=True)
class SeededRandom:
    """The random numbers of one call."""

    seed: int
    refusals: Refusals
    drawn: dict[str, int] = field(default_factory=dict)

    def functions(self, interface: str) -> Mapping[str, Host]:
        """The functions of an interface of wasi:random."""

        def some(_: Storelike, length: int) -> bytes:
            if length > MOST:
                raise self.refusals.refuse(f"it asked for {length} random bytes at once", f"{MOST} are the most")
            return self.draw(interface, length)

        def word(_: Storelike) -> int:
            return int.from_bytes(self.draw(interface, 8), "little")

        def pair(store: Storelike) -> tuple[int, int]:
            return word(store), word(store)

        functions: dict[str, dict[str, Host]] = {
            "wasi:random/random": {"get-random-bytes": some, "get-random-u64": word},
            "wasi:random/insecure": {"get-insecure-random-bytes": some, "get-insecure-random-u64": word},
            "wasi:random/insecure-seed": {"insecure-seed": pair},
        }
        return functions[interface]

    def draw(self, interface: str, length: int) -> bytes:
        """The next bytes of an interface."""
        turn = self.drawn.get(interface, 0)
        self.drawn[interface] = turn + 1
        return hashlib.shake_256(f"{self.seed}\n{interface}\n{turn}\n".encode()).digest(length)
