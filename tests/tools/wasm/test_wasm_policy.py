"""What `--allow` takes, what it never takes, and how a grant is kept."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import UsageError
from agentctl.tools.wasm.policy import Grants, Limits, Preopen, describe, parse_allow


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory with agentctl's own directories in it, and one of a project's."""
    for name in ("work/data", ".config/agentctl", ".local/share/agentctl", ".local/state/agentctl", ".cache/agentctl"):
        (tmp_path / "home" / name).mkdir(parents=True)
    return tmp_path / "home"


def _environ(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "TOKEN": "hush", "EMPTY": "", "BYTES": "a\udcff"}


def test_all_forms(home: Path) -> None:
    """Directories by their real path, variables by their value, hosts in one spelling."""
    (home / "alias").symlink_to("work")
    allow = [
        f"fs:ro:{home}/alias/data=/data/",
        "fs:rw:~/work=/",
        "env:TOKEN",
        "env:EMPTY",
        "net:API.Example.com",
        "net:api.example.com.:8443",
        "clock",
        "random",
    ]
    assert parse_allow(allow, _environ(home)) == Grants(
        files=(Preopen(home / "work/data", "/data", writable=False), Preopen(home / "work", "/", writable=True)),
        env={"TOKEN": "hush", "EMPTY": ""},
        hosts=("api.example.com", "api.example.com:8443"),
        clock=True,
        random=True,
    )


def test_nothing_allowed_is_nothing_granted() -> None:
    """No text, no grant."""
    assert parse_allow([], {}) == Grants()
    assert describe(Grants()) == ()


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("net:127.0.0.1", "127.0.0.1"),
        ("net:127.0.0.1:8080", "127.0.0.1:8080"),
        ("net:::1", "::1"),
        ("net:[::1]", "::1"),
        ("net:[::1]:80", "[::1]:80"),
        ("net:[2001:DB8:0::1]:443", "[2001:db8::1]:443"),
        ("net:localhost", "localhost"),
        ("net:x_y.example:0443", "x_y.example:443"),
    ],
)
def test_hosts_have_one_spelling(text: str, host: str) -> None:
    """Names in lower case, addresses in their usual form, a port only if it was named."""
    assert parse_allow([text], {}).hosts == (host,)


@pytest.mark.parametrize(
    "text",
    [
        *("", "foo", "clock:", "clock:now", "Clock", "random:1", "fs", "fs:ro", "fs:ro:", "fs:ro:/x", "fs:wo:/tmp=/x"),
        *("net", "net:", "net:*", "net:*.example.com", "net:a b", "net:a/b", "net:https://a", "net:a:0", "net:a:65536"),
        *("net:a:b", "net:-a", "net:a..b", "net:a:", "net:[::1", "net:a@b", "net:a?b", "net:é.example"),
        *("net:127.1", "net:0x7f.1", "net:0x7f", "net:2130706433", "net:1.2.3.4.5", "net:01.2.3.4", "net:127.1:80"),
        *("net:fe80::1%lo", "net:[fe80::1%lo]:80", "net:a.1."),
        *("env", "env:", "env:NOT_SET", "env:A=B", "env:1A", "env:BYTES", "env:*"),
        *(
            "fs:ro:WORK=data",
            "fs:ro:WORK=/a/../b",
            "fs:ro:WORK=/a//b",
            "fs:ro:WORK=/./a",
            "fs:ro:WORK=/a\0",
            "fs:ro:=/a",
        ),
        *("fs:ro:WORK/nothing=/a", "fs:ro:WORK/file=/a", "fs:ro:WORK\0=/a"),
        *("fs:ro:/=/a", "fs:rw:/=/a", "fs:ro:/proc=/a", "fs:ro:/proc/self=/a", "fs:ro:/sys=/a", "fs:rw:/dev=/a"),
        *("fs:ro:~=/a", "fs:rw:~=/a", "fs:ro:~/.config/agentctl=/a", "fs:rw:~/.cache=/a", "fs:ro:~/.local/share=/a"),
    ],
)
def test_what_is_never_granted(text: str, home: Path) -> None:
    """A text without sense, what there isn't, and what would open the sandbox, are refused with a way on."""
    (home / "work/file").touch()
    with pytest.raises(UsageError) as caught:
        parse_allow([text.replace("WORK", str(home / "work"))], _environ(home))
    assert caught.value.hint


