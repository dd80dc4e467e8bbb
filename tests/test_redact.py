"""What is taken out of a text, and what is left in it."""

from __future__ import annotations

import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentctl.redact import MARK, redact, redact_url, register

PATIENCE = 10.0
PROSE = """the basic understanding of a bearer is that keys open doors sk risk task-oriented author authorization api
token tokens Basic Bearer authentication key: https://example.com/a?b=c@d mail@example.com 2026-11-23 10:15
sk-learn ghost gsk hf github pattern keynote monkey=banana x-api header AI xai"""
WORD = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=40, max_size=60)
SHAPES = ("sk-", "sk-ant-api03-", "sk-or-v1-", "sk-proj-", "AIza", "xai-", "gsk_", "ghp_", "gho_", "github_pat_", "hf_")
PLACES = (
    "{}",
    "the key {} was refused",
    "key={}&x=1",
    '{{"error": "bad key {}"}}',
    "'{}'",
    "a\t{}\nb",
    "({})",
    "{}.",
    r"body\n{}\n",
    r"body\x0a{}",
    r"body\u000A{}",
    "x=1%0A{}%20",
)
CREDENTIALS = (
    "Authorization: Bearer {}",
    "authorization: basic {}",
    "{{'authorization': 'Bearer {}'}}",
    '{{"Authorization": "Bearer {}"}}',
    "Proxy-Authorization: Basic {}",
    "x-api-key: {}",
    "X-Goog-Api-Key:{}",
    "(b'x-api-key', b'{}')",
    "[('api-key', '{}')]",
    "OPENAI_API_KEY={}",
    r"{{\"api_key\": \"{}\"}}",
    "api_key='{}'",
    "apikey = {}",
    "https://user:{}@example.com/path",
    "https://{}@example.com",
    "postgresql://me:p@ss{}@db/x",
    "https://example.com/v1?key={}&alt=sse",
    "https://example.com/v1?a=1&api_key={}",
    "access_token={}",
    '{{"refresh_token": "{}"}}',
    "auth-token: {}",
    "sent Bearer {} to it",
    "sent Basic {} to it",
)


@given(
    secret=st.text(st.characters(exclude_characters="[]", exclude_categories=["Cs"]), min_size=6).map(
        lambda s: f"Zq9-{s}"
    ),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
)
@example(secret='Zq9-"quoted"', before="", after="")
@example(secret="Zq9-a/b+c=d e", before="?x=", after="&")
def test_a_registered_value_never_survives(secret: str, before: str, after: str) -> None:
    """Whatever stands around it, a registered value is gone, also as JSON and URLs spell it."""
    register(secret)
    secret = secret.strip()
    for spell in (str, json.dumps, lambda s: json.dumps(s, ensure_ascii=False), quote, quote_plus, repr):
        spelled = spell(secret)
        assert spelled.strip("\"'") not in redact(f"{before}{spelled}{after}")
    assert secret not in json.loads(redact(json.dumps([secret])))[0]


def test_a_value_within_a_longer_one_leaves_nothing_of_either() -> None:
    """Of two registered values the longer one is taken out first."""
    register("Zq9-short")
    register("Zq9-short-and-long")
    assert redact("<Zq9-short-and-long>") == f"<{MARK}>"


def test_a_value_too_short_to_be_a_key_is_left_alone() -> None:
    """Registering a short value does not blot out ordinary words."""
    register("yes")
    assert redact("yes, yesterday") == "yes, yesterday"


@given(key=WORD, shape=st.sampled_from(SHAPES), place=st.sampled_from(PLACES))
def test_a_key_of_a_known_shape_never_survives(key: str, shape: str, place: str) -> None:
    """Every provider's kind of key is recognised wherever it stands, though nobody registered it."""
    redacted = redact(place.format(shape + key))
    assert key not in redacted
    assert MARK in redacted


@given(key=WORD, place=st.sampled_from(CREDENTIALS))
def test_a_credential_never_survives_its_label(key: str, place: str) -> None:
    """Headers, parameters, variables and addresses give away that a credential follows."""
    assert key not in redact(place.format(key))


