"""Attempts to get out of what a tool may do: none succeeds, and what was granted does."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from support import agent_shell
from support.scene import SECRET, Scene, make_scene
from support.server import Server, answer
from support.spying import connections
from support.tooling import call, done, planned

from agentctl.errors import ToolError
from agentctl.tools.base import Outcome
from agentctl.tools.builtin.fetching import Fetch

Attempt = Callable[[Scene], Outcome]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A workspace, and a secret beside it."""
    return make_scene(tmp_path)


def reading(path: str, tool: str = "read") -> Attempt:
    """An attempt to read what a path names; `{outside}` stands for the directory, `{fd}` for a descriptor of it."""

    def attempt(scene: Scene) -> Outcome:
        descriptor = os.open(scene.outside, os.O_RDONLY)
        try:
            return call(scene.tool(tool), path=path.format(outside=scene.outside, fd=descriptor, pid=os.getpid()))
        finally:
            os.close(descriptor)

    return attempt


def writing(path: str) -> Attempt:
    """An attempt to write to what a path names."""
    return lambda scene: call(scene.tool("write"), path=path.format(outside=scene.outside), content="pwned\n")


def editing(scene: Scene) -> Outcome:
    return call(scene.tool("edit"), path="../outside/secret.txt", old_string=SECRET, new_string="pwned")


FILES: Mapping[str, Attempt] = {
    "parent": reading("../outside/secret.txt"),
    "parent, in the middle": reading("src/../../outside/secret.txt"),
    "parent of what is missing": reading("missing/../../outside/secret.txt"),
    "absolute": reading("{outside}/secret.txt"),
    "absolute, with two slashes": reading("/{outside}/secret.txt"),
    "the root of a process": reading("/proc/self/root{outside}/secret.txt"),
    "the directory of a process": reading("/proc/{pid}/cwd/../../../../../../..{outside}/secret.txt"),
    "a descriptor of a process": reading("/proc/self/fd/{fd}/secret.txt"),
    "a descriptor by its device": reading("/dev/fd/{fd}/secret.txt"),
    "the environment of a process": reading("/proc/self/environ"),
    "NUL": reading("src/a.txt\x00/../../../outside/secret.txt"),
    "home": reading("~/../outside/secret.txt"),
    "home of root": reading("~root/secret.txt"),
    "half a character": reading("\udc2e\udc2e/outside/secret.txt"),
    "a line break": reading("\n/../../outside/secret.txt"),
    "percent": reading("%2e%2e/outside/secret.txt"),
    "backslash": reading("..\\outside\\secret.txt"),
    "full-width dots": reading("\uff0e\uff0e/outside/secret.txt"),
    "a URL": reading("file://{outside}/secret.txt"),
    "a device": reading("/dev/zero"),
    "a pipe": reading("pipe"),
    "listing": reading("..", "list"),
    "listing, absolute": reading("{outside}", "list"),
    "finding": lambda scene: call(scene.tool("glob"), pattern="../outside/*"),
    "finding, from outside": lambda scene: call(scene.tool("glob"), pattern="*", path="../outside"),
    "searching": lambda scene: call(scene.tool("grep"), pattern="geheim", path="../outside"),
    "searching, by glob": lambda scene: call(scene.tool("grep"), pattern="geheim", glob="../outside/*"),
    "writing": writing("../outside/new.txt"),
    "writing, absolute": writing("{outside}/secret.txt"),
    "writing, new directories": writing("../outside/new/file"),
    "editing": editing,
    "a hook": writing(".git/hooks/pre-commit"),
    "settings of git": writing(".git/config"),
    "a hook, in capitals": writing("src/.GIT/hooks/pre-commit"),
    "a hook, with an invisible letter": writing(".g\u200cit/hooks/pre-commit"),
    "a hook, with a wide letter": writing(".g\uff49t/hooks/pre-commit"),
    "a hook, by a dot more": writing(".git./hooks/pre-commit"),
    "git elsewhere": writing(".git"),
    "our own settings": writing(".agentctl/settings.toml"),
}


