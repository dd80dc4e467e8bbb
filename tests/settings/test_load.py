"""Which of several settings holds, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.config import Home

from agentctl.errors import ConfigError, UsageError
from agentctl.redact import redact
from agentctl.settings import LogSettings, ModelOverride, load, table


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home with nothing configured."""
    return Home(tmp_path)


def test_nothing_configured_gives_the_defaults(home: Home) -> None:
    """Every key has a value, or none, and comes from "default"."""
    settings = home.load()
    assert settings.database == f"sqlite:///{home.path}/.local/share/agentctl/agentctl.db"
    assert settings.log == LogSettings(dir=home.path / ".local/state/agentctl")
    assert (settings.model, settings.base_url, settings.timeout, settings.project) == (None, None, 300.0, None)
    assert set(settings.origins.values()) == {"default"}


def test_the_stronger_layer_wins(home: Home) -> None:
    """Flag over environment over project over user over system, key by key, and each key tells its origin."""
    home.write("system", 'model = "system/m"\n[log]\nlevel = "ERROR"\n')
    assert (home.load().model, home.load().origins["model"]) == ("system/m", "system")
    home.write("user", 'model = "user/m"')
    assert (home.load().model, home.load().origins["model"]) == ("user/m", "user")
    home.write("project", 'model = "project/m"')
    assert (home.load().model, home.load().origins["model"]) == ("project/m", "project")
    home.variables["AGENTCTL_MODEL"] = "env/m"
    assert (home.load().model, home.load().origins["model"]) == ("env/m", "env")
    settings = home.load(model="flag/m")
    assert (settings.model, settings.origins["model"]) == ("flag/m", "flag")
    assert (settings.log.level, settings.origins["log.level"]) == ("ERROR", "system")


def test_a_flag_that_is_not_given_and_an_empty_variable_say_nothing(home: Home) -> None:
    """None and the empty string leave a key to the weaker layers."""
    home.write("user", "timeout = 7")
    home.variables["AGENTCTL_TIMEOUT"] = ""
    assert home.load(timeout=None).timeout == 7.0


@pytest.mark.parametrize("key", [key for key in table.KEYS if not key.named], ids=lambda key: table.dotted(key.path))
def test_every_simple_key_has_a_variable(home: Home, key: table.Key) -> None:
    """A key without a chosen name can be set by an AGENTCTL_ variable."""
    sample = {"timeout": "12.5", "base_url": "http://localhost:1/v1", "log.dir": "/var/log", "log.level": "error"}
    sample |= {"log.format": "json", "log.rotation": "1 day", "log.retention": "30 days", "log.compression": "gz"}
    sample |= {f"openrouter.{name}": "true" for name in ("allow_fallbacks", "zdr", "require_parameters")}
    sample |= {f"openrouter.max_price.{name}": "1.5" for name in ("prompt", "completion", "request", "image", "audio")}
    sample |= {f"openrouter.preferred_{name}": "2.5" for name in ("min_throughput", "max_latency")}
    sample |= {"openrouter.sort": "price", "openrouter.partition": "none", "openrouter.data_collection": "deny"}
    sample |= {"openrouter.quantizations": "fp8,bf16"}
    sample |= {f"budget.{name}": "2.50" for name in ("call", "session", "day", "month")}
    sample |= {"budget.zone": "Europe/Berlin", "budget.wait": "0", "cache": "false", "compact": "auto"}
    sample |= {"tools.approve": "auto", "tools.timeout": "5", "tools.max_result": "9000", "tools.max_turns": "7"}
    sample |= {"routing.explore": "0.05", "routing.cost_weight": "20", "routing.guard": "false"}
    name = table.dotted(key.path)
    assert key.variables[0].startswith("AGENTCTL_")
    usual = "http://localhost:1" if name.endswith("base_url") else "some/value"
    home.variables[key.variables[0]] = sample.get(name, usual)
    assert home.load().origins[name] == "env"


def test_the_conventional_base_url_variable_counts(home: Home) -> None:
    """OPENAI_BASE_URL sets the base URL, and its origin is the user's environment."""
    home.variables["OPENAI_BASE_URL"] = "http://localhost:8080/v1/"
    settings = home.load()
    assert (settings.base_url, settings.base_url_origin) == ("http://localhost:8080/v1", "env")


