"""Getting a model from an address: resumed, verified, and refused when it is not what it should be."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.server import CERTIFICATE, Drop, Recorded, Script, Send, Server, answer, head
from support.wheelhouse import tiny

from agentctl.errors import AgentctlError, ProviderError, UsageError
from agentctl.providers.local.shelf import Progress
from agentctl.providers.local.weights import pull

DATA = tiny(700_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
CUT = 300_000
ETAG = '"one"'

Fetch = Callable[[str], Path]


@pytest.fixture
def seen() -> list[Progress]:
    """What was reported."""
    return []


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def fetch(directory: Path, seen: list[Progress]) -> Fetch:
    return lambda source: pull(source, catalog={}, directory=directory, report=seen.append)


def ranged(data: bytes = DATA, etag: str = ETAG, cut: int | None = None) -> Callable[[Recorded], Script]:
    """A server of `data` that knows ranges; with `cut` it breaks off before that byte."""

    def respond(request: Recorded) -> Script:
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        start = int(wanted[1]) if wanted and request.headers.get("if-range") == etag else 0
        headers = {"ETag": etag, "Content-Length": str(len(data) - start)}
        if start >= len(data):
            return answer(416, headers={"Content-Range": f"bytes */{len(data)}"})
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        opening = Send(head(206 if start else 200, headers) + data[start:cut])
        return [opening, Drop()] if cut else [opening]

    return respond


def test_a_model_comes_from_an_address(fetch: Fetch, directory: Path, seen: list[Progress]) -> None:
    """The file keeps its name, is verified by the digest given with the address, and is not fetched a second time."""
    with Server(ranged()) as server:
        address = f"{server.url}/some/where/Tiny%2B1.gguf?download=true#sha256={SHA256.upper()}"
        path = fetch(address)
        assert path == directory / "Tiny+1.gguf"
        assert path.read_bytes() == DATA
        assert Progress("download", len(DATA), len(DATA)) in seen
        assert fetch(address) == path
        assert fetch(address.partition("#")[0]) == path
        assert len(server.requests) == 1
    assert sorted(entry.name for entry in directory.iterdir()) == [".Tiny+1.json", "Tiny+1.gguf"]


def test_a_broken_download_goes_on_where_it_stopped(fetch: Fetch, directory: Path, seen: list[Progress]) -> None:
    """A truncated file is refused; the next try asks for the rest of the same version alone."""
    with Server(ranged(cut=CUT), ranged()) as server:
        with pytest.raises(ProviderError, match="broke") as caught:
            fetch(f"{server.url}/m.gguf")
        assert caught.value.hint
        assert not (directory / "m.gguf").exists()
        seen.clear()
        assert fetch(f"{server.url}/m.gguf#sha256={SHA256}").read_bytes() == DATA
        assert server.requests[1].headers["range"] == f"bytes={CUT}-"
        assert server.requests[1].headers["if-range"] == ETAG
        assert min(progress.done for progress in seen if progress.step == "download") > CUT


@settings(max_examples=12, deadline=None)
@given(cuts=st.lists(st.integers(1, len(DATA) - 1), max_size=4))
def test_however_often_it_breaks_it_ends_whole(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    """Wherever a download is cut, and however often, the file that comes of it is the one on the server."""
    directory = tmp_path_factory.mktemp("models")
    with Server(*(ranged(cut=cut) for cut in sorted(cuts)), ranged()) as server:
        while True:
            try:
                path = pull(f"{server.url}/m.gguf", catalog={}, directory=directory, report=lambda _: None)
            except ProviderError:
                assert not (directory / "m.gguf").exists()
            else:
                break
    assert path.read_bytes() == DATA


def test_another_version_starts_again(fetch: Fetch) -> None:
    """If the file changed meanwhile, nothing of the old one is kept."""
    other = DATA[:4] + DATA[4:][::-1]
    with Server(ranged(cut=CUT), ranged(other, etag='"two"')) as server:
        with pytest.raises(ProviderError):
            fetch(f"{server.url}/m.gguf")
        assert fetch(f"{server.url}/m.gguf").read_bytes() == other


@pytest.mark.parametrize("etag", ['W/"weak"', ""])
def test_without_a_validator_it_starts_again(fetch: Fetch, etag: str) -> None:
    """Without a name of the version there is no telling whether it is the same, so nothing is resumed."""
    with Server(ranged(etag=etag, cut=CUT), ranged()) as server:
        with pytest.raises(ProviderError):
            fetch(f"{server.url}/m.gguf")
        assert fetch(f"{server.url}/m.gguf").read_bytes() == DATA
        assert "range" not in server.requests[1].headers


def test_a_server_without_ranges_starts_again(fetch: Fetch) -> None:
    """A server that sends the whole although the rest was asked for is understood."""
    whole = answer(200, DATA, {"ETag": ETAG})
    with Server(ranged(cut=CUT), whole) as server:
        with pytest.raises(ProviderError):
            fetch(f"{server.url}/m.gguf")
        assert fetch(f"{server.url}/m.gguf").read_bytes() == DATA
        assert "range" in server.requests[1].headers


@pytest.mark.parametrize(
    "content_range", [f"bytes 0-{len(DATA) - 1}/{len(DATA)}", "bytes 5-9/10", "nonsense", f"bytes */{len(DATA)}"]
)
def test_a_wrong_range_starts_again(fetch: Fetch, content_range: str) -> None:
    """A part that is not the one asked for is not taken."""
    wrong = answer(206, DATA[:5], {"Content-Range": content_range})
    with Server(ranged(cut=CUT), wrong, ranged()) as server:
        with pytest.raises(ProviderError):
            fetch(f"{server.url}/m.gguf")
        assert fetch(f"{server.url}/m.gguf").read_bytes() == DATA


def test_a_range_beyond_the_end_is_the_end(fetch: Fetch, directory: Path) -> None:
    """A download that was killed when all had come needs nothing more; if the file is shorter now, it starts again."""
    with Server(ranged(cut=CUT), ranged(), ranged(DATA[:CUT]), ranged(DATA[:CUT])) as server:
        with pytest.raises(ProviderError):
            fetch(f"{server.url}/m.gguf")
        part = directory / ".m.part"
        part.write_bytes(DATA)
        assert fetch(f"{server.url}/m.gguf").read_bytes() == DATA
    with Server(ranged(cut=CUT), ranged(DATA[: CUT - 1]), ranged(DATA[: CUT - 1])) as server:
        with pytest.raises(ProviderError):
            fetch(f"{server.url}/n.gguf")
        assert fetch(f"{server.url}/n.gguf").read_bytes() == DATA[: CUT - 1]


def test_a_part_of_another_address_is_not_used(fetch: Fetch) -> None:
    """What is left of one address is not continued from another."""
    with Server(ranged(cut=CUT), ranged()) as server:
        with pytest.raises(ProviderError):
            fetch(f"{server.url}/a/m.gguf")
        assert fetch(f"{server.url}/b/m.gguf").read_bytes() == DATA
        assert "range" not in server.requests[1].headers


def test_a_wrong_digest_is_refused(fetch: Fetch, directory: Path) -> None:
    """A file that is not what the address promised leaves nothing, not even a part to go on with."""
    with Server(ranged()) as server, pytest.raises(AgentctlError, match="not what it should be"):
        fetch(f"{server.url}/m.gguf#sha256={'0' * 64}")
    assert list(directory.iterdir()) == []


def test_what_is_no_model_is_refused(fetch: Fetch, directory: Path) -> None:
    """A page in the place of a model is not kept."""
    with (
        Server(answer(200, b"<html>log in first</html>")) as server,
        pytest.raises(AgentctlError, match="no GGUF file"),
    ):
        fetch(f"{server.url}/m.gguf")
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_refusal_is_told(fetch: Fetch, directory: Path, status: int) -> None:
    """An error's status is in the error, and nothing is kept."""
    with Server(answer(status)) as server, pytest.raises(ProviderError, match=f"status {status}") as caught:
        fetch(f"{server.url}/m.gguf")
    assert caught.value.status == status
    assert caught.value.hint == "check the address"
    assert list(directory.iterdir()) == []