def test_a_link_to_what_is_never_granted_is_not_granted(home: Path) -> None:
    """It is the real path that counts."""
    (home / "work/up").symlink_to(home / ".config")
    with pytest.raises(UsageError, match="keys"):
        parse_allow([f"fs:ro:{home}/work/up=/a"], _environ(home))


@pytest.mark.parametrize("name", [".git", ".agentctl", ".git/hooks", ".GIT/hooks"])
def test_what_is_used_later_is_only_for_reading(name: str, home: Path) -> None:
    """Hooks and settings are programs that run when nobody is asked."""
    (home / "work" / name).mkdir(parents=True)
    assert parse_allow([f"fs:ro:~/work/{name}=/a"], _environ(home)).files
    with pytest.raises(UsageError, match="when nobody is asked"):
        parse_allow([f"fs:rw:~/work/{name}=/a"], _environ(home))


def test_that_hooks_and_settings_can_be_written_is_told(home: Path) -> None:
    """Whoever grants a project to write in reads that they are in it."""
    (home / "work/.agentctl").mkdir()
    (home / "work/.git").write_text("gitdir: elsewhere")
    written, read = (describe(parse_allow([f"fs:{mode}:~/work=/a"], _environ(home)))[0] for mode in ("rw", "ro"))
    assert written.endswith("which it sees as /a, and so .git and .agentctl in it, from which programs run later")
    assert ".git" not in read


def test_a_home_without_anything_of_ours_is_only_for_reading(tmp_path: Path) -> None:
    """Who can write to a home directory runs at the next login."""
    environ = {"HOME": str(tmp_path / "home")} | {
        f"AGENTCTL_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "STATE", "CACHE")
    }
    (tmp_path / "home").mkdir()
    assert parse_allow(["fs:ro:~=/home"], environ).files
    with pytest.raises(UsageError, match="log in"):
        parse_allow(["fs:rw:~=/home"], environ)


def test_one_path_is_not_two_directories(home: Path) -> None:
    """Two grants for the same path of the guest are refused."""
    with pytest.raises(UsageError, match="twice"):
        parse_allow(["fs:ro:~/work=/a", "fs:rw:~/work/data=/a/"], _environ(home))


def test_a_grant_is_kept_without_its_secrets(home: Path) -> None:
    """Variables are kept by name, and read again when the grant is."""
    environ = _environ(home)
    allow = ["fs:rw:~/work=/w", "env:TOKEN", "env:EMPTY", "net:a.example:1", "clock"]
    grants = parse_allow(allow, environ)
    kept = json.dumps(grants.as_json())
    assert "hush" not in kept + repr(grants)
    assert Grants.from_json(json.loads(kept), environ) == grants
    assert Grants.from_json(json.loads(kept), {"EMPTY": "new"}).env == {"EMPTY": "new"}


def test_a_grant_is_described_in_words(home: Path) -> None:
    """Each thing granted is a line, and no value of a variable is in it."""
    lines = describe(parse_allow(["fs:rw:~/work=/w", "env:TOKEN", "net:a.example", "clock", "random"], _environ(home)))
    assert lines == (
        f"read and write {home / 'work'}, which it sees as /w",
        "read the environment variable TOKEN",
        "connect to a.example",
        "see the real time",
        "get real random numbers",
    )


@pytest.mark.parametrize(
    "limits",
    [{"fuel": 0}, {"fuel": 1 << 63}, {"timeout": 0.0}, {"timeout": float("nan")}, {"memory": 1}, {"output": 0}],
)
def test_limits_leave_something(limits: dict[str, int]) -> None:
    """A limit of nothing, or of what is no number, is refused."""
    with pytest.raises(UsageError) as caught:
        Limits(**limits)
    assert caught.value.hint


@pytest.mark.parametrize(
    "limits",
    [{"timeout": 86_401.0}, {"timeout": float("inf")}, {"memory": (64 << 30) + 1}, {"output": (64 << 20) + 1}],
)
def test_limits_are_what_a_system_can_hold_a_call_to(limits: dict[str, int]) -> None:
    """A limit beyond a day, 64 GiB of memory or 64 MiB of output is refused, and the hint says what is the most."""
    with pytest.raises(UsageError, match="limit") as caught:
        Limits(**limits)
    assert "at most" in str(caught.value.hint)


@given(st.text(max_size=40), st.sampled_from(["", "fs:ro:", "fs:rw:", "env:", "net:", "net:["]))
def test_no_text_breaks_it(text: str, start: str) -> None:
    """Whatever is written, it is granted or refused."""
    with contextlib.suppress(UsageError):
        assert parse_allow([start + text], {}) != Grants()
