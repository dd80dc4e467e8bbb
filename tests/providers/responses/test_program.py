"""A session with OpenAI as its users have it, over several runs of the program."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.program import Program
from support.responses import answering, created, done, ended, message, reasoning
from support.server import Server, Step, sse, stream


def thoughtful(text: str, encrypted: str) -> list[Step]:
    """An answer after some thought."""
    thought, said = reasoning("Hm", encrypted=encrypted), message(text)
    return stream(*sse(created(), done(0, thought), done(1, said), ended(thought, said)))


def test_reasoning_outlives_the_program(tmp_path: Path) -> None:
    """What a model thought in one run goes back to it in the next, and to no other model."""
    scripts = [thoughtful("One.", "gA"), thoughtful("Two.", "gB"), answering("Three."), answering("Four.")]
    with Server(*scripts) as server:
        program = Program(tmp_path, {"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": f"{server.url}/v1"})
        for question, model in (("1", "gpt-5"), ("2", "gpt-5"), ("3", "o3"), ("4", "gpt-5")):
            more = [] if question == "1" else ["--continue"]
            outcome = program.run("chat", "-m", f"openai/{model}", *more, question)
            assert outcome.code == 0, outcome.err
    sent = [[item for item in request.json["input"] if item["type"] == "reasoning"] for request in server.requests]
    first, second = reasoning("Hm", encrypted="gA"), reasoning("Hm", encrypted="gB")
    assert sent == [[], [first], [], [first, second]]
    assert {request.path for request in server.requests} == {"/v1/responses"}
    assert len({request.json["prompt_cache_key"] for request in server.requests}) == 1


@pytest.mark.parametrize(("api", "path"), [("chat", "/v1/chat/completions"), ("responses", "/v1/responses")])
def test_the_user_chooses_the_api(tmp_path: Path, api: str, path: str) -> None:
    """OpenAI is asked in the API that is configured for it."""
    program = Program(tmp_path, {"OPENAI_API_KEY": "sk-1"})
    program.configure(f'[servers.openai]\napi = "{api}"\n')
    outcome = program.run("chat", "--dry-run", "-m", "openai/gpt-5", "hi")
    assert outcome.json["request"]["url"] == f"https://api.openai.com{path}"
