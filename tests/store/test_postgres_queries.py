"""What the store says to PostgreSQL: queries, and text that it can not hold as it is."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.backends import POSTGRES, Backends
from support.databases import rows

from agentctl.messages import Message, Text, user
from agentctl.store import search, sessions, statements
from agentctl.store.open import connect
from agentctl.store.postgres.queries import query, translated

PATIENCE = 20


texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\0\x1a01"))


@given(texts, texts)
@settings(max_examples=10)
def test_any_text_comes_back(
    backends: Backends, tmp_path_factory: pytest.TempPathFactory, one: str, other: str
) -> None:
    """Also with U+0000, which PostgreSQL can't hold; and texts that differ stay different."""
    with backends.url(POSTGRES[0], tmp_path_factory.getbasetemp()) as place, closing(connect(place)) as database:
        database.write(lambda tx: [tx.execute("caching.keep_print", id=text, body=text) for text in {one, other}])
        session = database.write(sessions.create)
        session, _ = database.write(lambda tx: sessions.append(tx, session, Message("user", (Text(one),))))
        assert database.read(lambda tx: sessions.thread(tx, session))[0].message.text == one
        title = database.read(lambda tx: sessions.listing(tx, 1))[0].title
        assert title is None or title.isprintable()
    found = {
        text.replace("\x1a0", "\0").replace("\x1a1", "\x1a") for (text,) in rows(place, "SELECT id FROM cache_prints")
    }
    assert found == {one, other}


def test_very_many_words(server_url: str) -> None:
    """A message with more different words than a tsvector holds is kept, and found by its first ones."""
    text = " ".join(chr(0x20000 + number) for number in range(90_000))
    with closing(connect(server_url)) as database:
        session = database.write(sessions.create)
        session, _ = database.write(partial(sessions.append, session=session, message=user(text)))
        search.catch_up(database)
    found = "SELECT COUNT(*) FROM search_documents WHERE tokens @@ U&'''\\+020000'' <-> ''\\+020001'''::tsquery"
    assert rows(server_url, found) == [(1,)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT :a, b::text FROM t WHERE c = :a_1", "SELECT %(a)s, b::text FROM t WHERE c = %(a_1)s"),
        ("SELECT ':a', 'it''s :b' -- :c's\n, :d", "SELECT ':a', 'it''s :b' -- :c's\n, %(d)s"),
        ("SELECT 7 % :m, '50%' /* % :x */, \":y\"", "SELECT 7 %% %(m)s, '50%%' /* %% :x */, \":y\""),
    ],
)
def test_named_values(sql: str, expected: str) -> None:
    """Values are marked as the driver wants it, and nothing else is taken for one."""
    assert translated(sql) == expected


QUERIES = sorted(
    f"{path.stem}.{line.removeprefix('-- name: ')}"
    for path in Path(statements.__file__).parent.glob("queries/**/*.sql")
    if "sqlite" not in path.parts
    for line in path.read_text().splitlines()
    if line.startswith("-- name: ")
)


def test_every_query_is_understood(server_url: str) -> None:
    """PostgreSQL can plan each query of the store, also where all its values are NULL."""
    connect(server_url).close()
    with psycopg.connect(server_url) as raw:
        made = {"transfer.begin", "transfer.end", "transfer.probe_begin", "transfer.probe_end"}
        raw.execute(query("transfer.begin"))
        raw.execute(query("transfer.probe_begin"))
        for name in sorted(set(QUERIES) - made):
            raw.execute(b"EXPLAIN " + query(name), defaultdict(lambda: None))
        raw.execute(query("transfer.end"))
        raw.execute(query("transfer.probe_end"))
