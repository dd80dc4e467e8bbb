"""How long it takes to choose a model, once the policy is loaded.

    python tests/bench/choosing.py [ROUNDS]

A decision is what a policy needs for one: the features of the prompt, and its judgement. The whole choice is that with
the masks, the expected costs, the draw and the row that is recorded. Prompts of three lengths take turns, over three
and over eight models; the medians for what is typed are held against the bar. What a file takes, of which 16 KiB are
read, is shown beside them, like a turn without a policy.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.choosers import Offices, Shop, asks  # noqa: E402
from support.routing_policies import policy  # noqa: E402

from agentctl.learning.noticing import notice  # noqa: E402
from agentctl.learning.policies import Learned, Option  # noqa: E402

ROUNDS = 300
BAR = 0.5  # ms a decision, in the median
TYPED = ("a line", "a page")
LENGTHS = {"a line": 80, "a page": 3_000, "a file": 60_000}


def main(rounds: int) -> int:
    """Measure, print, and say whether the bar is held."""
    worst = 0.0
    for count in (3, 8):
        prices = {f"p{place}/m": str(place + 1) for place in range(count)}
        learned = Learned("5" * 64, policy(dict.fromkeys(prices, 0.5)), 1.0, {})
        shop, options = Shop(prices), [Option(name, None, allowed=True) for name in prices]
        chooser, bare = shop.chooser(Offices(learned)), shop.chooser()
        kinds: dict[str, Callable[[str], object]] = {
            "decision": lambda text, learned=learned, options=options: learned.advise(  # type: ignore[misc]
                notice(asks(text)), options, 1.0
            ),
            "whole choice": lambda text, chooser=chooser: chooser.choose(asks(text)),  # type: ignore[misc]
            "without a policy": lambda text, bare=bare: bare.choose(asks(text)),  # type: ignore[misc]
        }
        for name, times in measured(kinds, rounds).items():
            print(f"{count} models, {name}: " + ", ".join(f"{kind} {ms:.3f} ms" for kind, ms in times.items()))
            worst = max(worst, times["decision"] if name in TYPED else 0)
    print(f"the slowest decision on what is typed takes {worst:.3f} ms; the bar is {BAR} ms")
    return int(worst > BAR)


def measured(kinds: dict[str, Callable[[str], object]], rounds: int) -> dict[str, dict[str, float]]:
    """The median milliseconds of each kind by the length of the prompt; all take turns."""
    taken: dict[str, dict[str, list[float]]] = {name: {kind: [] for kind in kinds} for name in LENGTHS}
    for turn in range(rounds + 20):
        for name, length in LENGTHS.items():
            text = (f"prove theorem {turn}: " + "the sum of two numbers is a number; " * (length // 30))[:length]
            for kind, run in kinds.items():
                began = time.perf_counter()
                run(text)
                if turn >= 20:  # what comes before warms up
                    taken[name][kind].append(1000 * (time.perf_counter() - began))
    return {name: {kind: statistics.median(one) for kind, one in kept.items()} for name, kept in taken.items()}


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