def linked(target: str, attempt: Attempt, name: str = "link") -> Attempt:
    """An attempt that begins with a link in the workspace."""

    def with_link(scene: Scene) -> Outcome:
        (scene.root / name).symlink_to(target.format(outside=scene.outside))
        return attempt(scene)

    return with_link


def chained(scene: Scene) -> Outcome:
    for number in range(5):
        (scene.root / f"l{number}").symlink_to(f"l{number + 1}")
    (scene.root / "l5").symlink_to(scene.outside)
    return call(scene.tool("read"), path="l0/secret.txt")


def hard_linked(scene: Scene, tool: str) -> Outcome:
    os.link(scene.secret, scene.root / "hard")
    pieces = {"content": "pwned"} if tool == "write" else {"old_string": SECRET, "new_string": "pwned"}
    outcome = call(scene.tool(tool), path="hard", **pieces)
    assert "pwned" in (scene.root / "hard").read_text()  # what was allowed is done, and not to the file outside
    return outcome


def swapped_file(scene: Scene, tool: str) -> Outcome:
    """The file that was shown becomes a link before the plan is run."""
    pieces = {"read": {}, "write": {"content": "pwned"}, "edit": {"old_string": "inside", "new_string": "pwned"}}
    plan = planned(scene.tool(tool), path="src/a.txt", **pieces[tool])
    (scene.root / "src" / "a.txt").unlink()
    (scene.root / "src" / "a.txt").symlink_to(scene.secret)
    return done(plan)


def swapped_directory(scene: Scene, tool: str) -> Outcome:
    """The directory of what was shown becomes a link before the plan is run."""
    arguments = {
        "read": {"path": "src/secret.txt"},
        "write": {"path": "src/secret.txt", "content": "pwned"},
        "list": {"path": "src"},
        "grep": {"path": "src", "pattern": "."},
        "glob": {"path": "src", "pattern": "*"},
    }
    plan = planned(scene.tool(tool), **arguments[tool])
    (scene.root / "src").rename(scene.root / "old")
    (scene.root / "src").symlink_to(scene.outside)
    return done(plan)


def racing(scene: Scene, tool: str) -> Outcome:
    """A thread swaps a directory and a link for each other all the time, while calls go on."""
    (scene.root / "now").mkdir()
    (scene.root / "now" / "secret.txt").write_text("inside\n")
    (scene.root / "lure").symlink_to(scene.outside)
    stop = threading.Event()
    now, lure = (bytes(scene.root / name) for name in ("now", "lure"))
    libc = ctypes.CDLL(None)

    def swap() -> None:
        while not stop.is_set():
            assert libc.renameat2(-100, now, -100, lure, 2) == 0  # RENAME_EXCHANGE

    swapper = threading.Thread(target=swap)
    swapper.start()
    contents: list[str] = []
    pieces = {"content": "pwned"} if tool == "write" else {}
    tried = 0
    try:
        while tried < 150 or (not contents and tried < 20_000):
            tried += 1
            with suppress(ToolError):
                contents.append(call(scene.tool(tool), path="now/secret.txt", **pieces).content)
    finally:
        stop.set()
        swapper.join()
    assert contents  # now and then the file is where it was shown, and is read or written
    return Outcome("\n".join(contents).replace("now/secret.txt", ""))