def test_what_a_model_is_chosen_among_is_read(home: Home) -> None:
    """Actions are kept as they are written, shares as numbers, and prompts by their names."""
    home.write(
        "user",
        """
        [routing]
        models = ["fast", "openai/gpt-5@high", "openai/gpt-5@low+terse"]
        explore = 0.05
        [routing.variants]
        terse = "Be brief."
        """,
    )
    routing = home.load().routing
    assert routing.models == ("fast", "openai/gpt-5@high", "openai/gpt-5@low+terse")
    assert (routing.explore, routing.cost_weight, routing.guard) == (0.05, None, True)
    assert routing.variants == {"terse": "Be brief."}


@pytest.mark.parametrize(
    "wrong",
    [
        'models = ["a/b", "a/b"]',
        'models = ["a/b+"]',
        'models = ["a b"]',
        "models = []",
        "explore = 1.5",
        "explore = -0.1",
        "explore = nan",
        "cost_weight = -1",
        "cost_weight = inf",
        'variants."a b" = "x"',
        'variants.a = ""',
    ],
)
def test_what_can_not_be_chosen_by_is_refused(home: Home, wrong: str) -> None:
    """An action twice, a share that is none, a variant that no action could name."""
    home.write("user", f"[routing]\n{wrong}\n")
    with pytest.raises(ConfigError):
        home.load()


def test_a_stranger_does_not_choose_what_is_chosen_among(home: Home) -> None:
    """A project that nobody trusts has no say in what turns cost."""
    home.write("project", '[routing]\nmodels = ["a/dear"]\nexplore = 1\n')
    assert home.load().routing.models == ()


def test_servers_aliases_and_models_are_read(home: Home) -> None:
    """Named tables come out as values of their own, prices as exact decimals."""
    home.write(
        "user",
        """
        [aliases]
        fast = "groq/llama-3"
        [servers.groq]
        base_url = "https://api.groq.com/openai/v1"
        key = "$GROQ"
        [models."groq/llama-3"]
        input = "0.05"
        output = 1
        cache_read = "0.01"
        max_input = 100000
        """,
    )
    settings = home.load()
    assert settings.aliases == {"fast": "groq/llama-3"}
    server = settings.servers["groq"]
    assert (server.name, server.base_url, server.key, server.origin) == (
        "groq",
        "https://api.groq.com/openai/v1",
        "$GROQ",
        "user",
    )
    assert settings.models["groq/llama-3"] == ModelOverride(
        input=Decimal("0.05"), output=Decimal(1), cache_read=Decimal("0.01"), max_input=100000
    )


