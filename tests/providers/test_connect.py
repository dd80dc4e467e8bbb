"""From settings to providers: which server is asked, and which key it is sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.completions import completion
from support.config import Home
from support.events import collect, failure
from support.server import Send, Server, Stall, Step, head

from agentctl import keys
from agentctl.errors import AuthError, ConfigError, ExitCode
from agentctl.messages import user
from agentctl.providers.base import Request
from agentctl.providers.connect import connect
from agentctl.providers.driver import HttpProvider
from agentctl.settings import trust
from agentctl.transport import SilenceError

ASK = Request("m", (user("hi"),))
KEY = {"OPENAI_API_KEY": "k-env-1"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home without a keyring."""
    return Home(tmp_path, {"AGENTCTL_KEYRING": "off"})


def provider(home: Home, name: str, **flags: object) -> HttpProvider:
    """The provider of this name, as the project's directory sees it."""
    return connect(name, home.load(**flags), home.environ)


def trusted_project(home: Home, text: str) -> None:
    """Let a project whose configuration this is be trusted."""
    path = home.write("project", text)
    trust.trust(path, path.read_bytes(), home.environ)


def sent_key(service: HttpProvider, server: Server) -> str | None:
    """The Authorization that the server is sent. The dry run must have told the same, without the key."""
    told = service.preview(ASK).headers.get("Authorization")
    collect(service, ASK)
    sent = server.requests[-1].headers.get("authorization")
    assert (told == "Bearer [redacted]") == (sent is not None)
    return sent


@pytest.fixture
def server() -> Server:
    """A server that answers."""
    return Server(completion("Hello"))


def test_openai_by_default(home: Home) -> None:
    """Without more, openai is at its own address, names the output limit its own way, and is previewed with a key."""
    service = provider(home, "openai")
    preview = service.preview(Request("gpt-5-mini", (user("hi"),), max_output=5))
    assert (service.name, preview.url) == ("openai", "https://api.openai.com/v1/chat/completions")
    assert preview.body["max_completion_tokens"] == 5
    assert preview.headers["Authorization"] == "Bearer [redacted]"


def test_openai_without_a_key(home: Home) -> None:
    """Without a key nothing is sent: the error says how to give one, and leaves with the code for that."""
    error = failure(provider(home, "openai"), ASK, AuthError)
    assert (error.message, error.code) == ("there is no key for openai", ExitCode.auth)
    assert "agentctl keys set openai" in (error.hint or "")
    assert "OPENAI_API_KEY" in (error.hint or "")


@pytest.mark.parametrize("name", ["openai", "compatible"])
@pytest.mark.parametrize("how", ["flag", "variable", "user", "system"])
def test_the_key_goes_where_the_user_says(home: Home, server: Server, name: str, how: str) -> None:
    """OPENAI_API_KEY is sent to a base URL from a flag, a variable, and the user's and the system's configuration."""
    with server:
        url = f"{server.url}/v1"
        flags: dict[str, object] = {}
        home.variables |= KEY
        if how == "flag":
            flags["base_url"] = url
        elif how == "variable":
            home.variables["OPENAI_BASE_URL"] = url
        else:
            home.write(how, f'base_url = "{url}"')
        assert sent_key(provider(home, name, **flags), server) == "Bearer k-env-1"
        assert server.requests[0].path == "/v1/chat/completions"


def test_the_key_does_not_go_where_a_project_says(home: Home, server: Server) -> None:
    """A base URL of a project's, even a trusted one's, gets no key of the user's."""
    with server:
        home.variables |= KEY
        keys.save("compatible", "k-saved-1", home.environ)
        trusted_project(home, f'base_url = "{server.url}/v1"')
        assert sent_key(provider(home, "compatible"), server) is None
        error = failure(provider(home, "openai"), ASK, AuthError)
        assert "a project's choice" in error.message
        assert "--base-url" in (error.hint or "")
        assert len(server.requests) == 1


def test_the_users_word_beats_the_projects(home: Home, server: Server) -> None:
    """With a base URL of the user's own, that of the project is of no matter."""
    with server:
        trusted_project(home, 'base_url = "http://127.0.0.1:1/v1"')
        home.variables |= KEY
        assert sent_key(provider(home, "openai", base_url=f"{server.url}/v1"), server) == "Bearer k-env-1"


