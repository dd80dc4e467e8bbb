"""What a component may put into the head of a request. Pure."""

from __future__ import annotations

import re

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2: a method, or the name of a header
VALUE = re.compile(r"[^\x00\r\n\u0100-\U0010ffff]*")  # of a header; a character is a byte

# RFC 9110 7.6.1, 7.2 and 10.1.1: how a request is sent, and to whom, is not the component's business.
NOT_THEIRS = frozenset(
    {
        "connection",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
