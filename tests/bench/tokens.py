"""How fast tokens are counted, beside tiktoken, in one run, and how long it takes to load what is counted with.

    python tests/bench/tokens.py [ROUNDS]

Both count the same texts with OpenAI's o200k, each as it does: agentctl on all cores; tiktoken on one, and by encoding,
for it can't only count. Its ranks lie in its cache. The speed is the best of some rounds that alternate. Loading is
measured in processes of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import tiktoken  # noqa: E402
from support.corpus import LANGUAGES, mixed, sources  # noqa: E402
from support.ranks import write_ranks  # noqa: E402

from agentctl.economy.tokens.bounds import CLAUDE, KNOWN, most  # noqa: E402
from agentctl.economy.tokens.counting import count  # noqa: E402
from agentctl.economy.tokens.encodings import Encoding, lengths  # noqa: E402
from agentctl.economy.tokens.prompt import Prompt  # noqa: E402
from agentctl.messages import user  # noqa: E402

ENCODING: Encoding = "o200k_base"
ROUNDS = 5
BAR = 10.0  # times tiktoken's speed, over all texts
LOADS = {
    "agentctl": "from agentctl.economy.tokens.encodings import count_text; count_text('x')",
    "tiktoken": f"import tiktoken; tiktoken.get_encoding({ENCODING!r}).encode_ordinary('x')",
}


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds for some bytes, at best."""

    size: int
    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        """How many times as fast ours is."""
        return self.theirs / self.ours


def texts() -> Mapping[str, Sequence[str]]:
    """What is counted, by its kind."""
    code = sources(3_000_000)
    return {
        "Python, 3 MB": [code],
        "Python, files of 20 KB": [code[at : at + 20_000] for at in range(0, len(code), 20_000)],
        "English, 1 MB": [" ".join([LANGUAGES[0]] * 6000)],
        "16 languages, 1 MB": ["\n".join(LANGUAGES * 400)],
        "everything, 6 MB": [*mixed()],
    }


def best(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compare(known: tiktoken.Encoding, kind: Sequence[str], rounds: int) -> Speed:
    """Both counts of the texts, which must be equal, and how long they take."""
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(best(lambda: lengths(kind, ENCODING)))
        theirs.append(best(lambda: [known.encode_ordinary(text) for text in kind]))
    if lengths(kind, ENCODING) != [len(known.encode_ordinary(text)) for text in kind]:
        raise SystemExit("the counts differ")
    return Speed(sum(len(text.encode()) for text in kind), min(ours), min(theirs))


def loading(name: str, ranks: str) -> float:
    """Seconds until a fresh process has counted one letter."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TIKTOKEN_CACHE_DIR": ranks}
    return min(
        best(lambda: subprocess.run([sys.executable, "-c", LOADS[name]], env=environ, check=True)) for _ in "123"
    )


def main() -> None:
    """Measure, print the tables, and leave with 1 if the bar is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as ranks:
        write_ranks(Path(ranks), ENCODING)
        os.environ["TIKTOKEN_CACHE_DIR"] = ranks
        known = tiktoken.get_encoding(ENCODING)
        load = {name: loading(name, ranks) for name in LOADS}
    speeds = {name: compare(known, kind, rounds) for name, kind in texts().items()}
    sys.exit(report(speeds, load))


def report(speeds: Mapping[str, Speed], load: Mapping[str, float]) -> int:
    """Print the speeds; return 1 if the bar is missed."""
    print(f"{'MB/s':26}{'agentctl':>10}{'tiktoken':>10}{'ratio':>8}")
    for name, speed in speeds.items():
        size = speed.size / 1e6
        print(f"{name:26}{size / speed.ours:10.1f}{size / speed.theirs:10.1f}{speed.ratio:8.1f}")
    total = Speed(*(sum(column) for column in zip(*((s.size, s.ours, s.theirs) for s in speeds.values()), strict=True)))
    missed = total.ratio < BAR
    print(f"{'all':26}{'':20}{total.ratio:8.1f}   bar {BAR:g}   {'MISSED' if missed else 'ok'}")
    print()
    for name, seconds in load.items():
        print(f"load and count, {name:10}{seconds * 1e3:10.0f} ms")
    large = Prompt((user(sources(2_500_000) * 4),))
    print(f"{'count 10 MB':26}{best(lambda: count(large, 'openai/gpt-5.5')) * 1e3:10.0f} ms")
    text = large.messages[0].text[:1_000_000]
    print(f"{'bound 1 MB':26}{best(lambda: most(text, KNOWN)) * 1e3:10.1f} ms")
    print(f"{'bound 1 MB, Claude':26}{best(lambda: most(text, CLAUDE)) * 1e3:10.1f} ms")
    return int(missed)


if __name__ == "__main__":
    main()
