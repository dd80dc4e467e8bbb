"""`agentctl doctor`."""

from __future__ import annotations

import json

import pytest
from support.mcp_servers import official
from support.policies import library, policy
from support.privileges import run_unprivileged
from support.program import Program
from support.schemas import validate
from wasmtime import wat2wasm

from agentctl.learning.channels import Pointer

COMPONENT = """
(component
  (core module $m (func (export "two") (result i32) i32.const 2))
  (core instance $i (instantiate $m))
  (func (export "two") (result u32) (canon lift (core func $i "two"))))
"""


def _findings(program: Program) -> dict[str, dict[str, str]]:
    document = program.run("doctor", "--json").json
    validate("doctor", document)
    return {finding["check"]: finding for finding in document}


def test_an_empty_home_is_healthy(program: Program) -> None:
    """Nothing is set up, nothing is broken: exit 0, and the embedded model is what is missing."""
    done = program.run("doctor")
    assert done.code == 0, done.out
    findings = _findings(program)
    assert findings["embedded model"]["status"] == "warning"
    assert findings["database"]["status"] == "ok"
    assert findings["agentctl"]["detail"].startswith("0.")


def test_keys_are_named_and_never_shown(program: Program) -> None:
    """A key in the environment and one in the file are told by name and place."""
    program.run("keys", "set", "groq", stdin="gsk_0123456789abcdefghij")
    program.environ["OPENAI_API_KEY"] = "sk-0123456789abcdefghij"
    detail = _findings(program)["keys"]["detail"]
    assert "openai in OPENAI_API_KEY" in detail
    assert "groq in " in detail
    assert "0123456789" not in detail


def test_a_damaged_database_is_a_failure(program: Program) -> None:
    """A database that is none is told with a hint, and the exit code says so."""
    path = program.home / ".local/share/agentctl/agentctl.db"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database, however long one looks at it" * 100)
    done = program.run("doctor", "--json")
    assert done.code == 1
    assert {one["check"]: one["status"] for one in done.json}["database"] == "failure"
    assert path.read_bytes().startswith(b"this is no database")


@pytest.mark.parametrize(
    ("directory", "failed"),
    [
        (".local/share", {"database", "embedded model", "components", "policies"}),
        (".local/share/agentctl/models", {"embedded model"}),
        (".local/state", {"log"}),
        (".config/agentctl", {"configuration"}),
    ],
)
def test_a_directory_that_can_not_be_entered_is_a_failure(program: Program, directory: str, failed: set[str]) -> None:
    """Each check that needs it tells so with a hint, and the others go on."""
    program.run("sessions", "list")
    (program.home / directory).mkdir(parents=True, exist_ok=True)
    (program.home / directory).chmod(0)
    done = run_unprivileged(program, "doctor", "--json")
    (program.home / directory).chmod(0o700)
    validate("doctor", done.json)
    failures = [finding for finding in done.json if finding["status"] == "failure"]
    assert (done.code, {finding["check"] for finding in failures}) == (1, failed)
    assert all(finding["hint"] and str(program.home) in finding["detail"] for finding in failures)


def test_a_broken_configuration_is_a_failure(program: Program) -> None:
    """What is wrong with the file is told; the checks that need it are left out."""
    program.configure("nonsense = 1")
    done = program.run("doctor", "--json")
    assert done.code == 1
    assert {one["check"]: one["status"] for one in done.json}["configuration"] == "failure"


def test_an_untrusted_project_is_a_warning(program: Program) -> None:
    """What a project would set if it were trusted is listed, with the command that trusts it."""
    project = program.home / "work/.agentctl"
    project.mkdir(parents=True)
    (project / "config.toml").write_text('[servers.evil]\nbase_url = "http://127.0.0.1:9/v1"\n')
    inside = Program(program.home / "work", {**program.environ, "HOME": str(program.home)})
    finding = _findings(inside)["configuration"]
    assert finding["status"] == "warning"
    assert "servers.evil.base_url" in finding["detail"]
    assert finding["hint"] == "agentctl config trust"


def test_servers_are_started_when_asked_online_alone(program: Program) -> None:
    """Offline they are named; online each is started, and one that fails is a failure with a hint."""
    time = official("mcp-server-time")
    program.configure(f'[mcp.time]\ncommand = {json.dumps(time.command)}\n[mcp.gone]\ncommand = ["no-such-program"]\n')
    offline = _findings(program)
    assert (offline["mcp"]["status"], offline["mcp"]["detail"]) == ("ok", "time, gone")
    online = {one["check"]: one for one in program.run("doctor", "--online", "--json").json}
    assert online["mcp time"]["detail"].startswith("2 tools, protocol 20")
    assert online["mcp gone"]["status"] == "failure"
    assert "no-such-program" in online["mcp gone"]["detail"]


def test_a_component_that_was_changed_is_a_failure(program: Program) -> None:
    """A copy that is not the one that was added is told, with the way to mend it."""
    source = program.home / "two.wasm"
    source.write_bytes(bytes(wat2wasm(COMPONENT)))
    added = program.run("tools", "add", "two.wasm", "--yes")
    assert added.code == 0, added.err
    assert _findings(program)["components"]["detail"] == "two"
    (copy,) = (program.home / ".local/share/agentctl/tools/two").glob("*.wasm")
    copy.chmod(0o600)
    copy.write_bytes(copy.read_bytes() + b"\0")
    assert _findings(program)["components"]["status"] == "failure"


def test_policies_in_use_are_looked_at(program: Program) -> None:
    """The policy of each channel is named where it is whole; a damaged one is a failure with a hint."""
    assert _findings(program)["policies"]["detail"] == "none is in use"
    kept = library(program.home)
    path = kept.add(policy())
    kept.channels.promote("production", Pointer(path.name), over=None)
    assert _findings(program)["policies"]["detail"] == f"{path.name[:12]} in production"
    (path / "arrays.npz").write_bytes(b"PK")
    finding = _findings(program)["policies"]
    assert (finding["status"], "truncated" in finding["detail"]) == ("failure", True)
    assert finding["hint"].startswith("train it again")
