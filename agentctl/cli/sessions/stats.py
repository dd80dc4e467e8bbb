"""`agentctl sessions stats`: counts of what is kept."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_table
from agentctl.cli.sessions.given import AsJson
from agentctl.cli.wiring import wire
from agentctl.store.sessions.stats import Stats
from agentctl.store.sessions.stats import stats as count

app = new_app()

_DAY = 86_400  # seconds
_MEBIBYTE = 2**20


@app.command()
def stats(*, as_json: AsJson = False) -> None:
    """Count what is kept: conversations, messages by role and month, tags, models, and the longest conversations."""
    found = wire().database.read(count)
    if as_json:
        print_json(_document(found))
        return
    print_table(("what", "which", "number"), [(*names, f"{number:,}") for *names, number in _lines(found)])


def _document(found: Stats) -> dict[str, Any]:
    return {
        **found.counts,
        "bytes": found.bytes,
        "by_role": found.roles,
        "by_tag": found.tags,
        "by_model": [
            {"model": f"{row['provider']}/{row['model']}", "sessions": int(row["sessions"]), "calls": int(row["calls"])}
            for row in found.models
        ],
        "by_day": {_date(day): number for day, number in found.days.items()},
        "by_month": _months(found),
        "longest": [dict(row) for row in found.longest],
    }


def _lines(found: Stats) -> list[tuple[str, str, int]]:
    return [
        *((name, "", number) for name, number in found.counts.items()),
        ("MiB", "", -(-found.bytes // _MEBIBYTE)),
        *(("messages of", role, number) for role, number in found.roles.items()),
        *(("messages in", month, number) for month, number in _months(found).items()),
        *(("sessions with", tag, number) for tag, number in found.tags.items()),
        *(("calls of", f"{row['provider']}/{row['model']}", int(row["calls"])) for row in found.models),
        *(("messages in", row["name"] or row["title"] or row["id"], row["messages"]) for row in found.longest),
    ]


def _months(found: Stats) -> dict[str, int]:
    months: Counter[str] = Counter()
    for day, number in found.days.items():
        months[_date(day)[:7]] += number
    return dict(months)


def _date(day: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(day * _DAY))