@given(st.lists(st.sampled_from(PROSE.split()), max_size=30), st.sampled_from([" ", "\n", ", ", " - "]))
@example(["Bearer", "2026-11-23"], " ")
@example(["basic", "understanding"], "\n")
def test_ordinary_prose_survives_unchanged(words: list[str], between: str) -> None:
    """Words that resemble keys and headers are left as they are."""
    prose = between.join(words)
    assert redact(prose) == prose


@given(st.text() | st.lists(st.sampled_from([*SHAPES, *PLACES, *CREDENTIALS, "a1" * 20]), max_size=6).map("".join))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    """What is redacted stays as it is when it passes another net."""
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize(
    "hostile",
    [
        "sk-",
        "://",
        "://a@",
        "@",
        "api_key",
        "api_key=",
        "bearer ",
        "authorization: bearer ",
        "?key=",
        '"',
        "api_key: ' ",
        "a",
    ],
)
def test_no_text_makes_it_slow(hostile: str) -> None:
    """A megabyte built to make patterns backtrack takes seconds at most."""
    began = time.process_time()
    redact(hostile * (1_000_000 // len(hostile)))
    assert time.process_time() - began < PATIENCE


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (":memory:", ":memory:"),
        ("sqlite:////home/u:p@h/a.db", "sqlite:////home/u:p@h/a.db"),
        ("postgresql://", "postgresql://"),
        ("postgresql:///d?host=/run/pg&port=3", "postgresql:///d?host=/run/pg&port=3"),
        ("postgres://u@a:1,[::1]:2/d?sslmode=require", "postgres://u@a:1,[::1]:2/d?sslmode=require"),
        ("postgresql://u:SECRET@h/d", "postgresql://u:[redacted]@h/d"),
        ("postgresql://u:a?b=SECRET@h", "postgresql://u:[redacted]@h"),
        ("postgresql://h/d?password=SECRET&user=u", "postgresql://h/d?password=[redacted]&user=u"),
        ("postgresql://h/d?sslpassword=a@SECRET", "postgresql://h/d?sslpassword=[redacted]"),
        ("postgresql://h/d?oauth_client_secret=SECRET", "postgresql://h/d?oauth_client_secret=[redacted]"),
        ("host=h password=SECRET", "…"),
        ("u:SECRET@h/d", "…"),
        ("mysql://u:SECRET@h/d", "…"),
        ("sqlite://SECRET", "sqlite://…"),
        ("postgresql:/u:SECRET@h/d", "postgresql:…"),
        ("postgresql://u:a@SECRET@h/d", "postgresql://…"),
        ("postgresql://u:a/SECRET@h/d", "postgresql://…"),
        ("postgresql://u:SECRET/d", "postgresql://…"),
        ("postgresql://h password=SECRET", "postgresql://…"),
        ("postgresql://h/password=SECRET", "postgresql://…"),
        ("postgresql://h/password%3DSECRET", "postgresql://…"),
        ("postgresql://h/d?dbname=password%3dSECRET", "postgresql://…"),
        ("postgresql://h/d?passwd=SECRET", "postgresql://…"),
        ("postgresql://h/d?%70assword=SECRET", "postgresql://…"),
        ("postgresql://h/d?SECRET", "postgresql://…"),
    ],
)
def test_a_database_is_shown_without_its_password(url: str, shown: str) -> None:
    """Where a password stands in a well-formed URL it is blotted out; of anything else there is the scheme alone."""
    assert redact_url(url) == shown


@given(st.text("postgresqlite:/@?=&,.%3D[]u", max_size=40), st.sampled_from(["", "postgresql://", "postgres:"]))
def test_no_part_that_may_be_a_password_is_shown(before: str, scheme: str) -> None:
    """Wherever a password stands after the first colon of credentials, or in a parameter of its own, it is not told."""
    for url in (
        f"{scheme}{before}:HUNTER-2@h/d",
        f"{scheme}{before} password=HUNTER-2",
        f"{scheme}h/{before}?passwd=HUNTER-2",
    ):
        assert "HUNTER" not in redact_url(url) or url.startswith("sqlite:///")
