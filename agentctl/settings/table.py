"""Every key there is: its name, what it takes, where else it can be set, and who may set it."""

from __future__ import annotations

import re
from typing import NamedTuple

from agentctl.settings import kinds
from agentctl.settings.kinds import Kind

Path = tuple[str, ...]

_AS_INPUT = "absent: `input` if that is set, else the catalog's"


class Key(NamedTuple):
    """One key. A part of `path` in capitals stands for any name.

    `variables` are looked up in their order. `open` keys may be set by a project that nobody has trusted yet.
    """

    path: Path
    kind: Kind
    meaning: str
    default: str = ""
    variables: tuple[str, ...] = ()
    open: bool = False

    @property
    def named(self) -> bool:
        """Whether a part of it is a name that the user chooses."""
        return any(part.isupper() for part in self.path)

    def fits(self, path: Path) -> bool:
        """Whether `path` is this key, or one of its kind."""
        return len(path) == len(self.path) and all(
            mine.isupper() or mine == theirs for mine, theirs in zip(self.path, path, strict=True)
        )


def _simple(name: str, kind: Kind, meaning: str, default: str = "", *variables: str, open_: bool = False) -> Key:
    return Key(tuple(name.split(".")), kind, meaning, default, variables, open_)


KEYS = (
    _simple("model", kinds.MODEL_NAME, "the model to talk to, or an alias", "", "AGENTCTL_MODEL", open_=True),
    _simple(
        "database",
        kinds.DATABASE,
        "where sessions and costs are kept: `sqlite:///PATH`, or `postgresql://USER@HOST/NAME`",
        "`sqlite:///` in the data directory",
        "AGENTCTL_DATABASE_URL",
    ),
    _simple(
        "base_url",
        kinds.URL,
        "the server of `compatible/MODEL`, and of `openai/MODEL` in place of OpenAI's",
        "",
        "AGENTCTL_BASE_URL",
        "OPENAI_BASE_URL",
    ),
    _simple(
        "tag", kinds.TAG, "what calls are booked under, for `agentctl cost --by tag`", "", "AGENTCTL_TAG", open_=True
    ),
    _simple(
        "timeout", kinds.SECONDS, "how long a provider may stay silent before the call fails", "300", "AGENTCTL_TIMEOUT"
    ),
    Key(("aliases", "NAME"), kinds.MODEL, "a short name for a model", open=True),
    *(
        Key(
            ("servers", name, "base_url"),
            kinds.URL,
            f"the server of `{name}/MODEL`",
            "its own",
            (f"AGENTCTL_{variable}", variable),
        )
        for name, variable in (
            ("anthropic", "ANTHROPIC_BASE_URL"),
            ("google", "GOOGLE_GEMINI_BASE_URL"),
            ("openrouter", "OPENROUTER_BASE_URL"),
        )
    ),
    Key(("servers", "NAME", "base_url"), kinds.URL, "the address of a server; `NAME/model` is a model on it"),
    Key(("servers", "NAME", "key"), kinds.SECRET, "its key: a variable, or the command that prints it"),
    Key(("servers", "NAME", "api"), kinds.API, "the API that it speaks: OpenAI's, Anthropic's, Google's …", "chat"),
    *(
        Key(("models", "MODEL", bucket), kinds.PRICE, f"price of {words}; {absent}")
        for bucket, words, absent in (
            ("input", "input tokens", "absent: the catalog's"),
            ("output", "output tokens", "absent: the catalog's"),
            ("cache_read", "input tokens read from the cache", _AS_INPUT),
            ("cache_write_short", "input tokens written to the cache for minutes", _AS_INPUT),
            ("cache_write_long", "input tokens written to the cache for an hour or more", _AS_INPUT),
        )
    ),
    Key(("models", "MODEL", "max_input"), kinds.TOKENS, "most input tokens of one call"),
    Key(("models", "MODEL", "max_output"), kinds.TOKENS, "most output tokens of one call"),
    Key(("models", "MODEL", "window"), kinds.TOKENS, "size of the context window"),
    Key(("mcp", "NAME", "command"), kinds.COMMAND, "the program of an MCP server, and its arguments"),
    Key(("mcp", "NAME", "url"), kinds.URL, "the address of an MCP server, in place of a program"),
    Key(("mcp", "NAME", "env"), kinds.VARIABLES, "what is in the program's environment, besides `PATH` and the like"),
    Key(("mcp", "NAME", "headers"), kinds.HEADERS, "what is sent to the address; `Bearer $NAME` is fine too"),
    Key(("mcp", "NAME", "timeout"), kinds.SECONDS, "how long a call may take", "60"),
    Key(("mcp", "NAME", "tools"), kinds.NAMES, "the tools that are offered", "all of the server's"),
    *(
        _simple(f"openrouter.{name}", kind, meaning, default, f"AGENTCTL_OPENROUTER_{name.upper().replace('.', '_')}")
        for name, kind, meaning, default in (
            ("referer", kinds.ATTRIBUTION, "the `HTTP-Referer` that OpenRouter is told", "the page of agentctl"),
            ("title", kinds.ATTRIBUTION, "the `X-OpenRouter-Title` that OpenRouter is told", "agentctl"),
            ("models", kinds.MODELS, "models that OpenRouter asks, in this order, where the asked one fails", ""),
            ("order", kinds.NAMES, "providers that OpenRouter tries first, in this order", ""),
            ("only", kinds.NAMES, "the only providers that it may use", ""),
            ("ignore", kinds.NAMES, "providers that it may not use", ""),
            ("allow_fallbacks", kinds.TRUTH, "whether it may use others when these fail", "true"),
            ("sort", kinds.one_of("price", "throughput", "latency", "exacto"), "what it prefers providers by", ""),
            ("partition", kinds.one_of("model", "none"), "whether it sorts per model, or all at once", "model"),
            ("data_collection", kinds.one_of("allow", "deny"), "whether providers may keep and use data", "allow"),
            ("zdr", kinds.TRUTH, "whether to use only providers that retain no data", "false"),
            ("require_parameters", kinds.TRUTH, "whether they must know all parameters", "true with a schema"),
            ("quantizations", kinds.QUANTIZATIONS, "how the models may be quantized", ""),
            ("max_price.prompt", kinds.PRICE, "most for input tokens", ""),
            ("max_price.completion", kinds.PRICE, "most for output tokens", ""),
            ("max_price.request", kinds.DOLLARS, "most for a request", ""),
            ("max_price.image", kinds.DOLLARS, "most for an image", ""),
            ("max_price.audio", kinds.DOLLARS, "most for a unit of audio", ""),
            ("preferred_min_throughput", kinds.RATE, "providers slower than that come last", ""),
            ("preferred_max_latency", kinds.SECONDS, "providers that take longer to begin come last", ""),
        )
    ),
    *(
        _simple(f"budget.{name}", kind, meaning, default, f"AGENTCTL_BUDGET_{name.upper()}")
        for name, kind, meaning, default in (
            ("call", kinds.BUDGET, "most that one call may cost", ""),
            ("session", kinds.BUDGET, "most that one session may cost", ""),
            ("day", kinds.BUDGET, "most that all calls of a day may cost", ""),
            ("month", kinds.BUDGET, "most that all calls of a calendar month may cost", ""),
            ("zone", kinds.ZONE, "where days and months begin", "this machine's"),
            ("wait", kinds.WAIT, "how long to wait for what other calls have reserved", "30"),
        )
    ),
    _simple("cache", kinds.TRUTH, "whether providers are asked to cache prompts", "true", "AGENTCTL_CACHE"),
    _simple(
        "compact",
        kinds.one_of("ask", "auto", "never"),
        "whether `chat` summarises a conversation that no longer fits the model",
        "ask in a terminal",
        "AGENTCTL_COMPACT",
    ),
    *(
        _simple(f"tools.{name}", kind, meaning, default, f"AGENTCTL_TOOLS_{name.upper()}")
        for name, kind, meaning, default in (
            ("use", kinds.NAMES, "tools that `chat` gives the model: all, none, files, or their names", "none"),
            ("approve", kinds.one_of("ask", "auto", "never"), "what is done where no rule speaks", "ask in a terminal"),
            ("allow", kinds.RULES, "calls that need no leave", ""),
            ("deny", kinds.RULES, "calls that are never allowed", ""),
            ("timeout", kinds.SECONDS, "how long a call may take at most; `shell` stops earlier by itself", "600"),
            ("max_result", kinds.COUNT, "characters of a result that the model is told at once", "40000"),
            ("max_turns", kinds.COUNT, "how often the model is asked at most for one answer", "50"),
        )
    ),
    *(
        _simple(f"routing.{name}", kind, meaning, default, f"AGENTCTL_ROUTING_{name.upper()}")
        for name, kind, meaning, default in (
            ("models", kinds.ACTIONS, "what `chat -m auto` chooses among; a model may be an alias", "the policy's"),
            ("explore", kinds.SHARE, "how often it tries one of them at random, to learn from", "0"),
            ("cost_weight", kinds.WEIGHT, "the success that a dollar is worth", "the policy's"),
            ("guard", kinds.TRUTH, "whether a policy that does worse than what was before it is rolled back", "true"),
        )
    ),
    Key(("routing", "variants", "NAME"), kinds.PROMPT, "a system prompt that `MODEL+NAME` is asked with"),
    _simple("log.dir", kinds.DIRECTORY, "where `agentctl.log` is written", "the state directory", "AGENTCTL_LOG_DIR"),
    _simple("log.level", kinds.LEVEL, "the least important level that is written", "INFO", "AGENTCTL_LOG_LEVEL"),
    _simple("log.format", kinds.FORMAT, "lines for people or JSON for programs", "text", "AGENTCTL_LOG_FORMAT"),
    _simple("log.rotation", kinds.ROTATION, "when a log file is full", "10 MB", "AGENTCTL_LOG_ROTATION"),
    _simple("log.retention", kinds.RETENTION, "how long full files are kept", "10 files", "AGENTCTL_LOG_RETENTION"),
    _simple("log.compression", kinds.COMPRESSION, "how full files are packed", "none", "AGENTCTL_LOG_COMPRESSION"),
)

