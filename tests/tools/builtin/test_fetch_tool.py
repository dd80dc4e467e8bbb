"""Fetching pages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest
from support.server import Recorded, Send, Server, Stall, answer, chunk, head
from support.tooling import call, failure, planned

from agentctl.errors import ToolError
from agentctl.tools import fence
from agentctl.tools.builtin import worker
from agentctl.tools.builtin.fetching import Fetch

GRANTED = Fetch(granted=("127.0.0.1",))
HTML = {"Content-Type": "text/html; charset=utf-8"}
PAGE = """<!doctype html><html><head><title>A  page</title><style>p{}</style><script>no()</script></head><body>
<h1>One <em>two</em></h1><p>Some   &amp; more <a href="/x?a=1">link</a>, <a href="javascript:no()">none</a></p>
<ul><li>a<li>b</ul><pre>  kept
    so</pre><table><tr><td>1<td>2<tr><td>3</table><img src=x alt="a cat"><noscript>no</noscript></body>"""


def test_a_page_is_made_readable() -> None:
    """HTML comes as the text that a reader sees, with headings, items and links."""
    with Server(answer(200, PAGE, HTML)) as server:
        outcome = call(GRANTED, url=f"{server.url}/p/")
    assert (
        outcome.content
        == f"""[{server.url}/p/: HTTP 200, text/html]
A page

# One two

Some & more [link]({server.url}/x?a=1), none

- a
- b

  kept
    so

1 2
3
[image: a cat]"""
    )
    assert outcome.details["status"] == 200


def test_the_request_says_little() -> None:
    """A request holds no cookie, no credentials, and no name but the program's."""
    redirect = answer(302, b"", {"Location": "/b", "Set-Cookie": "id=1; Path=/"})
    with Server(redirect, answer(200, "x", {"Content-Type": "text/plain"})) as server:
        assert call(GRANTED, url=f"{server.url}/a#part").content.endswith("\nx")
    first, second = server.requests
    assert (first.method, first.path, second.path) == ("GET", "/a", "/b")
    assert set(second.headers) == {"host", "accept", "accept-encoding", "connection", "user-agent"}


def test_the_plan_names_the_host() -> None:
    """Rules see the host, in lower case and without port; nothing is looked up yet."""
    plan = planned(Fetch(), url="https://Example.COM:8443/x?y")
    assert (plan.subject, plan.effect, plan.summary) == ("example.com", "network", "fetch https://Example.COM:8443/x?y")


def test_other_text_is_as_it_is() -> None:
    """JSON and plain text are not touched; their encoding is the one that is told."""
    kinds = [
        answer(200, '{"a": "<b>"}', {"Content-Type": "application/json"}),
        answer(200, "größer".encode("latin-1"), {"Content-Type": "text/plain; charset=ISO-8859-1"}),
        answer(200, "<meta charset=latin-1>größer".encode("latin-1"), {"Content-Type": "text/html"}),
        answer(200, "größer".encode(), {"Content-Type": "text/plain; charset=nonsense"}),
    ]
    with Server(*kinds) as server:
        texts = [call(GRANTED, url=server.url).content.split("\n")[1] for _ in kinds]
    assert texts == ['{"a": "<b>"}', "größer", "größer", "größer"]


def test_what_is_no_text() -> None:
    """Images and other bytes are refused by their kind, whatever they are called."""
    with Server(answer(200, b"x", {"Content-Type": "image/png"})) as server:
        assert "is image/png, not text" in failure(GRANTED, "failed", url=server.url).message
    with Server(answer(200, b"a\x00b", {"Content-Type": "text/plain"})) as server:
        assert "not text" in failure(GRANTED, "failed", url=server.url).message


def test_an_error_is_told() -> None:
    """A page that is not there is an answer, marked as an error."""
    with Server(answer(404, "none here", {"Content-Type": "text/plain"})) as server:
        outcome = call(GRANTED, url=server.url)
    assert outcome.is_error
    assert "HTTP 404" in outcome.content
    assert "none here" in outcome.content


def test_a_body_without_end() -> None:
    """Of an endless body 2 MiB are read, and that is said."""
    script = [Send(head(200, {"Content-Type": "text/plain", "Transfer-Encoding": "chunked"}))]
    script += [Send(chunk(b"x" * (1 << 20)))] * 3
    with Server([*script, Stall()]) as server:
        outcome = call(GRANTED, url=server.url)
    assert outcome.content.endswith("x\n[cut after 2097152 bytes]")


def test_redirects() -> None:
    """A redirect on the host is followed, five times; one to another host is told, for nobody allowed it yet."""

    def on(request: Recorded) -> Sequence[Send]:
        number = int(request.path.strip("/"))
        return answer(301, b"", {"Location": f"/{number - 1}"}) if number else answer(200, "x")  # type: ignore[return-value]

    with Server(on) as server:
        assert call(GRANTED, url=f"{server.url}/5").details["url"] == f"{server.url}/0"
        assert "more than 5 redirects" in failure(GRANTED, "failed", url=f"{server.url}/6").message
    with Server(answer(302, b"", {"Location": "//elsewhere.invalid/x"})) as server:
        assert "redirects to http://elsewhere.invalid/x: fetch that" in call(GRANTED, url=server.url).content


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://example.org", "must begin with http"),
        ("file:///etc/passwd", "must begin with http"),
        ("//example.org", "must begin with http"),
        ("http://", "and a host"),
        ("http://example.org:99999", "makes no sense"),
        ("http://[::1", "makes no sense"),
        ("http://example.org/a b", "must be escaped"),
        ("http://example.org/\n", "must be escaped"),
    ],
)
def test_what_is_no_address(url: str, message: str) -> None:
    """What is no address of a page is told as such, before anything is asked for."""
    assert message in failure(Fetch(), "invalid", url=url).message


@pytest.mark.parametrize("url", ["http://user:geheim@example.org/", "https://key@example.org", "http://@example.org"])
def test_no_credentials_are_sent(url: str) -> None:
    """An address with a user or password is refused, and not repeated."""
    error = failure(Fetch(), "denied", url=url)
    assert error.message == "the address must not hold a user or password"


def test_a_server_that_is_silent_or_away() -> None:
    """A refused connection and an unknown name are told as failures."""
    assert "Connection refused" in failure(GRANTED, "failed", url="http://127.0.0.1:1").message

    def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError(-2, "Name or service not known")

    assert "can't find a.invalid" in failure(Fetch(resolver=unknown), "failed", url="http://a.invalid").message
    assert fence.resolve("127.0.0.1", 80) == ["127.0.0.1"]


def test_a_page_that_takes_for_ever_to_read() -> None:
    """HTML that the parser chokes on is given up, and does not hold up the program."""

    async def main() -> float:
        start = time.monotonic()
        with pytest.raises(ToolError) as caught:
            await worker.call("readable", {"html": "<a " * 50_000, "base": ""}, 0.3)
        assert caught.value.reason == "timeout"
        return time.monotonic() - start

    assert asyncio.run(main()) < 10
