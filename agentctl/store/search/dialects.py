"""A query in the language of each database's full-text search, made of words alone: letters and digits."""

from __future__ import annotations

from agentctl.store.search.query import Query, Term


def fts5(query: Query) -> str:
    """Return the query as SQLite's FTS5 has it (https://sqlite.org/fts5.html#full_text_query_syntax)."""
    wanted = " AND ".join(map(_fts5, query.wanted))
    unwanted = " OR ".join(map(_fts5, query.unwanted))
    return f"({wanted}) NOT ({unwanted})" if unwanted else wanted


def tsquery(query: Query) -> str:
    """Return the query as PostgreSQL has it (https://www.postgresql.org/docs/current/datatype-textsearch.html)."""
    return " & ".join([*map(_tsquery, query.wanted), *(f"!({_tsquery(term)})" for term in query.unwanted)])


def _fts5(term: Term) -> str:
    return f'"{" ".join(term.words)}"{" *" if term.prefix else ""}'


def _tsquery(term: Term) -> str:
    return "(" + " <-> ".join(f"'{word}'" for word in term.words) + (":*)" if term.prefix else ")")
