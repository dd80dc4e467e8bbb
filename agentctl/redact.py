"""Keeps secrets out of logs, errors and previews.

Two nets: values that were registered when a key was read, and the shapes that keys and credentials usually have. Every
pattern has one bounded start and consumes what it scans, so that redaction is linear in the text.
"""

from __future__ import annotations

import re
from functools import cache

MARK = "[redacted]"
SHORTEST = 6  # a shorter value would blot out ordinary words

_known: set[str] = set()

# What a match has in it: most texts have none of these, and looking for them is a hundred times faster than matching.
_SHAPE_HINTS = ("sk-", "AIza", "xai-", "gsk_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "hf_", "://")
_LABEL_HINTS = ("key", "authorization", "token", "bearer", "basic")

# Where a word begins: also right after the escape of a line break or the like, in JSON, Python and URLs.
_START = r"(?: (?<![a-zA-Z0-9]) | (?<=\\[abfnrtv]) | (?<=\\x[0-9a-f]{2}) | (?<=\\u[0-9a-fA-F]{4}) | (?<=%[0-9A-F]{2}) )"

_SHAPES = rf"""
      {_START} (?: sk- [\w-]{{16,}}                        # OpenAI, Anthropic, OpenRouter
                 | AIza [\w-]{{30,}}                       # Google
                 | xai- [\w-]{{16,}}
                 | gsk_ \w{{16,}}                          # Groq
                 | gh[pousr]_ \w{{16,}}                    # GitHub
                 | github_pat_ \w{{16,}}
                 | hf_ \w{{16,}} )                         # Hugging Face
    | (?<= ://) [^\s/?\#"'<>]+ (?= @)                      # user:password of a URL
    """

_LABELLED = rf"""
    (?P<label>
        (?: api[-_]?key | (?:proxy-)?authorization | (?:access|refresh|auth)[-_]token | [?&]key )
        (?: \\?["']? \s{{0,4}} [:=] \s{{0,4}} b? \\?["']? | ["'] , \s{{0,4}} b?["'] )   # also JSON and Python's pairs
        (?: (?:bearer|basic|token) \s{{1,4}} )?
      | {_START} (?: bearer \s{{1,4}} (?= [\w.~+/-]{{24}} | (?= [\w.~+/-]{{12}}) [a-z_.~+/-]{{0,64}} [0-9] )
                   | basic \s{{1,4}} (?= [\w+/-]{{24}} ) )    # the length, or a digit, tells a token from prose
    )
    [^\s"'\\,;&<>(){{}}]{{6,}}
    """

# What follows `postgresql:`, as libpq takes it apart: it looks for an @ up to the first slash.
_SERVER = r"""
    // (?: ([^:@/=\s]*) (?: : ([^@/]*) )? @ )?              # user and password
    ( (?: (?: [\w.%~-]* | \[[\w:.%~-]*\] ) (?: :[0-9]*)? (?: , | (?= [/?] | \Z)) )*     # hosts
      (?: / (?: (?! %3[dD]) [^/?@=\s])* )? )                # the database's name
    (?: \? (\S*) )?
    """

_PARAMETERS = """
    application_name channel_binding client_encoding connect_timeout dbname fallback_application_name gssdelegation
    gssencmode gsslib host hostaddr keepalives keepalives_count keepalives_idle keepalives_interval krbsrvname
    load_balance_hosts max_protocol_version min_protocol_version oauth_client_id oauth_client_secret oauth_issuer
    oauth_scope options passfile password port replication require_auth requirepeer requiressl scram_client_key
    scram_server_key service servicefile ssl ssl_max_protocol_version ssl_min_protocol_version sslcert sslcertmode
    sslcompression sslcrl sslcrldir sslkey sslkeylogfile sslmode sslnegotiation sslpassword sslrootcert sslsni
    target_session_attrs tcp_user_timeout user
"""
LIBPQ = frozenset(_PARAMETERS.split())
"""The parameters of a URL that PostgreSQL's library knows, as of its version 18."""
_SECRET = frozenset({"oauth_client_secret", "password", "scram_client_key", "scram_server_key", "sslpassword"})


def register(secret: str) -> None:
    """Let `redact` remove this value, also as JSON and URLs spell it. Values under six characters are left out."""
    value = secret.strip()
    if len(value) >= SHORTEST:
        _known.add(value)
        if not re.fullmatch(r"[A-Za-z0-9_.~-]+", value):
            _known.update(_spellings(value))  # others are spelled alike in JSON and in URLs


def redact(text: str) -> str:
    """Return `text` with every registered value and everything shaped like a key replaced by `[redacted]`."""
    for secret in sorted(_known, key=len, reverse=True):  # the longest first: one secret may contain another
        text = text.replace(secret, MARK)
    if any(hint in text for hint in _SHAPE_HINTS):
        text = _shapes().sub(MARK, text)
    lower = text.lower()
    if any(hint in lower for hint in _LABEL_HINTS):
        text = _labelled().sub(rf"\g<label>{MARK}", text)
    return text


def redact_url(url: str) -> str:
    """Return the URL of a database without the passwords in it.

    Of what is no well-formed URL of a database that we know, nobody can say where a password in it is: then the scheme
    alone is shown, and "…" for the rest.
    """
    if url == ":memory:" or url.startswith("sqlite:///"):
        return url
    scheme, colon, rest = url.partition(":")
    if not colon or scheme not in ("sqlite", "postgresql", "postgres"):
        return "…"
    shown = None if scheme == "sqlite" else _without_passwords(rest)
    return f"{scheme}:{shown or ('//…' if rest.startswith('//') else '…')}"


def _without_passwords(rest: str) -> str | None:
    found = _server().fullmatch(rest)
    if found is None:
        return None
    user, password, place, query = found.groups()
    who = "" if user is None else f"{user}@" if password is None else f"{user}:{MARK}@"
    shown = []
    for pair in query.split("&") if query else ():
        name, equals, value = pair.partition("=")
        if not equals or name not in LIBPQ or (name == "dbname" and re.search("=|%3d", value, re.IGNORECASE)):
            return None
        shown.append(f"{name}={MARK if name in _SECRET else value}")
    return f"//{who}{place}" + ("" if query is None else "?" + "&".join(shown))


@cache  # compiled when first needed: 2 ms
def _shapes() -> re.Pattern[str]:
    return re.compile(_SHAPES, re.VERBOSE | re.ASCII)


@cache
def _server() -> re.Pattern[str]:
    return re.compile(_SERVER, re.VERBOSE)


@cache
def _labelled() -> re.Pattern[str]:
    return re.compile(_LABELLED, re.VERBOSE | re.ASCII | re.IGNORECASE)


def _spellings(value: str) -> set[str]:
    import json  # noqa: PLC0415 - only an unusual key needs it
    from urllib.parse import quote, quote_plus  # noqa: PLC0415

    as_json = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    as_url = {spell(value, errors="replace") for spell in (quote, quote_plus)} | {
        quote(value, safe="", errors="replace")
    }
    return as_json | as_url | {repr(value)[1:-1]}