def test_a_key_written_out_is_hidden(home: Home) -> None:
    """A literal key in a file is never shown, by repr or by anything that redacts."""
    home.write("user", '[servers.x]\nbase_url = "http://h"\nkey = "plain-secret-1"')
    server = home.load().servers["x"]
    assert server.key == "plain-secret-1"
    assert "plain-secret-1" not in repr(server) + redact("is plain-secret-1")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('modle = "a/b"', "unknown key modle", "did you mean model?"),
        ("[log]\nlvel = 1", "unknown key log.lvel", "did you mean log.level?"),
        ('[servers.x]\nbaseurl = "http://h"', "unknown key servers.x.baseurl", "did you mean servers.x.base_url?"),
        ("zzz = 1", "unknown key zzz", "docs/config.md"),
        ('model = "a/b"\n[a.b.c.d.e]\nf = 1', "unknown key a.b.c", "docs/config.md"),
        ("model = 5", "model is 5", "string"),
        ("model = ''", "model is ''", "string"),
        (f"tag = '{'x' * 65}'", "tag is 'xxx", "at most 64 printable characters"),
        ('tag = "a\\u001bb"', "tag is 'a", "printable"),
        (f"model = 'p/{'x' * 255}'", "model is 'p/x", "at most 256 printable characters"),
        (f"[aliases]\na = 'p/{'x' * 255}'", "aliases.a is 'p/x", "at most 256 printable characters"),
        (f"[openrouter]\nmodels = ['{'x' * 257}']", "openrouter.models is of type list", "at most 256"),
        ('database = "password=hunter2\\n"', "database is of type str", "string"),
        ("timeout = '5'", "timeout is '5'", "seconds"),
        ("timeout = true", "timeout is True", "seconds"),
        ("timeout = 0", "timeout is 0", "above 0"),
        ("timeout = nan", "timeout is nan", "above 0"),
        ("timeout = inf", "timeout is inf", "above 0"),
        ("timeout = [1]", "timeout is of type list", "seconds"),
        ('base_url = "ftp://h"', "base_url is 'ftp://h'", "address"),
        ('base_url = "http://"', "base_url is", "address"),
        ('base_url = "http://u:p@h"', "base_url is 'http://[redacted]@h'", "address"),
        ('base_url = "http://h:99999"', "base_url is", "Port"),
        ('base_url = "http://h/?a=b"', "base_url is", "address"),
        ('base_url = "http://h\\u001b[2J"', "base_url is", "address"),
        ('[aliases]\nx = "model"', "aliases.x is 'model'", "provider/model"),
        ('[aliases]\n"a/b" = "c/d"', 'aliases."a/b" is no valid key', "no slash"),
        ('[aliases]\nlocal = "c/d"', "aliases.local is no valid key", "provider"),
        ('[servers.auto]\nbase_url = "http://h"', "servers.auto.base_url is no valid key", "none of auto"),
        ('[servers.A]\nbase_url = "http://h"', "servers.A.base_url is no valid key", "a-z"),
        ('[servers.x]\napi = "soap"', "servers.x.api is 'soap'", "one of chat, responses"),
        ('[servers.x]\nbase_url = "http://h"\nkey = 5', "servers.x.key is of type int", "string"),
        ('[models.x]\ninput = "1"', "models.x.input is no valid key", "provider/model"),
        ('[models."a/b"]\ninput = 0.15', 'models."a/b".input is 0.15', 'quote it: "0.15"'),
        ('[models."a/b"]\ninput = "-1"', "input is '-1'", "decimal string"),
        ('[models."a/b"]\ninput = -1', "input is -1", "decimal string"),
        ('[models."a/b"]\ninput = "nan"', "input is 'nan'", "decimal string"),
        ('[models."a/b"]\ninput = true', "input is True", "decimal string"),
        ('[models."a/b"]\nwindow = 0', "window is 0", "tokens"),
        (f'[models."a/b"]\nwindow = 0x{"f" * 6000}', "window is of type int", "tokens"),
        (f'[models."a/b"]\ninput = {"9" * 12}', "input is 999999999999", "decimal string"),
        (f"timeout = {'9' * 6000}", "number that is too long", "docs/config.md"),
        (f"timeout = {'9' * 4000}", "timeout is of type int", "seconds"),
        ("timeout = 1e400", "timeout is inf", "seconds"),
        ('[log]\ndir = "~no-such-user/x"', "log.dir is '~no-such-user/x'", "absolute"),
        ('[models."a/b"]\nwindow = "5"', "window is '5'", "tokens"),
        ('[log]\ndir = "logs"', "log.dir is 'logs'", "absolute"),
        ('[log]\nlevel = "LOUD"', "log.level is 'LOUD'", "DEBUG, INFO"),
        ('[log]\nformat = "xml"', "log.format is 'xml'", '"text" or "json"'),
        ('[log]\nrotation = "10"', "log.rotation is '10'", '"10 MB"'),
        ('[log]\nrotation = "5 files"', "log.rotation is '5 files'", '"10 MB"'),
        ('[log]\nrotation = "1 MB, 2 MB"', "log.rotation is '1 MB, 2 MB'", '"10 MB"'),
        ('[log]\nretention = "0 files"', "log.retention is '0 files'", '"10 files"'),
        ('[log]\ncompression = "zip"', "log.compression is 'zip'", '"gz" or "none"'),
        ("model = ", "not valid TOML", "toml.io"),
        ("\n\nmodel = [", "line 3", "toml.io"),
        ("a" + ".a" * 5000 + " = 1", "unknown key a.a.a", "docs/config.md"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_a_hint(home: Home, text: str, message: str, hint: str) -> None:
    """A wrong file leaves with the exit code of configuration errors, and says where, what and what to do."""
    path = home.write("user", text)
    with pytest.raises(ConfigError) as caught:
        home.load()
    assert message in caught.value.message
    assert "server x" in message or str(path) in caught.value.message
    assert hint in (caught.value.hint or "")
    assert caught.value.code == 3


def test_a_wrong_variable_is_named(home: Home) -> None:
    """A variable that its key does not take is named in the error."""
    home.variables["AGENTCTL_LOG_LEVEL"] = "LOUD"
    with pytest.raises(ConfigError, match=r"AGENTCTL_LOG_LEVEL: log\.level is 'LOUD'"):
        home.load()


def test_a_wrong_flag_is_a_mistake_of_usage(home: Home) -> None:
    """What the command line says wrongly leaves with its exit code, 2."""
    with pytest.raises(UsageError, match="base_url is 'nowhere'"):
        home.load(base_url="nowhere")


def test_a_key_of_the_wrong_kind_is_not_shown(home: Home) -> None:
    """An error about a key does not repeat it."""
    home.write("user", '[servers.x]\nbase_url = "http://h"\nkey = "plain\\u0007secret"')
    with pytest.raises(ConfigError) as caught:
        home.load()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("content", [b"model = '\xff'", b"x" * (1 << 20) + b"y"])
def test_a_file_that_is_no_text_is_refused(home: Home, content: bytes) -> None:
    """Bytes that are not UTF-8, or far too many, are an error of configuration."""
    home.write("user", "").write_bytes(content)
    with pytest.raises(ConfigError):
        home.load()


def test_a_pipe_in_place_of_a_file_does_not_hang(home: Home) -> None:
    """What a project calls its configuration may be anything; only a file is read."""
    path = home.write("project", "")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ConfigError, match="is not a file"):
        home.load()