LINKS: Mapping[str, Attempt] = {
    "to a file": linked("{outside}/secret.txt", reading("link")),
    "to a directory": linked("{outside}", reading("link/secret.txt")),
    "to a parent": linked("..", reading("link/outside/secret.txt")),
    "to the root": linked("/", reading("link{outside}/secret.txt")),
    "to a process's root": linked("/proc/self/root", reading("link{outside}/secret.txt")),
    "chained": chained,
    "to a parent, and back": linked("src", reading("link/../../outside/secret.txt")),
    "listed": linked("{outside}", reading("link", "list")),
    "searched": linked("{outside}", lambda scene: call(scene.tool("grep"), pattern="geheim")),
    "searched itself": linked("{outside}/secret.txt", reading("link", "read")),
    "found": linked("{outside}", lambda scene: call(scene.tool("glob"), pattern="**/secret.txt")),
    "as rules of git": linked("{outside}/secret.txt", lambda s: call(s.tool("glob"), pattern="**"), ".gitignore"),
    "written": linked("{outside}/secret.txt", writing("link")),
    "written, to nothing": linked("{outside}/new.txt", writing("link")),
    "written below": linked("{outside}", writing("link/new.txt")),
    "to git": linked(".git", writing("link/config")),
    "to git's hooks": linked(".git/hooks", writing("link/pre-commit")),
    "hard, written": partial(hard_linked, tool="write"),
    "hard, edited": partial(hard_linked, tool="edit"),
    **{f"swapped file, {tool}": partial(swapped_file, tool=tool) for tool in ("read", "write", "edit")},
    **{
        f"swapped directory, {tool}": partial(swapped_directory, tool=tool)
        for tool in ("read", "write", "list", "grep", "glob")
    },
    **{f"racing, {tool}": partial(racing, tool=tool) for tool in ("read", "write")},
}


@pytest.mark.parametrize("attempt", [*FILES.values(), *LINKS.values()], ids=[*FILES, *LINKS])
def test_nothing_outside_is_reached(scene: Scene, monkeypatch: pytest.MonkeyPatch, attempt: Attempt) -> None:
    """Neither the secret nor the name of its file comes back, and nothing outside is changed."""
    monkeypatch.setenv("HOME", str(scene.outside))
    try:
        content = attempt(scene).content
        assert "secret.txt" not in content
    except ToolError as error:
        content = error.message + (error.hint or "")
    assert SECRET not in content
    assert scene.untouched()


@pytest.mark.parametrize("name", [name for name in FILES if "hook" in name or "git" in name or "our own" in name])
def test_what_is_run_later_is_not_written(scene: Scene, name: str) -> None:
    """Hooks and settings are refused as such, however their directory is spelled."""
    with pytest.raises(ToolError, match="may be run later") as caught:
        FILES[name](scene)
    assert caught.value.reason == "denied"


def moved(name: str, to: str) -> Callable[[Scene], None]:
    """Puts what is guarded elsewhere, with a link in its place."""

    def move(scene: Scene) -> None:
        (scene.root / name).parent.mkdir(parents=True, exist_ok=True)
        (scene.root / to).mkdir()
        (scene.root / to / "config").touch()
        if (scene.root / name).is_dir():
            (scene.root / name).rename(scene.root / to / "old")
        (scene.root / name).symlink_to(os.path.relpath(scene.root / to, (scene.root / name).parent))

    return move


def pointed(scene: Scene) -> None:
    """A repository beside the file that points to it."""
    (scene.root / ".git").rename(scene.root / "kept")
    (scene.root / ".git").write_text("gitdir: kept\n")


def bare(scene: Scene) -> None:
    """A repository that nothing points to."""
    command = ["git", "init", "-q", "--bare", str(scene.root / "bare")]
    subprocess.run(command, check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})


MOVED: Mapping[str, tuple[Callable[[Scene], None], Sequence[str]]] = {
    "git": (moved(".git", "kept"), ["kept/hooks/x", ".git/hooks/x", "kept/config", "kept/../kept/hooks/x", ".git"]),
    "git of a part": (moved("part/.git", "part/kept"), ["part/kept/hooks/x", "part/.git/x"]),
    "git of a part, elsewhere": (moved("part/.git", "kept"), ["part/.git/hooks/x"]),
    "hooks": (moved(".git/hooks", "kept"), ["kept/pre-commit", ".git/hooks/pre-commit"]),
    "our own settings": (moved(".agentctl", "conf"), ["conf/config.toml", ".agentctl/config.toml", "conf"]),
    "by a file": (pointed, ["kept/hooks/x", "kept/config"]),
    "bare": (bare, ["bare/hooks/x", "bare/config"]),
}


