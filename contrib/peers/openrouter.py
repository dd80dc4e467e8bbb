"""Talks through the command line with a server that others wrote to imitate OpenRouter.

    npm install --prefix /tmp/aimock @copilotkit/aimock
    .venv/bin/python contrib/peers/openrouter.py node /tmp/aimock/node_modules/@copilotkit/aimock/dist/cli.js

It starts the server on a free port of 127.0.0.1, prints a line for each thing that went well, and ends with a traceback
at the first that did not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gemini import expect, free_port, running

MODEL = "openrouter/anthropic/claude-sonnet-5.5"
CACHED = {
    "prompt_tokens": 49200,
    "completion_tokens": 1500,
    "total_tokens": 50700,
    "prompt_tokens_details": {"cached_tokens": 40000, "cache_write_tokens": 8000},
    "cost": 0.0414,
}
FALLEN = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14, "cost": 0.0001}
FIXTURES: list[dict[str, Any]] = [
    {
        "match": {"userMessage": "fall", "model": "openai/gpt-5"},
        "response": {"content": "I am the fallback.", "usage": FALLEN},
        "openRouterProcessing": True,
    },
    {
        "match": {"userMessage": "cached"},
        "response": {"content": "From the cache.", "usage": CACHED},
        "openRouterProcessing": True,
    },
    {
        "match": {"userMessage": "credit"},
        "response": {"error": {"message": "Insufficient credits", "type": "payment"}, "status": 402},
    },
]


class User:
    """Somebody with a home of their own, and a key."""

    def __init__(self, home: Path, url: str) -> None:
        keys = {"OPENROUTER_API_KEY": "key", "OPENROUTER_BASE_URL": f"{url}/api/v1"}
        self._environ = {"PATH": os.environ["PATH"], "HOME": str(home), "AGENTCTL_KEYRING": "off", **keys}

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run a command of agentctl to its end."""
        command = [str(Path(sys.executable).with_name("agentctl")), *args]
        return subprocess.run(command, env=self._environ, capture_output=True, text=True, check=False)

    def ask(self, *args: str) -> Any:
        """The result of a chat."""
        return json.loads(self.run("chat", "-o", "json", "-m", MODEL, *args).stdout)


def talk(user: User) -> None:
    """Answers with a cost and with a cache, a fallback, a refusal, and the account."""
    found = user.ask("cached")
    buckets = (found["usage"]["uncached_input"], found["usage"]["cache_read"], found["usage"]["cache_write_short"])
    expect(buckets == (1200, 40000, 8000), f"what was cached is told apart: {buckets}")
    costs = (found["computed_cost_usd"], found["reported_cost_usd"])
    expect(costs == ("0.0414", "0.0414"), f"computed and reported cost are one: {costs}")
    found = user.ask("--fallback", "openai/gpt-5", "fall")
    expect(found["text"] == "I am the fallback.", "the fallback answers")
    expect(found["cost_usd"] == "0.0001", f"its cost is the reported one: {found['cost_usd']}")
    done = user.run("chat", "-m", MODEL, "credit")
    expect(done.returncode == 7 and "credit" in done.stderr, f"no credit: {done.stderr.splitlines()[-1]}")  # noqa: PLR2004
    expect("openrouter takes it" in user.run("doctor", "--online").stdout, "the key is taken")
    expect(user.run("cost", "remote").returncode == 0, "the account is read")
    expect(user.run("models", "refresh", "openrouter").returncode == 0, "the models are read")


def main(command: Sequence[str]) -> None:
    """Start the peer and talk with it."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        fixtures = Path(directory) / "fixtures.json"
        fixtures.write_text(json.dumps({"fixtures": FIXTURES}))
        with running([*command, "--fixtures", str(fixtures)], port):
            talk(User(Path(directory), f"http://127.0.0.1:{port}"))


if __name__ == "__main__":
    if len(sys.argv) < 2:  # noqa: PLR2004 - a command
        sys.exit(__doc__)
    main(sys.argv[1:])