@pytest.mark.parametrize("origin", ["system", "user", "project"])
def test_a_directory_in_place_of_a_file_is_told(home: Home, origin: str) -> None:
    """A directory that is called as a configuration is an error of configuration, wherever it is."""
    home.file(origin).mkdir(parents=True)
    with pytest.raises(ConfigError, match="is not a file") as caught:
        home.load()
    assert "move it away" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["AGENTCTL_CONFIG_DIR", "AGENTCTL_DATA_DIR", "AGENTCTL_STATE_DIR"])
def test_a_home_that_nobody_has_is_told(home: Home, name: str) -> None:
    """A directory in the home of a user who does not exist is an error of configuration."""
    home.variables[name] = "~no-such-user/x"
    with pytest.raises(ConfigError, match="can't tell where") as caught:
        home.load()
    assert name.removeprefix("AGENTCTL") in (caught.value.hint or "")


def test_the_nearest_project_counts_and_none_above_home(home: Home) -> None:
    """A project is found from any directory in it; what lies above the home directory is nobody's project."""
    home.write("project", 'model = "inner/m"')
    deep = home.project / "a" / "b"
    deep.mkdir(parents=True)
    assert load(environ=home.environ, cwd=deep).project == home.project
    (home.root / ".agentctl").mkdir()
    (home.root / ".agentctl" / "config.toml").write_text('model = "outer/m"')
    assert load(environ=home.environ, cwd=home.path).project is None
    outside = home.root / "elsewhere"
    outside.mkdir()
    assert load(environ=home.environ, cwd=outside).project == home.root


def test_a_deleted_working_directory_is_no_project(home: Home) -> None:
    """Settings can be read where the working directory is gone."""
    program = "import os\nos.mkdir('d')\nos.chdir('d')\nos.rmdir('../d')\n"
    program += "from agentctl.settings import load\nprint(load().project)"
    environ = home.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=home.root,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.stdout, done.stderr) == ("None\n", "")


def test_no_file_costs_no_time(home: Home) -> None:
    """Without files, settings are read within a few milliseconds and without TOML, hashes or JSON."""
    program = "import sys, time\nfrom agentctl.settings import load\nload()\nbegan = time.process_time()\n"
    program += "for _ in range(20): load()\nprint((time.process_time() - began) / 20)\n"
    program += "print(*{'tomllib', 'tomlkit', 'json', 'hashlib', 'difflib'} & set(sys.modules))"
    environ = home.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=home.root,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    seconds, imported = done.stdout.splitlines()
    assert float(seconds) < 0.005  # measured: 0.0002
    assert imported == ""


@given(st.decimals(0, 10**6, places=6))
def test_a_price_is_exact(price: Decimal) -> None:
    """A price written as a decimal string is that decimal."""
    assert table.find(("models", "a/b", "input")).kind.parse(f"{price:f}") == price  # type: ignore[union-attr]


@given(st.sampled_from(table.KEYS), st.from_regex(r"[a-z][a-z0-9._-]{0,9}", fullmatch=True))
def test_a_key_is_read_as_it_is_shown(key: table.Key, name: str) -> None:
    """`split` undoes `dotted`, and forgives missing quotes."""
    chosen = f"{name}/{name}" if key.path[0] == "models" else name
    path = tuple(chosen if part.isupper() else part for part in key.path)
    assert table.split(table.dotted(path)) == path
    assert table.split(".".join(path)) == path
