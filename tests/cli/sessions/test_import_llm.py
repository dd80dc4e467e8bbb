"""`agentctl sessions import` of logs that `llm` itself has written."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils
from llm.migrations import migrate
from support import llm_log
from support.program import Program
from support.talks import path_of

SCRIPT = Path(llm_log.__file__)


def write(path: Path, *more: str) -> None:
    """Let `llm` write a log."""
    subprocess.run([sys.executable, "-P", SCRIPT, path, *more], check=True)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that nobody changes."""
    path = tmp_path_factory.mktemp("llm") / "any-name.bin"
    write(path)
    return path


def shown(program: Program, name: str) -> list[dict[str, Any]]:
    """The messages of a session."""
    found: list[dict[str, Any]] = program.run("sessions", "show", name, "--json").json["messages"]
    return found


def records(program: Program, session: str, *, role: str = "assistant") -> list[dict[str, Any]]:
    """What is kept beside the messages of a role."""
    lines = program.run("sessions", "export", session).lines
    return [line["imported"]["record"] for line in lines if line.get("role") == role and line["imported"]]


def test_what_was_said(program: Program, written: Path) -> None:
    """Each thread is a session; text, thinking, models, calls, results, fragments and files are in their places."""
    done = program.run("sessions", "import", written, "--json").json
    assert (len(done["sessions"]), done["messages"]) == (4, 13)
    system, first, answer, second, _ = shown(program, "first")
    assert [message["text"] for message in (system, first, second)] == ["be brief", "first", "second"]
    assert (answer["text"], answer["thinking"], answer["model"]) == ("you said first", "a thought", "openai/gpt-parrot")
    asked, called, result, _ = shown(program, "use a tool")
    assert asked["text"] == "use a tool"
    assert called["tool_calls"] == [{"id": "call-1", "name": "upper", "arguments": '{"text": "ok"}'}]
    assert result["tool_results"] == [{"call_id": "call-1", "content": "OK", "is_error": False}]


def test_fragments_and_files(program: Program, written: Path) -> None:
    """A fragment is part of the question, a file in the log is attached; one elsewhere is named and never read."""
    program.run("sessions", "import", written)
    question, _ = shown(program, "a text of a fragment that is lo…")
    assert question["text"].startswith("a text of a fragment that is long enough\nabout it\n")
    assert [(one["media_type"], one["size"]) for one in question["attachments"]] == [("image/png", len(llm_log.PIXEL))]
    assert "[attached: https://example.org/a.png, image/png]" in question["text"]
    assert f"[attached: {written.with_suffix('.txt')}, text/plain]" in question["text"]
    everything = program.run("sessions", "export", "--all").out
    assert "a secret" not in everything
    assert "https://example.org/text" in everything


def test_what_has_no_place_in_a_message(program: Program, written: Path) -> None:
    """Options, counts, schemas, raw answers, sealed thoughts and tools are kept beside the messages, and exported."""
    program.run("sessions", "import", written)
    first, _ = records(program, "first")
    (turn,) = first["turns"]
    assert json.loads(turn["options_json"]) == {"temperature": 0.5}
    assert json.loads(turn["response_json"]) == {"id": "raw-1", "echo": "first"}
    assert (turn["input_tokens"], turn["output_tokens"], json.loads(turn["token_details"])) == (11, 7, {"cached": 3})
    assert turn["resolved_model"] == "gpt-parrot-2026"
    assert "sealed" in first["parts"][0]["payload"]
    (as_json,) = records(program, "as JSON")
    assert json.loads(as_json["turns"][0]["schema"]["content"])["type"] == "object"
    called, _ = records(program, "use a tool")
    assert [tool["name"] for tool in called["turns"][0]["tools"]] == ["upper"]


def test_again_adds_what_is_new(program: Program, written: Path, tmp_path: Path) -> None:
    """Importing a log again adds nothing; after a conversation went on, only that; a copy of the export goes along."""
    path = tmp_path / "logs.db"
    path.write_bytes(written.read_bytes())
    program.run("sessions", "import", path)
    before = program.run("sessions", "export", "--all").out
    assert program.run("sessions", "import", path, "--json").json["messages"] == 0
    assert program.run("sessions", "export", "--all").out == before
    write(path, "more")
    added = program.run("sessions", "import", path, "--json").json
    assert added["messages"] > 0
    assert [one["name"] for one in added["sessions"] if one["messages"]] == ["first"]
    other = Program(tmp_path / "other")
    other.home.mkdir()
    program.run("sessions", "export", "--all", "-O", "export.jsonl")
    assert other.run("sessions", "import", program.home / "export.jsonl").code == 0
    assert other.run("sessions", "export", "--all").out == (program.home / "export.jsonl").read_text()


def test_the_log_is_only_read(program: Program, written: Path, tmp_path: Path) -> None:
    """The file stays as it is, byte by byte, with a log of its last writes that somebody still holds open too."""
    path = tmp_path / "logs.db"
    path.write_bytes(written.read_bytes())
    with closing(sqlite3.connect(path)) as live:
        live.execute("PRAGMA journal_mode = WAL")
        live.execute("UPDATE threads SET name = 'renamed' WHERE id = 'long'")
        live.commit()
        files = [path, Path(f"{path}-wal")]
        before = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
        assert program.run("sessions", "import", path).code == 0
        assert [hashlib.sha256(file.read_bytes()).hexdigest() for file in files] == before
    assert len(shown(program, "renamed")) == 5


