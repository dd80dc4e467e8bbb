"""Tags of sessions."""

from __future__ import annotations

from functools import partial

import pytest

from agentctl.errors import UsageError
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction


def test_tags_come_and_go(database: Database) -> None:
    """A tag is there once however often it is given, and taking away what is not there does nothing."""

    def work(tx: Transaction) -> None:
        one, other = sessions.create(tx), sessions.create(tx)
        assert sessions.tag(tx, one.id, ["b", "a", "b"]) == ("a", "b")
        assert sessions.tag(tx, one.id, ["a"], ["b", "c"]) == ("a",)
        assert sessions.tag(tx, other.id, ["\u00fc\u4e2d"]) == sessions.tags(tx, other.id) == ("\u00fc\u4e2d",)
        assert sessions.tags(tx, one.id) == ("a",)
        assert sessions.get(tx, one.id).updated_at == one.updated_at

    database.write(work)


@pytest.mark.parametrize("tag", ["", " ", "a b", "-a", "+a", "a\n", "\ud800", "x" * 65])
def test_what_is_no_tag(database: Database, tag: str) -> None:
    """A tag that could not be typed as one word is refused, and none of those beside it is given."""
    session = database.write(sessions.create)
    with pytest.raises(UsageError, match="is no tag"):
        database.write(partial(sessions.tag, session_id=session.id, add=["good", tag]))
    assert database.read(partial(sessions.tags, session_id=session.id)) == ()