RESERVED = frozenset({"auto", "compatible", "database", "local", "scripted"})


def find(path: Path) -> Key | None:
    """The key that `path` is, if there is one."""
    return next((key for key in KEYS if key.fits(path)), None)


def name_problem(path: Path) -> str | None:
    """What is wrong with the name that the user chose in `path`, if anything."""
    match path:
        case ("servers", name, _) if name in RESERVED or not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
            return f"a server's name is of a-z, 0-9, - and _, and none of {', '.join(sorted(RESERVED))}"
        case ("aliases", name) if name in RESERVED or not re.fullmatch(r"[^\s/\"'\\]+", name) or not name.isprintable():
            return "an alias has no slash, quote or blank in it and is no provider's name"
        case ("mcp", name, _) if not re.fullmatch(r"(?=.{1,32}$)[a-z0-9]+([_-][a-z0-9]+)*", name):
            return "an MCP server's name is up to 32 of a-z and 0-9, with single - and _ between them"
        case ("routing", "variants", name) if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
            return "a variant's name is of A-Z, a-z, 0-9, - and _"
        case ("models", name, _) if not re.fullmatch(r"[^\s/\"'\\]+/[^\s\"'\\]+", name) or not name.isprintable():
            return 'prices and ceilings belong to a model as "provider/model"'
    return None


