"""What settings are, once read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

Origin = Literal["default", "system", "user", "project", "env", "flag"]


@dataclass(frozen=True, slots=True)
class Server:
    """What is set of a server: `NAME/model` is a model on it. A provider that is known by name needs none of it.

    `key` is as it was written: a literal, `$NAME` or `!command`; `agentctl.keys.resolve` makes a key of it. `origin` is
    where `base_url` comes from. `api` is the API that it speaks.
    """

    name: str
    base_url: str | None = None
    key: str | None = None
    origin: Origin = "default"
    api: Literal["chat", "responses", "messages", "gemini", "openrouter"] | None = None

    def __repr__(self) -> str:
        key = self.key if self.key is None or self.key.startswith(("$", "!")) else "[redacted]"
        return f"Server(name={self.name!r}, base_url={self.base_url!r}, key={key!r}, api={self.api!r})"


@dataclass(frozen=True, slots=True)
class ModelOverride:
    """What the user knows better about a model: prices in $/MTok, ceilings in tokens. None leaves it to the catalog."""

    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write_short: Decimal | None = None
    cache_write_long: Decimal | None = None
    max_input: int | None = None
    max_output: int | None = None
    window: int | None = None


@dataclass(frozen=True, slots=True)
class OpenRouterSettings:
    """How OpenRouter is asked.

    `referer` and `title` are what it is told about who asks; nothing where empty. `models` answer, in this order, where
    the one that is asked can't. `routing` holds the wishes about the providers behind it, by the names that their keys
    have below `openrouter.`: `"order"`, `"max_price.prompt"`.
    """

    referer: str
    title: str
    models: tuple[str, ...] = ()
    routing: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """What calls may cost, in dollars; None is no limit.

    `zone` is the IANA name of the time zone in which days and months begin, None for this machine's. `wait` is how many
    seconds a call waits for what others have reserved.
    """

    call: Decimal | None = None
    session: Decimal | None = None
    day: Decimal | None = None
    month: Decimal | None = None
    zone: str | None = None
    wait: float = 30.0


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """What the model may do.

    Args:
        use: the tools that it is given: "all", "none", "files", or names.
        approve: what is done where no rule speaks; None is to ask in a terminal, and never to allow elsewhere.
        allow: rules on what needs no leave, as `agentctl.tools.rules` reads them.
        deny: rules on what is never allowed.
        timeout: seconds that a call may take at most.
        max_result: characters of a result that it is told at once.
        max_turns: how often it is asked at most for one answer.
    """

    use: tuple[str, ...] = ()
    approve: Literal["ask", "auto", "never"] | None = None
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    timeout: float = 600.0
    max_result: int = 40_000
    max_turns: int = 50


@dataclass(frozen=True, slots=True)
class RoutingSettings:
    """How the model of a turn is chosen where none is named.

    Args:
        models: what is chosen among, as `MODEL[@EFFORT][+VARIANT]`; empty for what the policy knows.
        explore: how often one of them is tried at random, from 0 to 1.
        cost_weight: the success that a dollar is worth; None leaves it to the policy.
        guard: whether a policy that does worse than what was before it is rolled back.
        variants: system prompts by name.
    """

    models: tuple[str, ...] = ()
    explore: float = 0.0
    cost_weight: float | None = None
    guard: bool = True
    variants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Where logs go and how they are kept. `rotation` and `retention` are as `agentctl.settings.limits` reads them."""

    dir: Path
    level: str = "INFO"
    format: Literal["text", "json"] = "text"
    rotation: str = "10 MB"
    retention: str = "10 files"
    compression: Literal["gz", ""] = ""


@dataclass(frozen=True, slots=True)
class McpServer:
    """An MCP server: a program that is started and spoken to by its stdin and stdout, or one behind an address.

    `env` and `headers` are as they were written: literals, `$NAME` or `!command`; a header may have a scheme before
    that, as in `Bearer $NAME`. `timeout` is in seconds for each call. `tools` names the tools that are offered, None
    all of them. `project` is the directory of the project that names the program, None where the user does.
    """

    name: str
    command: tuple[str, ...] = ()
    url: str | None = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 60.0
    tools: tuple[str, ...] | None = None
    project: Path | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set.

    `tag` is what calls are booked under, `cache` whether providers are asked to cache prompts. `compact` is who decides
    whether a conversation that no longer fits is summarised; None is to ask in a terminal, else nobody. `timeout` is in
    seconds without a byte from the provider. `project` is the directory whose `.agentctl/config.toml` was found.
    `origins` names the source of each key; `ignored` lists what the project sets without being trusted.
    """

    model: str | None
    database: str
    base_url: str | None
    base_url_origin: Origin
    tag: str | None
    timeout: float
    aliases: Mapping[str, str]
    servers: Mapping[str, Server]
    models: Mapping[str, ModelOverride]
    mcp: Mapping[str, McpServer]
    openrouter: OpenRouterSettings
    budget: BudgetSettings
    cache: bool
    compact: Literal["ask", "auto", "never"] | None
    tools: ToolSettings
    routing: RoutingSettings
    log: LogSettings
    project: Path | None
    origins: Mapping[str, Origin]
    ignored: tuple[str, ...]