def test_a_refusal_keeps_what_there_was(fetch: Fetch) -> None:
    """A server that is out of order for a while does not cost what had come."""
    with Server(ranged(cut=CUT), answer(503), ranged()) as server:
        for _ in range(2):
            with pytest.raises(ProviderError):
                fetch(f"{server.url}/m.gguf")
        assert fetch(f"{server.url}/m.gguf").read_bytes() == DATA
        assert server.requests[2].headers["range"] == f"bytes={CUT}-"


def test_redirects_are_followed(fetch: Fetch) -> None:
    """Model hubs redirect to where the file lies; the model is named by the address that was given."""
    with Server(answer(302, headers={"Location": "/elsewhere?signed"}), ranged()) as server:
        assert fetch(f"{server.url}/m.gguf").name == "m.gguf"
        assert [request.path for request in server.requests] == ["/m.gguf", "/elsewhere?signed"]


def test_redirects_end(fetch: Fetch) -> None:
    """A circle of redirects is an error."""
    with (
        Server(answer(302, headers={"Location": "/m.gguf"})) as server,
        pytest.raises(ProviderError, match="too often"),
    ):
        fetch(f"{server.url}/m.gguf")


def test_a_redirect_does_not_leave_tls(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secure address does not become an open one."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with (
        Server(answer(302, headers={"Location": "http://127.0.0.1:1/m.gguf"}), tls=True) as server,
        pytest.raises(ProviderError, match="without TLS"),
    ):
        fetch(f"{server.url}/m.gguf")


def test_a_part_that_nobody_asked_for_is_refused(fetch: Fetch) -> None:
    """A server that answers with parts only is given up on, not asked for ever."""
    with Server(answer(206, DATA[5:9], {"Content-Range": "bytes 5-8/9"})) as server:
        with pytest.raises(ProviderError, match="status 206"):
            fetch(f"{server.url}/m.gguf")
        assert len(server.requests) == 1


def test_secrets_of_an_address_are_not_told(fetch: Fetch, directory: Path) -> None:
    """Neither an error nor the record has the password and the query of an address."""
    with Server(answer(404), ranged()) as server:
        address = f"{server.url.replace('//', '//me:hunter2@')}/m.gguf?token=hunter3"
        with pytest.raises(ProviderError) as caught:
            fetch(address)
        fetch(address)
        assert server.requests[1].path == "/m.gguf?token=hunter3"
    assert "hunter" not in caught.value.message
    assert "hunter" not in (directory / ".m.json").read_text()


def test_a_digest_is_checked_before_anything_is_fetched(fetch: Fetch) -> None:
    """A fragment that is no SHA-256 is an error of usage."""
    with pytest.raises(UsageError, match="is no digest"):
        fetch("http://127.0.0.1:1/m.gguf#sha256=123")


@pytest.mark.parametrize("path", ["", "/", "/model.bin", "/..%2F.gguf", "/.gguf"])
def test_an_address_names_the_model(fetch: Fetch, path: str) -> None:
    """An address that does not end in a usable name is refused before anything is sent."""
    with pytest.raises(UsageError):
        fetch(f"http://127.0.0.1:1{path}")
