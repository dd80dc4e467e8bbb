"""What a streamed answer costs: chunks per CPU second, agentctl beside the official `openai` SDK, in one run.

    python tests/bench/stream.py [ROUNDS]

A server in a process of its own sends the same answer of 20,000 events to all, at full speed and one HTTP chunk each.
CPU time is user plus system time of this process with all its threads. The contenders take turns, so that a busy
machine hurts them alike, and the ratio is of medians, to the faster of the SDK's two clients.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import openai
from openai.types.chat import ChatCompletionMessageParam

from agentctl.app import App
from agentctl.conversation import Conversation, Options
from agentctl.events import TextDelta
from agentctl.messages import user
from agentctl.providers.base import Request
from agentctl.providers.connect import connect
from agentctl.settings import Settings, load

SERVER = Path(__file__).parent.parent / "support" / "server.py"
CHUNKS = 20_000
ROUNDS = 9
PEERS = ("openai SDK", "openai SDK, async")
BARS = {"agentctl, provider": 5.0, "agentctl, whole path": 4.0}
PAGE = os.sysconf("SC_PAGE_SIZE")
GROWTH_BAR = 8.0  # MiB that one answer, of 0.2 MiB of text, may add while it streams

EARLY = 1_000  # chunks after which memory is looked at for the first time

Contender = Callable[[str], "Answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """How many chunks came, and the MiB by which memory grew while they did, the first thousand aside."""

    chunks: int
    growth: float = 0.0


async def count(events: AsyncIterator[object]) -> Answer:
    """Iterate to the end."""
    chunks, early = 0, 0.0
    async for event in events:
        if isinstance(event, TextDelta):
            chunks += 1
            if chunks == EARLY:
                early = resident()
    return Answer(chunks, resident() - early)


@contextmanager
def server() -> Iterator[str]:
    """The address of the server, which runs meanwhile."""
    command = [sys.executable, str(SERVER), "--chunks", str(CHUNKS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"{process.stdout.readline().strip()}/v1"
        process.communicate()  # closes its standard input, which ends it


def settings(url: str, home: Path) -> tuple[Settings, dict[str, str]]:
    """The settings of a user who set this base URL, and the environment they come from."""
    environ = {"HOME": str(home), "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none-of-your-business"}
    return load(environ=environ, cwd=home), environ


def sdk(url: str) -> Answer:
    """The SDK's own loop."""
    with openai.OpenAI(base_url=url, api_key="x") as client:
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]
        return Answer(sum(1 for _ in client.chat.completions.create(model="m", messages=messages, stream=True)))


def sdk_async(url: str) -> Answer:
    """The same with its asynchronous client."""

    async def run() -> Answer:
        async with openai.AsyncOpenAI(base_url=url, api_key="x") as client:
            messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]
            stream = await client.chat.completions.create(model="m", messages=messages, stream=True)
            return Answer(len([None async for _ in stream]))

    return asyncio.run(run())


def provider(url: str) -> Answer:
    """HTTP, decoding and events."""

    async def run(home: Path) -> Answer:
        service = connect("compatible", *settings(url, home))
        async with aclosing(service.stream(Request("m", (user("hi"),)))) as events:
            answer = await count(events)
        await service.aclose()
        return answer

    with tempfile.TemporaryDirectory() as home:
        return asyncio.run(run(Path(home)))


def whole_path(url: str) -> Answer:
    """The same in a turn of a conversation: agent loop, drafts at most 250 ms behind, ledger, database."""

    async def run(conversation: Conversation) -> Answer:
        with conversation.turn(user("hi"), print) as events:
            async with aclosing(events):
                answer = await count(events)
        await conversation.aclose()
        return answer

    with tempfile.TemporaryDirectory() as home:
        app = App(settings(url, Path(home))[1])
        conversation = Conversation(app.database, app.catalog, app.target("compatible/m"), Options())
        try:
            return asyncio.run(run(conversation))
        finally:
            app.database.close()


CONTENDERS: dict[str, Contender] = {
    "openai SDK": sdk,
    "openai SDK, async": sdk_async,
    "agentctl, provider": provider,
    "agentctl, whole path": whole_path,
}


def resident() -> float:
    """MiB of memory in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def measure(rounds: int, url: str) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Each contender's rates, in chunks per CPU second, and its largest growth of memory, after a round to warm up."""
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    growth = dict.fromkeys(CONTENDERS, 0.0)
    for number in range(rounds + 1):
        for name, contender in CONTENDERS.items():
            start = process_time()
            answer = contender(url)
            seconds = process_time() - start
            if answer.chunks < CHUNKS:
                raise SystemExit(f"{name} saw only {answer.chunks} chunks")
            if number:
                rates[name].append(answer.chunks / seconds)
                growth[name] = max(growth[name], answer.growth)
    return rates, growth


def report(rates: Mapping[str, list[float]], growth: Mapping[str, float]) -> int:
    """Print the table; return 1 if a bar is missed."""
    peer = max(statistics.median(rates[name]) for name in PEERS)
    missed = False
    print(f"{'':24}{'chunks / CPU s':>16}{'ratio':>8}{'bar':>6}{'growth MiB':>12}")
    for name, values in rates.items():
        middle = statistics.median(values)
        bar = BARS.get(name)
        missed |= bar is not None and (middle < bar * peer or growth[name] > GROWTH_BAR)
        print(f"{name:24}{middle:16,.0f}{middle / peer:8.2f}{bar or '':>6}{growth[name]:12.1f}")
    return int(missed)


def main() -> None:
    """Measure, print the table, and leave with 1 if a bar is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with server() as url:
        rates, growth = measure(rounds, url)
    sys.exit(report(rates, growth))


if __name__ == "__main__":
    main()