@pytest.mark.parametrize("name", MOVED)
def test_what_is_run_later_is_not_written_elsewhere(scene: Scene, name: str) -> None:
    """Neither the link in the place of hooks and settings nor what it names is written to; the rest is."""
    move, paths = MOVED[name]
    move(scene)
    for path in paths:
        with pytest.raises(ToolError, match="may be run later") as caught:
            writing(path)(scene)
        assert caught.value.reason == "denied"
    for path in ("part/other", "config", "hooks/x", "kept.txt"):
        writing(path)(scene)
        assert (scene.root / path).read_text() == "pwned\n"


def test_a_wider_workspace_grants_it(scene: Scene) -> None:
    """What is outside of one workspace is inside of its parent, by the same tools and the same links."""
    (scene.root / "link").symlink_to(scene.secret)
    assert SECRET in call(scene.tool("read", scene.root.parent), path="work/link").content
    assert SECRET in call(scene.tool("grep", scene.root.parent), pattern="geheim").content
    call(scene.tool("write", scene.root.parent), path="work/link", content="granted")
    assert scene.secret.read_text() == "granted"
    assert "[core]" in call(scene.tool("read"), path=".git/config").content


ENVIRONMENT = {
    "printed": "printenv; env; set; export -p; declare -p",
    "by name": 'echo "$OPENAI_API_KEY" "${!OPENAI*}"',
    "of itself": "cat /proc/self/environ /proc/$$/environ",
    "of its parent": "cat /proc/$PPID/environ",
    "of the agent": "cat /proc/{agent}/environ",
    "of a thread of the agent": "cat /proc/{agent}/task/*/environ",
    "of everybody": "for p in $(pgrep -f agent_shell) $PPID {agent}; do cat /proc/$p/environ; done",
    "shown by ps": "ps eww -p {agent}; ps eww -p $PPID",
    "memory of the agent": "dd if=/proc/{agent}/mem bs=1 count=1 skip=$((0x$(head -1 /proc/$$/maps | cut -d- -f1)))",
    "maps of the agent": "cat /proc/{agent}/maps && echo 'geheim''-4711'",
    "descriptors of the agent": "ls -l /proc/{agent}/fd/0 && echo 'geheim''-4711'",
    "traced": f"{sys.executable} -c 'import ctypes; c = ctypes.CDLL(None); "
    'print("geheim" + "-4711" if c.ptrace(16, {agent}, 0, 0) == 0 else "refused")\'',
    "start-up file": "bash -c 'echo $SEEN'; bash -ic 'echo $SEEN' 2>/dev/null",
}


