"""Rules on what tools may do."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tools import Person

from agentctl.errors import UsageError
from agentctl.tools.approval import Policy, Rules
from agentctl.tools.base import Asked, Decision, Effect, Outcome, Plan
from agentctl.tools.commands import commands
from agentctl.tools.globs import matches
from agentctl.tools.rules import lasting, parse


async def _nothing() -> Outcome:
    return Outcome("")


def asked(tool: str, subject: str, effect: Effect) -> Asked:
    return Asked(tool, Plan(f"{tool} {subject}", subject, effect, _nothing))


def shell(command: str) -> Asked:
    return asked("shell", command, "execute")


@pytest.mark.parametrize(
    ("rule", "call", "allowed"),
    [
        ("edit", asked("edit", "src/a.py", "write"), True),
        ("edit", asked("write", "src/a.py", "write"), False),
        ("edit(src/**)", asked("edit", "src/deep/a.py", "write"), True),
        ("edit(src/*)", asked("edit", "src/deep/a.py", "write"), False),
        ("edit(**/*.md)", asked("edit", "README.md", "write"), True),
        ("edit(**/*.md)", asked("edit", "docs/deep/a.md", "write"), True),
        ("edit(src/?.py)", asked("edit", "src/a.py", "write"), True),
        ("edit(src/?.py)", asked("edit", "src/ab.py", "write"), False),
        ("fetch(*.python.org)", asked("fetch", "docs.python.org", "network"), True),
        ("fetch(*.python.org)", asked("fetch", "python.org.evil.example", "network"), False),
        ("files__*", asked("files__read", "read", "execute"), True),
        ("files__*", asked("git__log", "log", "execute"), False),
        ("*", asked("anything", "", "execute"), True),
        ("shell(git diff *)", shell("git diff HEAD -- a.py"), True),
        ("shell(git diff *)", shell("git diff"), False),
        ("shell(make a; make b)", shell("make a; make b"), True),
        ("edit([ab].py)", asked("edit", "a.py", "write"), False),
    ],
)
def test_what_a_rule_allows(rule: str, call: Asked, *, allowed: bool) -> None:
    """A rule is a tool and a pattern for what it does; in paths a star stops at a slash."""
    assert parse(rule).allows(call) is allowed


@pytest.mark.parametrize(
    "joint",
    [
        "; {0}", " && {0}", " || {0}", " | {0}", " & {0}", "\n{0}", "\r{0}",
        " `{0}`", " $({0})", " > /etc/{0}", " < {0}", " ${{x:={0}}}",
    ],
)  # fmt: skip
def test_a_pattern_for_one_command_lets_no_second_one_in(joint: str) -> None:
    """What joins commands, redirects or substitutes is beyond any pattern."""
    command = "git diff a" + joint.format("rm")
    assert not parse("shell(git diff *)").allows(shell(command))
    assert parse("shell").allows(shell(command))


@pytest.mark.parametrize("command", ["rm -rf x", "ls; rm -rf x", "ls && rm -rf x", "ls | rm -rf x", "(ls;rm -rf x)"])
def test_what_is_forbidden_stays_so_amid_other_commands(command: str) -> None:
    """A forbidding rule looks at each command of a line."""
    assert parse("shell(rm *)").forbids(shell(command))


@given(st.text(), st.sampled_from(["read", "write", "execute", "network"]))
def test_a_rule_made_of_a_call_allows_that_call(subject: str, effect: Effect) -> None:
    """What the user allows for good is what they saw, written down and read back."""
    call = asked("tool", subject, effect)
    rule = lasting(call)
    assert rule is None or parse(str(rule)).allows(call)


@given(st.text(alphabet="rm *?.abx-", min_size=1), st.text(alphabet="rm *?.abx-", min_size=1))
def test_a_rule_made_of_a_command_allows_no_other(first: str, second: str) -> None:
    """Stars in a command that was allowed for good are stars, and no pattern."""
    rule = lasting(shell(first))
    assert rule is None or rule.allows(shell(second)) is (first == second)


def test_what_a_server_or_a_component_does_is_allowed_as_a_whole() -> None:
    """A call without a subject is allowed for good by its tool, and the rule says no more than that."""
    assert str(lasting(asked("github__list", "", "execute"))) == "github__list"


@pytest.mark.parametrize(
    "command",
    [
        "touch a", "  touch   a", "touch\ta", "(touch a)", "{ touch a; }", "! touch a", "if true; then touch a; fi",
        "while true; do touch a; done", "f(){ touch a; }; f", "echo <(touch a)", "X=1 touch a", "command touch a",
        "exec touch a", "/bin/touch a", "t\\ouch a", "'touch' a", "ls|touch a", "echo `touch a`", "echo $(touch a)",
        "sudo -n touch a", "env A=1 touch a", 'A="1 2" touch a', "nice -n 5 touch a", "xargs -n 1 touch a",
        "env -u FOO touch a", "sudo -u root touch a", "2>/dev/null touch a", "timeout 5 touch a",
        "/usr/bin/sudo touch a",
        "A+=1 touch a", "a[0]=1 touch a", "eval touch a", "bash -c 'touch a'", "find . -exec touch {} ;",
        "coproc touch a", ">out touch a", "touch", "ls | xargs touch", 'echo "$(touch a)"', "FOO=1 time sudo touch a",
    ],
)  # fmt: skip
def test_a_forbidden_command_is_found_where_nobody_hides_it(command: str) -> None:
    """Groups, keywords, assignments, wrappers, paths and quotes do not keep a rule from meaning what it says."""
    assert parse("shell(touch *)").forbids(shell(command))


@pytest.mark.parametrize(
    "command",
    [
        "ls untouch a", "git commit -m 'Look in touch handler'", "git commit -m 'Fix (touch bug)'",
        "grep 'a; touch b' x",
        "echo done in touch time", "grep 'a|touch x' f", "git commit -m 'a & touch b'", "./scripts/touch x",
        "echo it is touch and go", "cat touch",
    ],
)  # fmt: skip
def test_an_innocent_command_is_not_forbidden(command: str) -> None:
    """The name of a forbidden command in a text, or as an argument, is no such command."""
    assert not parse("shell(touch *)").forbids(shell(command))


def test_a_wrapper_can_be_forbidden_itself() -> None:
    """What stands between an assignment and a command is a command too."""
    for command in ("FOO=1 sudo ls", "time sudo ls", "sudo ls"):
        assert parse("shell(sudo *)").forbids(shell(command))
    assert parse("shell(git push *)").forbids(shell("cd . && git push"))


@given(st.text(max_size=60))
def test_any_line_has_commands(line: str) -> None:
    """Whatever is written for a shell, it is looked at, and found to be itself."""
    assert line in set(commands(line))


def test_a_host_has_one_spelling() -> None:
    """A dot at the end and capitals make no other host."""
    assert parse("fetch(evil.example)").forbids(asked("fetch", "EVIL.example.", "network"))


def test_a_pattern_with_many_stars_takes_no_time() -> None:
    """A command made to confuse a pattern is judged as fast as any other: this would take years by backtracking."""
    rule = parse("shell(*git*push*--force*" + "*a" * 20 + "*)")
    assert not rule.forbids(shell(": " + "git" * 3500 + "push" * 3500 + "a" * 19))
    for piece in ("sh ", "find -exec ", "sudo ", "`", "$(", "a;", "'", "env A=1 ", "(", '"$('):
        assert not parse("shell(touch *)").forbids(shell(piece * (30_000 // len(piece))))


@given(st.text(alphabet="ab/*?", max_size=8), st.text(alphabet="ab/", max_size=8), st.booleans())
def test_patterns_match_what_their_regular_expression_does(pattern: str, text: str, paths: bool) -> None:
    """The automaton agrees with the definition."""
    any_, one = ("[^/]*", "[^/]") if paths else ("(?s:.*)", "(?s:.)")
    known = {"**/": "(?:.*/)?" if paths else ".*/", "**": ".*", "*": any_, "?": one}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    expected = re.fullmatch("".join(known.get(piece, re.escape(piece)) for piece in pieces), text) is not None
    assert matches(pattern, text, paths=paths) is expected


@given(st.from_regex(r"[A-Za-z0-9_.-]+(\([ -~]*\))?", fullmatch=True))
def test_a_rule_reads_back_as_it_is_written(text: str) -> None:
    """Rules survive being remembered."""
    assert parse(str(parse(text))) == parse(text)


@pytest.mark.parametrize("text", ["", "  ", "ed it", "edit(", "edit)x", "(x)", "shell(a\nb)", "a*b"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    """A rule that would match nothing is an error and not silence."""
    with pytest.raises(UsageError, match="is no rule for tools"):
        parse(text)


@pytest.mark.parametrize("mode", ["ask", "auto", "never"])
def test_forbidden_is_forbidden_in_every_mode(mode: str) -> None:
    """A forbidding rule holds against an allowing one, against the mode and against the user."""
    rules = Rules([parse("shell")], [parse("shell(rm *)")])
    person = Person()
    decision = asyncio.run(Policy(mode, rules, person).decide(shell("rm x")))  # type: ignore[arg-type]
    assert (decision.allowed, decision.by, person.asked) == (False, "rule", [])


@pytest.mark.parametrize(
    ("mode", "effect", "expected"),
    [
        ("ask", "read", Decision(allowed=True, by="mode")),
        ("ask", "none", Decision(allowed=True, by="mode")),
        ("never", "read", Decision(allowed=True, by="mode")),
        ("auto", "execute", Decision(allowed=True, by="mode")),
        ("ask", "write", Decision(allowed=True, by="user")),
        ("ask", "network", Decision(allowed=True, by="user")),
        ("ask", "execute", Decision(allowed=True, by="user")),
    ],
)
def test_what_no_rule_decides_the_mode_does(mode: str, effect: Effect, expected: Decision) -> None:
    """Reading in the workspace needs no leave; all else is asked, allowed or refused as the user chose."""
    decision = asyncio.run(Policy(mode, Rules(), Person()).decide(asked("t", "x", effect)))  # type: ignore[arg-type]
    assert decision == expected


@pytest.mark.parametrize("effect", ["write", "execute", "network"])
@pytest.mark.parametrize(("mode", "person"), [("never", Person()), ("ask", None)])
def test_where_nobody_is_asked_nothing_is_allowed(mode: str, person: Person | None, effect: Effect) -> None:
    """`never`, and `ask` with nobody there, refuse what no rule allows."""
    decision = asyncio.run(Policy(mode, Rules(), person).decide(asked("t", "x", effect)))  # type: ignore[arg-type]
    assert not decision.allowed
    allowed = asyncio.run(Policy(mode, Rules([parse("t(x)")]), person).decide(asked("t", "x", effect)))  # type: ignore[arg-type]
    assert allowed == Decision(allowed=True, by="rule")