@pytest.mark.parametrize("name", ["openai", "compatible", "mine"])
def test_a_saved_key(home: Home, server: Server, name: str) -> None:
    """A key saved under the provider's name is sent, where no variable gives one."""
    with server:
        home.write("user", f'[servers.mine]\nbase_url = "{server.url}/v1"')
        keys.save(name, "k-saved-1", home.environ)
        assert sent_key(provider(home, name, base_url=f"{server.url}/v1"), server) == "Bearer k-saved-1"


def test_a_server_without_a_key(home: Home, server: Server) -> None:
    """A server that has no key is sent none, least of all OpenAI's."""
    with server:
        home.write("user", f'[servers.mine]\nbase_url = "{server.url}/v1/"')
        home.variables |= KEY
        assert sent_key(provider(home, "mine"), server) is None
        del home.variables["OPENAI_API_KEY"]
        assert sent_key(provider(home, "compatible", base_url=f"{server.url}/v1"), server) is None
        assert [request.path for request in server.requests] == ["/v1/chat/completions"] * 2


@pytest.mark.parametrize("key", ["k-literal-1", "$MY_KEY", "!echo k-literal-1"])
def test_a_servers_own_key(home: Home, server: Server, key: str) -> None:
    """A server's key is a literal, a variable or what a command prints; its name is the provider's."""
    with server:
        home.write("user", f'[servers.mine]\nbase_url = "{server.url}/v1"\nkey = "{key}"')
        home.variables |= {"MY_KEY": "k-literal-1", "PATH": "/usr/bin:/bin"}
        service = provider(home, "mine")
        assert service.name == "mine"
        assert sent_key(service, server) == "Bearer k-literal-1"


def test_a_project_cant_ask_for_openais_key(home: Home) -> None:
    """A trusted project may bring its own server and key, but not name the user's variable for it."""
    trusted_project(home, '[servers.theirs]\nbase_url = "http://127.0.0.1:1"\nkey = "$OPENAI_API_KEY"')
    home.variables |= KEY
    with pytest.raises(ConfigError, match="the project wants OPENAI_API_KEY for its server theirs"):
        provider(home, "theirs")


def test_a_projects_server_gets_no_saved_key(home: Home, server: Server) -> None:
    """A key saved under the name of a project's server stays at home."""
    with server:
        trusted_project(home, f'[servers.theirs]\nbase_url = "{server.url}"')
        keys.save("theirs", "k-saved-1", home.environ)
        assert sent_key(provider(home, "theirs"), server) is None


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "ünïcode"])
def test_a_key_that_cant_be_sent(home: Home, value: str) -> None:
    """A key that no header can carry is told before anything is sent, and not shown."""
    home.variables |= {"OPENAI_API_KEY": value}
    error = failure(provider(home, "openai"), ASK, ConfigError)
    assert value not in error.message
    assert "OPENAI_API_KEY" in error.message


def test_compatible_needs_an_address(home: Home) -> None:
    """Without a base URL `compatible` says how to give one."""
    with pytest.raises(ConfigError, match="needs the address of a server") as caught:
        provider(home, "compatible")
    assert "--base-url" in (caught.value.hint or "")
    assert "OPENAI_BASE_URL" in (caught.value.hint or "")


def test_an_unknown_provider(home: Home) -> None:
    """A name that is no provider's is told beside those that are."""
    home.write("user", '[servers.mine]\nbase_url = "http://127.0.0.1:1"')
    with pytest.raises(ConfigError, match=r"there is no provider 'mind'; there are .*local, mine, openai") as caught:
        provider(home, "mind")
    assert "servers.mind.base_url" in (caught.value.hint or "")


def test_the_timeout_is_the_users(home: Home) -> None:
    """`timeout` bounds the wait for the headers as well as silence in the answer."""
    begun: list[Step] = [Send(head(200, {"Content-Type": "text/event-stream"})), Stall()]
    for script in ([Stall()], begun):
        with Server(script) as silent:
            error = failure(provider(home, "compatible", base_url=silent.url, timeout=0.2), ASK, SilenceError)
        assert "0.2 s" in error.message
        assert "--timeout" in (error.hint or "")