def answers(directory: Path, commands: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """What commands say that are run by an agent with such an environment."""
    path = directory / "answers.json"
    command = [sys.executable, agent_shell.__file__, str(directory), str(path), json.dumps(commands)]
    subprocess.run(command, env=environ, check=True, timeout=60)
    told: list[str] = json.loads(path.read_text())
    return told


def test_the_agents_environment_stays_with_it(tmp_path: Path) -> None:
    """No way to look at an environment shows the agent's secret, also when all of it runs as root."""
    (tmp_path / "startup").write_text(f"SEEN={SECRET}\n")
    secrets = {
        "OPENAI_API_KEY": SECRET,
        "LC_MESSAGES": f"sk-{SECRET}-0123456789",
        "BASH_ENV": str(tmp_path / "startup"),
    }
    said = answers(tmp_path, [*ENVIRONMENT.values()], {**os.environ, **secrets})
    for name, text in zip(ENVIRONMENT, said, strict=True):
        assert SECRET not in text, name
        assert "exit code" in text, name


def test_a_variable_that_is_known_is_passed(tmp_path: Path) -> None:
    """What is on the list gets through."""
    assert SECRET in answers(tmp_path, ["printenv TZ"], {**os.environ, "TZ": SECRET})[0]


STDIO = {
    "read from the terminal": "read -t 1 line < /dev/tty && echo $line",
    "write to the terminal": "echo PWNED > /dev/tty",
    "read standard input": "cat",
    "write to the agent's output": "echo PWNED > /proc/{agent}/fd/1; echo PWNED > /proc/{agent}/fd/2",
    "write to its parent's output": "echo PWNED > /proc/$PPID/fd/2; echo PWNED > /proc/$PPID/fd/0",
    "type into the agent's input": "echo PWNED > /proc/{agent}/fd/0",
    "take the terminal": f"setsid {sys.executable} -c 'import fcntl, os, termios, glob\n"
    'for name in glob.glob("/dev/pts/[0-9]*"):\n'
    '    try: fcntl.ioctl(os.open(name, os.O_RDWR), termios.TIOCSCTTY, 1); print("PWN" + "ED")\n'
    "    except OSError as error: print(error)'",
    "type into every terminal": f"{sys.executable} -c 'import fcntl, os, termios, glob\n"
    'for name in glob.glob("/dev/pts/[0-9]*"):\n'
    "    try:\n"
    '        for c in b"PWNED": fcntl.ioctl(os.open(name, os.O_RDWR | os.O_NOCTTY), termios.TIOCSTI, bytes([c]))\n'
    '        print("PWN" + "ED")\n'
    "    except OSError as error: print(error)'",
    "answer in the agent's place": "kill -STOP {agent}; kill -CONT {agent}; echo $? > /dev/null; echo x > /dev/console",
}


def test_the_terminal_stays_the_agents(tmp_path: Path) -> None:
    """A command reads nothing from the terminal that the agent runs in, and neither writes nor types into it."""
    path = tmp_path / "answers.json"
    command = [sys.executable, agent_shell.__file__, str(tmp_path), str(path), json.dumps([*STDIO.values()])]
    child, terminal = pty.fork()
    if not child:
        os.execv(command[0], command)
    os.write(terminal, b"typed by a person\n")
    shown = b""
    with suppress(OSError):  # how a terminal tells that nobody is there any more
        while data := os.read(terminal, 4096):
            shown += data
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, shown
    os.close(terminal)
    assert b"PWNED" not in shown
    for name, text in zip(STDIO, json.loads(path.read_text()), strict=True):
        assert "PWNED" not in text, name
        assert "typed by a person" not in text, name


NETWORK = [
    "http://127.0.0.1:{port}/", "http://[::1]:{port}/", "http://localhost:{port}/", "http://0.0.0.0:{port}/",
    "http://0:{port}/", "http://[::]:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/",
    "http://0177.0.0.1:{port}/", "http://017700000001:{port}/", "http://127.1:{port}/", "http://0x7f.1:{port}/",
    "http://127.0.0.1.:{port}/", "http://\uff11\uff12\uff17.0.0.1:{port}/", "http://127\u30020\u30020\u30021:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/", "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/", "http://[64:ff9b:1::1]/", "http://[2002:7f00:1::1]:{port}/",
    "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://192.0.0.192/", "http://100.100.100.200/",
    "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.0.1/", "http://[fe80::1]/", "http://[fe80::1%25lo]/",
    "http://[fc00::1]/", "http://[fec0::1]/", "http://224.0.0.1/", "http://255.255.255.255/", "http://[ff02::1]/",
    "http://example.org@127.0.0.1:{port}/", "http://127.0.0.1:{port}\\@example.org/", "http://example.org:80@[::1]/",
]  # fmt: skip


@pytest.mark.parametrize("url", NETWORK)
def test_no_private_address_is_fetched(url: str) -> None:
    """However it is written, an address that is not on the public internet is not even connected to."""
    with Server(answer(200, SECRET)) as server, connections() as tried:
        with pytest.raises(ToolError) as caught:
            call(Fetch(), url=url.format(port=server.url.rpartition(":")[2]))
        assert caught.value.reason in {"denied", "invalid", "failed"}
        assert (tried, server.connections) == ([], 0)


@pytest.mark.parametrize("target", ["http://127.0.0.1:{port}/", "//127.0.0.1:{port}/x"])
def test_no_redirect_leads_inside(target: str) -> None:
    """A redirect is fenced as the first address: the port beside the one that was granted is not reached."""
    with Server(answer(200, SECRET)) as inner:
        location = target.format(port=inner.url.rpartition(":")[2])
        redirect = answer(302, b"", {"Location": location})
        with Server(redirect) as outer, pytest.raises(ToolError, match="not on the public internet"):
            call(Fetch(granted=(outer.url.removeprefix("http://"),)), url=outer.url)
        assert inner.connections == 0


def test_no_proxy_leads_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is no way round the fence."""
    with Server(answer(200, SECRET)) as proxy:
        for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        with pytest.raises(ToolError):
            call(Fetch(), url="http://127.0.0.1:1/")
        assert proxy.connections == 0


def test_a_granted_address_is_fetched() -> None:
    """The address that was granted, with its port or without, is reached; its neighbour is not."""
    with Server(answer(200, SECRET, {"Content-Type": "text/plain"})) as server:
        address = server.url.removeprefix("http://")
        assert SECRET in call(Fetch(granted=("127.0.0.1",)), url=server.url).content
        assert SECRET in call(Fetch(granted=(address,)), url=server.url).content
        for granted in ("127.0.0.2", "localhost", "127.0.0.1:1"):
            with pytest.raises(ToolError, match="not on the public internet"):
                call(Fetch(granted=(granted,)), url=server.url)


DNS: Mapping[str, Sequence[Sequence[str]]] = {
    "to loopback": [["127.0.0.1"]],
    "to the clouds' secrets": [["169.254.169.254"]],
    "to a private network": [["10.1.2.3"]],
    "to IPv6 loopback": [["::1"]],
    "to IPv4 in IPv6": [["::ffff:127.0.0.1"]],
    "to NAT64": [["64:ff9b::a00:1"]],
    "public and private": [["8.8.8.8", "127.0.0.1"]],
    "private and public": [["127.0.0.1", "8.8.8.8"]],
    "public, then private": [["8.8.8.8"], ["127.0.0.1"], ["127.0.0.1"]],
    "public in one family, private in the other": [["8.8.8.8", "::1"]],
    "nothing": [[]],
}


@pytest.mark.parametrize("name", DNS)
def test_no_name_leads_inside(name: str) -> None:
    """Whatever a name resolves to, now or a moment later, nothing but what was judged is connected to."""
    replies = iter(DNS[name])
    with Server(answer(200, SECRET)) as server, connections() as tried:
        port = server.url.rpartition(":")[2]
        with pytest.raises(ToolError):
            call(Fetch(("127.0.0.1",), resolver=lambda host, port: next(replies)), url=f"http://a.invalid:{port}/")
        assert server.connections == 0
    assert tried == (["8.8.8.8"] if len(DNS[name]) > 1 else [])
    assert len(list(replies)) == max(0, len(DNS[name]) - 1)


def test_the_connection_goes_to_what_was_judged() -> None:
    """A name is looked up by the tool's resolver once for each hop, and by nobody else."""
    asked: list[tuple[str, int]] = []

    def resolver(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["2001:4860:4860::8888", "8.8.4.4"]

    async def main() -> None:
        await (await Fetch(resolver=resolver).plan({"url": "http://a.invalid/"})).run()

    with connections() as tried, pytest.raises(ToolError, match=r"Connection refused|unreachable"):
        asyncio.run(main())
    assert asked == [("a.invalid", 80)]
    assert set(tried) <= {"2001:4860:4860::8888", "8.8.4.4"}
    assert "8.8.4.4" in tried
