"""Conversations in the database: sessions, their branches and messages, and drafts of answers still arriving.

All functions work inside a transaction.
"""

from __future__ import annotations

from agentctl.store.sessions.drafts import Draft, add_draft, close_draft, drafts, find_draft, open_draft
from agentctl.store.sessions.listing import Summary, listing
from agentctl.store.sessions.messages import MessageStatus, Stored, append, before, stored, thread, title_of
from agentctl.store.sessions.session import Session, after, create, find, get, latest, now, rename

__all__ = [
    "Draft",
    "MessageStatus",
    "Session",
    "Stored",
    "Summary",
    "add_draft",
    "after",
    "append",
    "before",
    "close_draft",
    "create",
    "drafts",
    "find",
    "find_draft",
    "get",
    "latest",
    "listing",
    "now",
    "open_draft",
    "rename",
    "stored",
    "thread",
    "title_of",
]
