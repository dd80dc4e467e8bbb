"""How long `agentctl estimate` takes for a file of 10 MB, beside tiktoken's count of the same text, in one run.

    python tests/bench/estimate.py [BYTES]

The text is the standard library's source code over and over, which is what people attach. Time is wall time of the
whole command, the best of some rounds, its start and the loading of the vocabulary included ("a word" shows what these
take); that of the peer is of `encode_ordinary` alone, once its ranks are loaded.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import tiktoken

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.ranks import write_ranks

AGENTCTL = Path(sys.executable).with_name("agentctl")
SIZE = 10_000_000
MODELS = ("openai/gpt-5", "openai/gpt-4-turbo", "anthropic/claude-sonnet-5-5", "google/gemini-3.8-flash")
ROUNDS = 5
BAR = 1.0  # seconds


def sample(size: int) -> str:
    """That much source code."""
    sources = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    text = "".join(path.read_text("utf-8", "replace") for path in sources)
    data = "".join(chain.from_iterable([text] * (size // len(text) + 1))).encode()
    return data[:size].decode("utf-8", "ignore")


def best(work: Callable[[], object]) -> float:
    """Seconds that `work` takes at best."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def peer(text: str, directory: Path) -> float:
    """Seconds that tiktoken takes to count the text, with ranks that are written to the directory."""
    write_ranks(directory)
    os.environ["TIKTOKEN_CACHE_DIR"] = str(directory)
    encoding = tiktoken.get_encoding("o200k_base")
    return best(lambda: encoding.encode_ordinary(text))


def main() -> None:
    """Measure, print the table, and leave with 1 if a bar is missed."""
    text = sample(int(sys.argv[1]) if len(sys.argv) > 1 else SIZE)
    late = False
    with tempfile.TemporaryDirectory() as home:
        environ = {"PATH": os.environ["PATH"], "HOME": home}
        Path(home, "big.txt").write_text(text)

        def run(prompt: str, model: str) -> object:
            command = (AGENTCTL, "estimate", prompt, "-m", model, "--json")
            return subprocess.run(
                command, env=environ, cwd=home, stdin=subprocess.DEVNULL, check=True, capture_output=True
            )

        theirs = peer(text, Path(home))
        print(f"{len(text.encode()):,} bytes{'':20}{'agentctl':>11}{'a word':>11}{'tiktoken':>11}{'ratio':>8}")
        for model in MODELS:
            ours, word = best(lambda model=model: run("@big.txt", model)), best(lambda model=model: run("hi", model))  # type: ignore[misc]
            late |= ours > BAR
            print(f"  {model:32}{ours * 1000:8.0f} ms{word * 1000:8.0f} ms{theirs * 1000:8.0f} ms{ours / theirs:8.2f}")
    sys.exit(int(late))


if __name__ == "__main__":
    main()
