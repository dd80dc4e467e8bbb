"""From settings to providers: which server is asked, and which key it is sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.completions import completion
from support.config import Home
from support.events import collect, failure
from support.responses import answering
from support.server import Recorded, Script, Send, Server, Stall, Step, head

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
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models"


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
    """A server that answers in either of OpenAI's APIs, as it is asked."""

    def script(request: Recorded) -> Script:
        return answering("Hello") if request.path.endswith("/responses") else completion("Hello")

    return Server(script)


def test_openai_by_default(home: Home) -> None:
    """Without more, openai is asked for Responses at its own address, and previewed with a key."""
    service = provider(home, "openai")
    preview = service.preview(Request("gpt-5-mini", (user("hi"),), max_output=5))
    assert (service.name, preview.url) == ("openai", "https://api.openai.com/v1/responses")
    assert preview.body["max_output_tokens"] == 5
    assert preview.headers["Authorization"] == "Bearer [redacted]"


def test_openai_by_chat_completions(home: Home) -> None:
    """Whoever configures it has openai asked for Chat Completions, with the output limit as OpenAI calls it there."""
    home.write("user", '[servers.openai]\napi = "chat"')
    preview = provider(home, "openai").preview(Request("gpt-5-mini", (user("hi"),), max_output=5))
    assert preview.url == "https://api.openai.com/v1/chat/completions"
    assert preview.body["max_completion_tokens"] == 5


@pytest.mark.parametrize(
    ("name", "url", "variable", "header"),
    [
        ("anthropic", "https://api.anthropic.com/v1/messages", "ANTHROPIC_API_KEY", "x-api-key"),
        ("google", f"{GEMINI}/m:streamGenerateContent?alt=sse", "GEMINI_API_KEY", "x-goog-api-key"),
        ("openrouter", "https://openrouter.ai/api/v1/chat/completions", "OPENROUTER_API_KEY", "Authorization"),
    ],
)
def test_providers_by_name(home: Home, name: str, url: str, variable: str, header: str) -> None:
    """Each is at its own address, with its own key in its own header, and says which key it lacks."""
    assert variable in (failure(provider(home, name), ASK, AuthError).hint or "")
    preview = provider(home, name).preview(ASK)
    assert preview.url == url
    assert "[redacted]" in preview.headers[header]


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("anthropic", "ANTHROPIC_BASE_URL"),
        ("google", "GOOGLE_GEMINI_BASE_URL"),
        ("openrouter", "OPENROUTER_BASE_URL"),
    ],
)
def test_an_address_of_the_users(home: Home, name: str, variable: str) -> None:
    """A variable, the configuration and a flag move a provider; OPENAI_BASE_URL moves only OpenAI and its likes."""
    home.variables["OPENAI_BASE_URL"] = "http://127.0.0.1:1/v1"
    assert "127.0.0.1" not in provider(home, name).preview(ASK).url
    home.write("user", f'[servers.{name}]\nbase_url = "http://127.0.0.1:2"')
    assert provider(home, name).preview(ASK).url.startswith("http://127.0.0.1:2/")
    home.variables[variable] = "http://127.0.0.1:3"
    assert provider(home, name).preview(ASK).url.startswith("http://127.0.0.1:3/")
    assert provider(home, name, base_url="http://127.0.0.1:4").preview(ASK).url.startswith("http://127.0.0.1:4/")


