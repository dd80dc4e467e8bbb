"""Conversations in the database: sessions, their branches and messages, and drafts of answers still arriving.

All functions work inside a transaction.
"""

from __future__ import annotations

from agentctl.store.sessions.branching import Branch, branches, locate, short_length, switch
from agentctl.store.sessions.damage import set_aside
from agentctl.store.sessions.drafts import Draft, add_draft, close_draft, drafts, find_draft, open_draft
from agentctl.store.sessions.finding import find, find_deleted, get_kept
from agentctl.store.sessions.forking import Origin, fork, origin
from agentctl.store.sessions.listing import Filter, Summary, listing, trashed
from agentctl.store.sessions.messages import (
    MessageStatus,
    Stored,
    append,
    before,
    every,
    rows,
    stored,
    thread,
    title_of,
)
from agentctl.store.sessions.session import Session, after, create, get, latest, now, rename
from agentctl.store.sessions.tagging import tag, tags
from agentctl.store.sessions.trash import delete, deleted_before, purge, restore

__all__ = [
    "Branch",
    "Draft",
    "Filter",
    "MessageStatus",
    "Origin",
    "Session",
    "Stored",
    "Summary",
    "add_draft",
    "after",
    "append",
    "before",
    "branches",
    "close_draft",
    "create",
    "delete",
    "deleted_before",
    "drafts",
    "every",
    "find",
    "find_deleted",
    "find_draft",
    "fork",
    "get",
    "get_kept",
    "latest",
    "listing",
    "locate",
    "now",
    "open_draft",
    "origin",
    "purge",
    "rename",
    "restore",
    "rows",
    "set_aside",
    "short_length",
    "stored",
    "switch",
    "tag",
    "tags",
    "thread",
    "title_of",
    "trashed",
]
