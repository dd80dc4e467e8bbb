"""SIGKILL while an answer streams: what was seen is kept, what was reported is charged, and the session goes on.

By default a few kills at seeded moments; AGENTCTL_TEST_FULL=1 makes it 50, and AGENTCTL_TEST_SEED chooses others.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import IO

import pytest
from support import gemini
from support.completions import completion, event
from support.program import PATIENCE, Program
from support.server import Pause, Recorded, Script, Send, Server, chunk, head, sse, stream

KILLS = 50 if os.environ.get("AGENTCTL_TEST_FULL") else 8
SEED = int(os.environ.get("AGENTCTL_TEST_SEED", "20261123"))
BEHIND = 0.25  # seconds that the stored answer may lag behind the screen
INPUT = 500_000  # tokens of a prompt, nearly all of them read from the cache
WORDS = [f"word{number} " for number in range(2000)]


@dataclass
class Screen:
    """What a process printed, and when it could be read."""

    pieces: list[tuple[float, str]] = field(default_factory=list)
    started: threading.Event = field(default_factory=threading.Event)

    def follow(self, stream: IO[bytes]) -> None:
        """Read to the end."""
        while data := os.read(stream.fileno(), 65536):
            self.pieces.append((time.monotonic(), data.decode()))
            self.started.set()

    def until(self, moment: float) -> str:
        """What had been read by then."""
        return "".join(text for at, text in self.pieces if at <= moment)


def _slowly(request: Recorded) -> Script:
    """Answer the first turn word by word, unevenly; answer the next at once."""
    if "go on" in json.dumps(request.json["messages"]):
        return completion("resumed")
    pace = random.Random(SEED)
    steps: list[Send | Pause] = [
        Send(head(headers={"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}))
    ]
    for word in WORDS:
        steps += [Send(chunk(sse(event({"content": word}))[0])), Pause(pace.choice([0, 0, 0.001, 0.004, 0.02]))]
    return steps


def _counting(request: Recorded) -> Script:
    """Answer as Gemini does, which tells with each word how many there were."""
    pace = random.Random(SEED)
    steps = stream(end=False)
    for count, word in enumerate(WORDS, 1):
        told = {"promptTokenCount": INPUT, "cachedContentTokenCount": INPUT - 9, "candidatesTokenCount": count}
        payload = gemini.response(gemini.text(word), usage=told | {"totalTokenCount": INPUT + count})
        steps += [Send(chunk(sse(payload)[0])), Pause(pace.choice([0, 0, 0.001, 0.004, 0.02]))]
    return steps


def _kill(process: subprocess.Popen[bytes], delay: float) -> str:
    """Kill a turn so many seconds after its first word; return what it had shown by the time that counts."""
    assert process.stdout
    screen = Screen()
    reader = threading.Thread(target=screen.follow, args=(process.stdout,))
    reader.start()
    assert screen.started.wait(PATIENCE)
    threading.Event().wait(delay)
    killed_at = time.monotonic()
    process.send_signal(signal.SIGKILL)
    reader.join(PATIENCE)
    process.communicate(timeout=PATIENCE)
    return screen.until(killed_at - BEHIND)


@pytest.mark.parametrize("number", range(KILLS))
def test_what_was_reported_is_charged_after_a_kill(program: Program, number: int) -> None:
    """Of the words on the screen all but those of the last 250 ms are charged as counted, and all the input is."""
    delay = random.Random(f"{SEED}/{number}").uniform(BEHIND, 1.5)
    with Server(_counting) as server:
        program.environ["GEMINI_API_KEY"] = "planted"
        ask = ["chat", "-m", "google/gemini-3.8-flash", "--base-url", server.url]
        kept = random.Random(number).choice([(), ("--no-save",)])
        seen = _kill(program.start(*ask, *kept, "tell me"), delay)
    usage = program.run("cost", "--json").json["usage"]
    assert (usage["uncached_input"], usage["cache_read"]) == (9, INPUT - 9)
    assert usage["output"] >= seen.count(" ") > 0
    with closing(sqlite3.connect(program.home / ".local/share/agentctl/agentctl.db")) as raw:
        query = "SELECT status, raw_usage, response_id, output FROM usage_ledger WHERE kind = 'charge'"
        ((status, told, response_id, output),) = raw.execute(query)
    assert (status, response_id) == ("partial", "r-1")
    assert 0 <= output - json.loads(told)["candidatesTokenCount"] < output / 2


@pytest.mark.parametrize("number", range(KILLS))
def test_what_was_on_the_screen_survives_a_kill(program: Program, number: int) -> None:
    """All that stdout showed but its last 250 ms is stored, as a prefix of the answer, and the session resumes."""
    delay = random.Random(f"{SEED}/{number}").uniform(0, 1.5)
    with Server(_slowly) as server:
        ask = ["chat", "-m", "compatible/m", "--base-url", f"{server.url}/v1"]
        seen = _kill(program.start(*ask, "tell me"), delay)

        resumed = program.run(*ask, "-c", "go on")
        assert (resumed.code, resumed.out) == (0, "resumed\n"), resumed.err

    (session,) = program.run("sessions", "list", "--json").json
    messages = program.run("sessions", "show", session["id"], "--json").json["messages"]
    partial = [message for message in messages if message["status"] == "partial"]
    assert [message["role"] for message in messages if message not in partial] == ["user", "user", "assistant"]
    stored = "".join(message["text"] for message in partial)
    assert stored.startswith(seen)
    assert "".join(WORDS).startswith(stored)
    sent = [message["content"] for message in server.requests[1].json["messages"]]
    assert sent == (["tell me", stored, "go on"] if stored else ["tell me\n\ngo on"])  # where roles alternate
    assert not any(finding["status"] == "failure" for finding in program.run("doctor", "--json").json)
    assert program.run("cost", "--json").json["calls"] == 2