def test_a_log_on_a_read_only_disk(program: Program, written: Path, tmp_path: Path) -> None:
    """A log of that mode that was closed is read without a file being made beside it."""
    path = tmp_path / "ro" / "logs.db"
    path.parent.mkdir()
    path.write_bytes(written.read_bytes())
    with closing(sqlite3.connect(path)) as live:
        live.execute("PRAGMA journal_mode = WAL")
    assert program.run("sessions", "import", path).code == 0
    assert [one.name for one in path.parent.iterdir()] == ["logs.db"]


LEGACY = """
    INSERT INTO conversations VALUES ('c1', 'old talk', 'gpt-4o');
    INSERT INTO schemas VALUES ('sch', '{"type": "object"}');
    INSERT INTO fragments VALUES (1, 'h', 'a fragment', '2025-01-01', 'https://example.org/f');
    INSERT INTO attachments VALUES ('a1', 'image/png', NULL, NULL, x'89504e47');
    INSERT INTO tools VALUES (1, 'th', 'find', 'finds', '{}', NULL);
    INSERT INTO responses (id, model, prompt, system, prompt_json, options_json, response, response_json,
        conversation_id, duration_ms, datetime_utc, input_tokens, output_tokens, token_details, schema_id,
        resolved_model, reasoning)
    VALUES
        ('r1', 'gpt-4o', 'one', 'be kind', '{"p": 1}', '{"t": 0}', 'calling', '{"r": 1}', 'c1', 12,
            '2025-01-02T03:04:05.000006', 3, 4, NULL, 'sch', 'gpt-4o-2024', 'hm'),
        ('r2', 'gpt-4o', '', 'be kind', NULL, NULL, 'answer two', NULL, 'c1', 12, '2025-01-02T03:04:06', 3, 4, NULL,
            NULL, NULL, NULL),
        ('r3', 'mistral/large', 'alone', NULL, NULL, NULL, 'answer three', NULL, NULL, 1, '2025-01-03T00:00:00', 1, 1,
            NULL, NULL, NULL, NULL);
    INSERT INTO prompt_fragments VALUES ('r1', 1, 0);
    INSERT INTO prompt_attachments VALUES ('r1', 'a1', 0);
    INSERT INTO tool_responses VALUES (1, 'r1');
    INSERT INTO tool_calls VALUES (1, 'r1', 1, 'find', '{"q": 1}', 'tc1');
    INSERT INTO tool_results (id, response_id, tool_id, name, output, tool_call_id, exception)
    VALUES (1, 'r2', 1, 'find', 'broke', 'tc1', 'ValueError');
    CREATE TABLE logs (id INTEGER PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, response TEXT, chat_id INTEGER,
        datetime_utc TEXT);
    INSERT INTO logs VALUES (1, 'gpt-3.5-turbo', 'oldest', NULL, 'old answer', NULL, '2023-01-01 00:00:00'),
        (2, 'gpt-3.5-turbo', 'later', NULL, 'later answer', 1, '2023-01-01 00:01:00');
"""


def test_the_tables_of_older_versions(program: Program, tmp_path: Path) -> None:
    """In the tables that `llm` made and filled before, conversations, single answers and the first logs are found."""
    path = tmp_path / "logs.db"
    database = sqlite_utils.Database(path)
    migrate(database)  # type: ignore[no-untyped-call]
    database.conn.close()
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(LEGACY)
    done = program.run("sessions", "import", path, "--json").json
    assert [one["messages"] for one in done["sessions"]] == [5, 2, 4]
    system, question, call, result, answer = shown(program, "old talk")
    assert (system["text"], question["text"]) == ("be kind", "a fragment\none")
    assert question["attachments"][0]["size"] == 4
    assert (call["thinking"], call["text"], call["model"]) == ("hm", "calling", "openai/gpt-4o")
    assert call["tool_calls"] == [{"id": "tc1", "name": "find", "arguments": '{"q": 1}'}]
    assert result["tool_results"] == [{"call_id": "tc1", "content": "broke", "is_error": True}]
    assert (answer["text"], answer["created_at"]) == ("answer two", "2025-01-02T03:04:06.000000Z")
    first, second = records(program, "old talk")
    kept = ("prompt_json", "options_json", "response_json", "duration_ms", "input_tokens", "resolved_model")
    assert [first["response"][name] for name in kept] == ['{"p": 1}', '{"t": 0}', '{"r": 1}', 12, 3, "gpt-4o-2024"]
    assert first["schema"][0]["content"] == '{"type": "object"}'
    assert first["fragments"][0]["source"] == "https://example.org/f"
    assert second["tool_results"][0]["exception"] == "ValueError"
    assert shown(program, done["sessions"][1]["id"])[1]["model"] == "mistral/large"
    assert [one["text"] for one in shown(program, done["sessions"][2]["id"])] == [
        "oldest",
        "old answer",
        "later",
        "later answer",
    ]
    assert program.run("sessions", "import", path, "--json").json["messages"] == 0


def test_another_database_is_refused(program: Program) -> None:
    """A database that is no log of `llm`, our own too, or one with nonsense in it, is refused with a hint."""
    program.run("sessions", "import", "nothing")
    nonsense = program.home / "logs.db"
    write(nonsense)
    with closing(sqlite3.connect(nonsense)) as raw, raw:
        raw.execute("UPDATE parts SET payload = '{'")
    for path in (path_of(program), nonsense):
        done = program.run("sessions", "import", path)
        assert (done.code, done.out) == (2, ""), done.err
        assert "hint:" in done.err
        assert "Traceback" not in done.err
