"""`agentctl sessions search`: messages that are found by their words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from agentctl.cli.figures import local_time, rfc3339
from agentctl.cli.group import new_app
from agentctl.cli.moments import moment
from agentctl.cli.render import plain, print_json, print_marked, print_note, print_text
from agentctl.cli.sessions.given import AsJson, InSession, Since, Until
from agentctl.cli.wiring import wire
from agentctl.errors import UsageError
from agentctl.messages import Role
from agentctl.store import search, sessions
from agentctl.store.base import Transaction
from agentctl.store.search.finding import Hit, Where, find
from agentctl.store.search.query import Query, parse

if TYPE_CHECKING:
    from typer._click.core import Context

app = new_app()

_ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")
_MOST = 1_000
_WITHOUT = re.compile(r"-(?!-|n\d*$|h$).+", re.DOTALL)


class _Command(TyperCommand):
    """A command whose arguments may begin with a dash, like `-without`; its options are `-n`, `-h` and long ones."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Put what is no option behind all options."""
        end = args.index("--") if "--" in args else len(args)
        dashed = [one for one in args[:end] if _WITHOUT.fullmatch(one)]
        others = [one for one in args[:end] if not _WITHOUT.fullmatch(one)]
        return super().parse_args(ctx, [*others, "--", *dashed, *args[end + 1 :]])


@app.command(cls=_Command)
def search_messages(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="WORDS...",
            help="Words that must all be there, '\"a phrase\"', the beginning of a word*, and -what must not be there.",
        ),
    ],
    *,
    tag: Annotated[str | None, typer.Option(help="In conversations with this tag.")] = None,
    session: InSession = None,
    role: Annotated[str | None, typer.Option(help=f"Messages of: {', '.join(_ROLES)}.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, max=_MOST, help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find messages by their words, the best first of the newest that have them."""
    query, where = parse(" ".join(words)), _where(tag, role, since, until)
    found: list[Hit] = []
    if database := wire().kept:
        search.catch_up(database)
        found = database.read(lambda tx: _find(tx, query, limit + 1, where, session))
    if as_json:
        print_json([_document(hit) for hit in found[:limit]])
        return
    for hit in found[:limit]:
        _show(hit)
    if not found:
        print_note("nothing was found")
    elif len(found) > limit:
        print_note(f"the best {limit}; --limit shows more")


def _where(tag: str | None, role: str | None, since: str | None, until: str | None) -> Where:
    known = next((one for one in _ROLES if one == role), None)
    if role is not None and known is None:
        raise UsageError(f"there are no messages of {role!r}", hint=f"--role takes {', '.join(_ROLES)}")
    return Where(tag, None, known, moment(since) if since else None, moment(until) if until else None)


def _find(tx: Transaction, query: Query, limit: int, where: Where, session: str | None) -> list[Hit]:
    session_id = sessions.find(tx, session).id if session is not None else None
    return find(tx, query, limit, Where(where.tag, session_id, where.role, where.since, where.until))


def _document(hit: Hit) -> dict[str, Any]:
    stored = hit.stored
    return {
        "session": {"id": hit.session_id, "name": hit.name, "title": hit.title},
        "message_id": stored.id,
        "role": stored.message.role,
        "created_at": rfc3339(stored.created_at),
        "snippet": hit.snippet.text,
        "matches": [list(mark) for mark in hit.snippet.marks],
    }


def _show(hit: Hit) -> None:
    stored = hit.stored
    called = plain(hit.name or hit.title or "")
    heading = (hit.session_id, called, stored.message.role, stored.id, local_time(stored.created_at))
    print_text(" · ".join(part for part in heading if part))
    print_marked(hit.snippet.text, hit.snippet.marks, indent="    ")