def dotted(path: Path) -> str:
    """The key as TOML writes it: `models."compatible/fake".input`."""
    return ".".join(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else _quoted(part) for part in path)


def split(name: str) -> Path:
    """Read a key as `dotted` writes it; the quotes may be left out."""
    head, _, rest = name.partition(".")
    if head == "aliases" and rest:
        return (head, _unquoted(rest))
    if head == "routing" and rest.startswith("variants."):
        return (head, "variants", _unquoted(rest.removeprefix("variants.")))
    middle, _, last = rest.rpartition(".")
    if head in {"servers", "models", "mcp"} and middle:
        return (head, _unquoted(middle), last)
    return tuple(name.split("."))


def nearest(path: Path) -> str | None:
    """The known key that looks most like `path`."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    chosen = path[1] if len(path) > 1 else "NAME"
    known = {dotted(tuple(chosen if part.isupper() else part for part in key.path)) for key in KEYS}
    return next(iter(get_close_matches(dotted(path), sorted(known), n=1)), None)


def _quoted(part: str) -> str:
    return f'"{part}"' if part.isprintable() else ascii(part)  # a stranger's file may hold terminal controls


def _unquoted(part: str) -> str:
    quoted = len(part) > 1 and part[0] == part[-1] and part[0] in "\"'"
    return part[1:-1] if quoted else part