@pytest.mark.parametrize(
    ("name", "given", "url"),
    [
        ("anthropic", "http://h/v1", "http://h/v1/messages"),
        ("anthropic", "http://h/x", "http://h/x/v1/messages"),
        ("google", "http://h/v1beta", "http://h/v1beta/models/m:streamGenerateContent?alt=sse"),
        ("google", "http://h/v1/", "http://h/v1beta/models/m:streamGenerateContent?alt=sse"),
        ("openai", "http://h/v1", "http://h/v1/responses"),
    ],
)
def test_an_address_with_a_version(home: Home, name: str, given: str, url: str) -> None:
    """A base URL may end in the version or not, as each of the vendors' own tools has it."""
    assert provider(home, name, base_url=given).preview(ASK).url == url


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("openai", "http://h:1/v1/responses"),
        ("openrouter", "http://h:1/api/v1/chat/completions"),
        ("groq", "http://h:1/openai/v1/chat/completions"),
        ("ollama", "http://h:1/v1/chat/completions"),
        ("deepseek", "http://h:1/chat/completions"),
        ("anthropic", "http://h:1/v1/messages"),
        ("google", "http://h:1/v1beta/models/m:streamGenerateContent?alt=sse"),
        ("compatible", "http://h:1/chat/completions"),
        ("mine", "http://h:1/chat/completions"),
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_an_address_without_a_path(home: Home, name: str, url: str, slash: str) -> None:
    """A known provider elsewhere has its usual path there; where nothing is known nothing is added."""
    home.write("user", '[servers.mine]\nbase_url = "http://h/v1"')
    assert provider(home, name, base_url=f"http://h:1{slash}").preview(ASK).url == url


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("http://h/v1/chat/completions", "http://h/v1"),
        ("http://h/v1/chat/completions/", "http://h/v1"),
        ("http://h/v1/completions", "http://h/v1"),
        ("http://h/v1/responses", "http://h/v1"),
        ("http://h/x/v1/messages", "http://h/x"),
        ("http://h/v1beta/models/m:streamGenerateContent", "http://h/v1beta"),
    ],
)
@pytest.mark.parametrize("name", ["openai", "anthropic", "compatible", "mine"])
def test_an_address_that_goes_on_to_an_endpoint(home: Home, name: str, given: str, meant: str) -> None:
    """What vendors show for curl is no base URL: it is told which one is meant, before anything is sent."""
    home.write("user", '[servers.mine]\nbase_url = "http://h/v1"')
    with pytest.raises(ConfigError, match="more than a base URL: agentctl adds /") as caught:
        provider(home, name, base_url=given)
    assert caught.value.hint == f"write {meant}"


@pytest.mark.parametrize(
    ("api", "path"), [("responses", "/responses"), ("messages", "/v1/messages"), ("chat", "/chat/completions")]
)
def test_a_server_that_speaks_another_api(home: Home, api: str, path: str) -> None:
    """A server of the user's own speaks what the configuration says."""
    home.write("user", f'[servers.mine]\nbase_url = "http://h"\napi = "{api}"')
    assert provider(home, "mine").preview(ASK).url == f"http://h{path}"


def test_a_server_without_an_address(home: Home) -> None:
    """A server of which only its key is set is told how to be found."""
    home.write("user", '[servers.mine]\nkey = "$A"')
    with pytest.raises(ConfigError, match="the server mine has no address") as caught:
        provider(home, "mine")
    assert "servers.mine.base_url" in (caught.value.hint or "")


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
        assert server.requests[0].path == ("/v1/responses" if name == "openai" else "/v1/chat/completions")


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


@pytest.mark.parametrize("name", ["theirs", "anthropic"])
@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"])
def test_a_project_cant_ask_for_the_users_keys(home: Home, name: str, variable: str) -> None:
    """A trusted project may bring its own server and key, but not name the user's variables for it."""
    trusted_project(home, f'[servers.{name}]\nbase_url = "http://127.0.0.1:1"\nkey = "${variable}"')
    home.variables[variable] = "k-env-1"
    with pytest.raises(ConfigError, match=f"the project wants {variable} for its server {name}"):
        provider(home, name)


def test_a_project_cant_move_a_provider_and_have_its_key(home: Home) -> None:
    """Where a trusted project sends a known provider, no key of the user's goes along, whether set, saved or named."""
    trusted_project(home, '[servers.anthropic]\nbase_url = "http://127.0.0.1:1"')
    home.write("user", '[servers.anthropic]\nkey = "k-literal-1"')
    home.variables["ANTHROPIC_API_KEY"] = "k-env-1"
    assert "a project's choice" in failure(provider(home, "anthropic"), ASK, AuthError).message


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
    with pytest.raises(
        ConfigError, match=r"there is no provider 'mind'; there are anthropic,.* local, mine, "
    ) as caught:
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
