"""A store with something in every table: rows as odd as they may be, the same for the same seed."""

from __future__ import annotations

import hashlib
import random
from typing import Any

from agentctl.messages import dump, user
from agentctl.store.base import Database, Transaction, Value

TEXTS = (
    "plain",
    "",
    "nul \x00 inside",
    "\x00",
    "ünïcödé 漢字 🙂",
    'it\'s "quoted" \\ %s :x $1 {}',
    "\ufffd\u202e",
    "a\r\nb\tc ",
)
MOST = 2**63 - 1
AT = 1_790_000_000_000_000


class Filler:
    """Writes rows by the queries of a copy; `seed` chooses what is in them."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._number = 0

    def fill(self, database: Database, sessions: int) -> None:
        """Write so many sessions, and all that may belong to them."""
        for _ in range(sessions):
            database.write(self._session)

    def _session(self, tx: Transaction) -> None:
        session, branch, at = self._id("s"), self._id("b"), self._at()
        self._insert(
            tx, "sessions", id=session, name=self._maybe(), active_branch_id=branch, created_at=at, updated_at=at + 7,
            title=self._maybe(), deleted_at=self._dice.choice((None, at)), forked_from_session=self._maybe(),
            forked_from_message=self._maybe(),
        )  # fmt: skip
        heads = self._conversation(tx, session, branch)
        self._insert(tx, "session_tags", tag=self._text() + "t", session_id=session)
        self._insert(tx, "damaged_messages", message_id=heads[-1], why=self._text(), found_at=at)
        for message in ("", heads[0]):
            self._insert(
                tx, "imports", session_id=session, message_id=message, source=self._text(), record=self._text()
            )
        run = self._id("r")
        self._insert(
            tx, "drafts", run_id=run, session_id=session, branch_id=branch, head_id=heads[-1], next_seq=9, created_at=at
        )
        for seq in range(3):
            self._insert(tx, "draft_chunks", run_id=run, seq=seq, chunk=self._text())
        for head in heads:
            self._call(tx, session, head)
        self._caching(tx, session)
        self._tools(tx, session, heads[0])
        self._deciding(tx, session, heads)

    def _conversation(self, tx: Transaction, session: str, trunk: str) -> list[str]:
        """Messages on branches whose ids are in no order; returns their ids."""
        heads: list[str] = []
        at = self._at()
        for number, branch in enumerate((trunk, *(self._id("b") for _ in range(3)))):
            parent = None if branch == trunk else trunk
            self._insert(
                tx, "branches", id=branch, session_id=session, parent_branch_id=parent, fork_seq=min(number, 1),
                next_seq=min(number, 1) + 3, name=self._maybe(), created_at=at,
            )  # fmt: skip
            before = heads[0] if heads else None
            for seq in range(min(number, 1), min(number, 1) + 3):
                message, body = self._id("m"), dump(user(self._text() + "\x00" * self._dice.randrange(2)))
                self._insert(
                    tx, "messages", id=message, session_id=session, branch_id=branch, seq=seq, parent_id=before,
                    role=self._dice.choice(("system", "user", "assistant", "tool")), status="final", body=body,
                    body_sha256=hashlib.sha256(body.encode()).hexdigest(), run_id=self._maybe(), created_at=at + seq,
                )  # fmt: skip
                heads.append(message)
                before = message
        return heads

    def _call(self, tx: Transaction, session: str, message: str) -> None:
        kept, call = self._dice.random() < 0.8, self._id("c")
        entry: dict[str, Any] = {
            "session_id": session if kept else None, "message_id": message if kept else None, "call_id": call,
            "attempt": self._dice.choice((1, 2**40)), "status": "final", "provider": self._text(),
            "model": self._text(), "uncached_input": 10**12, "cache_read": self._dice.randrange(10**12),
            "cache_write_short": 1, "cache_write_long": 2, "output": 3, "raw_usage": self._maybe(),
            "price_version": self._maybe(), "tag": self._maybe(), "service_tier": self._maybe(),
            "response_id": self._maybe(), "answered_by": self._maybe(),
        }  # fmt: skip
        reserved, charged = self._id("u"), self._id("u")
        self._insert(tx, "usage_ledger", id=reserved, kind="reserve", **entry, **self._money(), created_at=self._at())
        self._insert(tx, "usage_ledger", id=charged, kind="charge", **entry, **self._money(), created_at=self._at())
        if self._dice.random() < 0.5:
            self._insert(
                tx, "open_calls", reservation_id=reserved, response_id=self._maybe(), answered_by=self._maybe(),
                usage=self._maybe(), covered=4, sent=self._dice.randrange(2), capped=self._dice.randrange(2),
            )  # fmt: skip
        unreported = self._id("u")
        self._insert(
            tx, "usage_ledger", id=unreported, kind="charge", **entry | {"call_id": self._id("c")},
            computed_pusd=self._pico(), reported_pusd=None, created_at=self._at(),
        )  # fmt: skip
        if self._dice.random() < 0.5:
            self._insert(
                tx, "charge_reports", charge_id=unreported, reported_pusd=abs(self._pico() or 0),
                raw_usage=self._maybe(), created_at=self._at(),
            )  # fmt: skip

    def _caching(self, tx: Transaction, session: str) -> None:
        prints = [self._id("p"), self._id("p")]
        for one in prints:
            self._insert(tx, "cache_prints", id=one, body=self._text())
        model = {"provider": self._text(), "model": self._text()}
        self._insert(
            tx, "cache_footprints", session_id=session, **model, created_at=self._at(), tools_id=prints[0],
            system_id=prints[1], body=self._text(), uncached_input=1, cache_read=2, cache_write=MOST,
            answered_by=self._maybe(), response_id=self._maybe(),
        )  # fmt: skip
        self._insert(
            tx, "cache_uses", created_at=self._at(), call_id=self._id("c"), attempt=1, session_id=session, **model,
            saved_pusd=self._pico(), write_pusd=self._pico(),
        )  # fmt: skip
        self._insert(
            tx, "cache_misses", id=self._id("x"), created_at=self._at(), session_id=session, call_id=self._id("c"),
            attempt=1, **model, cause="expired", text=self._text(), path=self._maybe(), told=self._maybe(),
            gap=self._dice.randrange(2 * 3_600_000_000), tokens=5, missed_pusd=self._pico(),
        )  # fmt: skip
        self._insert(
            tx, "cache_contents", id=self._id("k"), session_id=session, holder=self._text(), **model,
            name=self._maybe(), print=self._text(), covered=1, tokens=2, created_at=self._at(), expires_at=self._at(),
            deleted_at=None,
        )  # fmt: skip

    def _tools(self, tx: Transaction, session: str, message: str) -> None:
        self._insert(
            tx, "tool_calls", run_id=self._id("r"), position=0, session_id=session, message_id=message,
            call_id=self._text(), tool=self._text(), arguments=self._maybe(), state="finished", effect="write",
            summary=self._maybe(), subject=self._maybe(), decided_by="user", result=self._maybe(),
            output=self._maybe(), details=self._maybe(), asked_at=self._at(), started_at=self._at(),
            ended_at=self._at(), concluded_at=None,
        )  # fmt: skip

    def _deciding(self, tx: Transaction, session: str, heads: list[str]) -> None:
        decision = self._id("d")
        self._insert(
            tx, "decisions", id=decision, session_id=session, at=self._at(), policy=self._maybe(), spec=self._text(),
            features=self._text(), candidates=self._text(), mask=self._text(), action=self._dice.randrange(MOST),
            propensity=self._dice.choice((1.0, 5e-324, self._dice.random() or 1.0)),
            cost_weight=self._dice.choice((0.0, 1.7976931348623157e308, self._dice.random())),
            explored=self._dice.randrange(2), shadow=self._dice.choice((None, 0, MOST)), sha256=self._text(),
        )  # fmt: skip
        for _ in range(2):
            self._insert(tx, "decision_calls", decision_id=decision, call_id=self._id("c"))
        for value in (0.0, 1.0, self._dice.random()):
            self._insert(
                tx, "outcomes", id=self._id("o"), session_id=session, message_id=self._dice.choice(heads),
                grader=self._text(), version=self._text(), value=value, note=self._maybe(), at=self._at(),
            )  # fmt: skip

    def _insert(self, tx: Transaction, table: str, **values: Value) -> None:
        tx.execute(f"copying.{table}_insert", **values)

    def _id(self, kind: str) -> str:
        self._number += 1
        return f"{self._dice.getrandbits(64):016x}{kind}{self._number}"

    def _text(self) -> str:
        return self._dice.choice(TEXTS)

    def _maybe(self) -> str | None:
        return self._dice.choice((None, self._text()))

    def _at(self) -> int:
        return AT + self._dice.randrange(10**14)

    def _pico(self) -> int | None:
        return self._dice.choice((None, 0, 1, MOST, -MOST, self._dice.randrange(MOST)))

    def _money(self) -> dict[str, Value]:
        return {"computed_pusd": self._pico(), "reported_pusd": self._pico()}
