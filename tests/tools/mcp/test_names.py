"""The names of the tools of MCP servers, as models know them."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from agentctl.settings.table import name_problem
from agentctl.tools.mcp.naming import offered_name, printable

PARTS = st.lists(st.text("az09", min_size=1, max_size=3), min_size=1, max_size=4)
SERVERS = st.builds(lambda parts, joint: joint.join(parts), PARTS, st.sampled_from("-_"))


@given(SERVERS, st.text(min_size=1))
@example("server", "long" * 50)
def test_every_name_is_one_that_providers_take(server: str, tool: str) -> None:
    """Whatever a server calls its tools; the server's name stands before it."""
    assert name_problem(("mcp", server, "url")) is None
    name = offered_name(server, tool)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name)
    assert name.startswith(f"{server}__")


@given(st.tuples(SERVERS, st.text(min_size=1)), st.tuples(SERVERS, st.text(min_size=1)))
@example(("server", "long" * 50), ("server", "long" * 51))
@example(("server", "a b"), ("server", "a_b"))
def test_different_tools_have_different_names(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Within a server, and between servers."""
    assert (offered_name(*one) == offered_name(*other)) == (one == other)


@given(SERVERS, SERVERS, st.from_regex(r"[_a-z]{1,8}", fullmatch=True), st.from_regex(r"[_a-z]{1,8}", fullmatch=True))
def test_no_server_reaches_into_the_names_of_another(one: str, other: str, mine: str, theirs: str) -> None:
    """Not by underscores at the beginning of its tools' names either."""
    assert one == other or offered_name(one, mine) != offered_name(other, theirs)


@given(st.text(), st.integers(1, 200))
def test_what_is_shown_is_one_line(text: str, length: int) -> None:
    """No character of it is more than a character to a terminal."""
    shown = printable(text, length)
    assert len(shown) <= length
    assert shown.isprintable()
