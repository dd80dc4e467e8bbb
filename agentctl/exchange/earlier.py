"""Tells files that were exported before from others, which an export must not take the place of unasked."""

from __future__ import annotations

import re

from agentctl.exchange.lines import START

READ = 1 << 16  # bytes of a file that are enough to tell

_HTML = re.compile(
    rb"<!DOCTYPE html>\n.{0,999}<meta http-equiv=\"Content-Security-Policy\".{0,999}<title>Conv", re.DOTALL
)
_MARKDOWN = re.compile(rb"# [^\n]*\n\n[0-9A-Za-z._-]{1,64} \xc2\xb7 \d{4,}-\d\d-\d\d \d\d:\d\d UTC")


def is_export(start: bytes) -> bool:
    """Whether a file that begins so is an export in one of its forms, or empty."""
    return not start or start.startswith(START) or bool(_HTML.match(start) or _MARKDOWN.match(start))
