"""The composition root: from settings to wired objects. The only file that knows all wings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from agentctl.errors import ConfigError, StorageError, UsageError
from agentctl.paths import cache_dir, data_dir, state_dir
from agentctl.settings import Settings, kinds, load

if TYPE_CHECKING:
    from decimal import Decimal

    from agentctl.economy.budget import Limits
    from agentctl.economy.catalog import Catalog, ModelCard
    from agentctl.economy.refreshed import Refreshed
    from agentctl.learning.artifacts import Library as Policies
    from agentctl.learning.choosing import ModelChooser
    from agentctl.messages import Message
    from agentctl.providers.base import Provider
    from agentctl.providers.driver import HttpProvider
    from agentctl.providers.local.shelf import Report
    from agentctl.providers.local.weights import Weights
    from agentctl.store.base import Database
    from agentctl.target import Allowance, Target
    from agentctl.toolkit import Source, Toolkit
    from agentctl.tools.base import Approver
    from agentctl.tools.remembered import Remembered
    from agentctl.tools.wasm.added.library import Library
    from agentctl.tools.wasm.host.client import Host

EMBEDDED = "local/smollm2"
AUTO = "auto"
"""In the place of a model's name: it is chosen for each turn."""


class App:
    """Everything a command needs, made when it is first asked for.

    Args:
        environ: the environment.
        flags: what the command line sets, by settings key; None sets nothing.
        tell: takes a line when the database does not answer, and one when it does again.

    Raises:
        ConfigError, UsageError: see `settings.load`.
    """

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        flags: Mapping[str, object] = MappingProxyType({}),
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.environ = environ
        self._tell = tell
        self.settings: Settings = load(environ=environ, flags=flags)

    @cached_property
    def catalog(self) -> Catalog:
        """What is known of models."""
        from agentctl.economy.catalog import Catalog  # noqa: PLC0415 - sessions and costs need none of it

        return Catalog(self.settings.models, self.refreshed)

    @cached_property
    def refreshed(self) -> Refreshed:
        """What providers said of their models when they were last asked."""
        from agentctl.economy.refreshed import Refreshed  # noqa: PLC0415

        return Refreshed(cache_dir(self.environ) / "models")

    @cached_property
    def database(self) -> Database:
        """The database; what dead processes left in it is put right first."""
        from agentctl.economy import ledger  # noqa: PLC0415 - lists of models and settings need no database

        database = self.connect(self.settings.database)
        if database.read(lambda tx: ledger.open_calls(tx) or tx.one("toolcalls.open")):
            from agentctl.recovery import recover  # noqa: PLC0415 - it is hardly ever needed

            # On a full or read-only disk there is still much to read; what must write meets the trouble itself.
            with suppress(StorageError):
                recover(database, self.catalog)
        return database

    @cached_property
    def kept(self) -> Database | None:
        """The database as it lies there, for who only reads: none is made, and nothing in it is put right."""
        from agentctl.store.open import exists  # noqa: PLC0415

        return self.connect(self.settings.database) if exists(self.settings.database) else None

    def connect(self, url: str) -> Database:
        """Open a database as it lies there, and make it where it is missing."""
        from agentctl.store.open import connect  # noqa: PLC0415

        return connect(url, tell=self._tell, password=self._database_password)

    def is_made(self, url: str) -> bool:
        """Whether there is a store at `url`; a server is asked, and nothing is made."""
        from agentctl.store.open import is_made  # noqa: PLC0415 - only a copy needs to know

        return is_made(url, password=self._database_password)

    def _database_password(self) -> str | None:
        from agentctl import keys  # noqa: PLC0415 - only a server that wants a password needs it

        key = keys.find(keys.DATABASE, environ=self.environ)
        return None if key is None else key.value

    @property
    def models_dir(self) -> Path:
        """Where the weights of embedded models lie."""
        return data_dir(self.environ) / "models"

    @cached_property
    def components(self) -> Library:
        """The WebAssembly components that were added."""
        from agentctl.tools.wasm.added.library import Library  # noqa: PLC0415 - few commands need tools

        return Library(data_dir(self.environ) / "tools", self.environ)

    @cached_property
    def policies(self) -> Policies:
        """The policies that were trained, and the channels that point to them."""
        from agentctl.learning.artifacts import Library  # noqa: PLC0415 - only what learns or routes needs them

        return Library(data_dir(self.environ) / "policies")

    def component_host(self) -> Host:
        """What runs components, not started yet."""
        from agentctl.tools.wasm.host.client import Host  # noqa: PLC0415

        return Host(cache_dir(self.environ) / "components")

    @property
    def told_dir(self) -> Path:
        """Where it is kept which components the user was told of."""
        return state_dir(self.environ) / "told"

    def session(self, reference: str | None, *, latest: bool) -> str | None:
        """The id of the session to go on with: the one that is named, the latest, or None for a new one.

        Raises:
            UsageError: there is no such session.
        """
        from agentctl.store import sessions  # noqa: PLC0415 - costs need none

        if reference is not None:
            return self.database.read(lambda tx: sessions.find(tx, reference)).id
        if not latest:
            return None
        found = self.database.read(sessions.latest)
        if found is None:
            raise UsageError("there is no session to go on with", hint="leave out -c to start one")
        return found.id

    def model(self, name: str | None, session_id: str | None) -> str:
        """The model to talk to: the one that is named, the one that answered last, the configured one.

        With nothing configured at all it is the embedded one.

        Raises:
            ConfigError: a provider is configured and no model is.
        """
        if name is None and session_id is not None:
            from agentctl.asking import last_model, read  # noqa: PLC0415 - who names a model reads no session

            name = last_model(self.database.read(lambda tx: read(tx, session_id)).messages)
        if chosen := name or self.settings.model:
            return chosen
        if known := [*self.known_keys(), *self.settings.servers]:
            raise ConfigError(
                f"no model is chosen, though {', '.join(known)} is configured",
                hint="agentctl config set model PROVIDER/MODEL, or chat -m; `agentctl models list` shows what there is",
            )
        return EMBEDDED

    def target(self, name: str) -> Target:
        """The model called `name`: `provider/model` or an alias.

        Raises:
            UsageError: the name is neither.
            ConfigError: its provider is not configured.
        """
        from agentctl.target import Target  # noqa: PLC0415

        full = self.full_name(name)
        provider, _, model = full.partition("/")
        return Target(self._provider(provider), model, self.catalog.find(full), self._substitutes(provider))

    def chooser(self, cost_weight: float | None = None) -> ModelChooser:
        """What chooses the model for each turn; `cost_weight` is the success that a dollar is worth.

        Raises:
            ConfigError: there is nothing to choose among.
        """
        from agentctl.learning.wiring import chooser  # noqa: PLC0415 - who names a model chooses nothing

        return chooser(self, cost_weight)

    def watch(self, decided: int) -> str | None:
        """Count decisions, and take the policy in production back where it does worse than what was before it.

        Returns what to tell the user, if that was done.
        """
        if not self.settings.routing.guard:
            return None
        from agentctl.learning.watch import Watch  # noqa: PLC0415 - who names a model has no policy

        file = state_dir(self.environ) / "guard.json"
        return Watch(self.policies, lambda: self.database, self.catalog, file).count(decided)

    def limits(self, command: Decimal | None = None) -> Limits:
        """The budgets that hold; `command` is the most dollars that this command may spend, None for no limit."""
        from agentctl.economy.budget import Limits  # noqa: PLC0415 - most commands spend nothing

        set_ = self.settings.budget
        zone = None
        if set_.zone is not None:
            from zoneinfo import ZoneInfo  # noqa: PLC0415

            zone = ZoneInfo(set_.zone)
        return Limits(command, set_.call, set_.session, set_.day, set_.month, zone)

    def allowance(self, command: Decimal | None = None) -> Allowance | None:
        """What turns may cost, None for no limit; see `limits`.

        Raises:
            ConfigError: there is a limit of more than a command, and nothing that outlasts it to keep account in.
        """
        set_ = self.settings.budget
        lasting = [one for one in (set_.session, set_.day, set_.month) if one is not None]
        if not lasting and command is None and set_.call is None:
            return None
        if lasting and self.settings.database == ":memory:":
            hint = "set `database` to a file, or limit the command alone: --max-cost, budget.call"
            raise ConfigError("there is a budget, and a database that forgets what was spent", hint=hint)
        from agentctl.target import Allowance  # noqa: PLC0415

        return Allowance(self.limits(command), set_.wait)

    def toolkit(self, person: Approver | None, allow: Sequence[str], deny: Sequence[str]) -> Toolkit | None:
        """The tools that the model gets, None if it gets none.

        `person` is asked what no rule decides, None where nobody can be; `allow` and `deny` are rules beside those of
        the settings.

        Raises:
            UsageError: a rule is none, or somebody is to be asked where nobody can be.
        """
        settings = self.settings.tools
        if not settings.use or settings.use == ("none",):
            return None
        from agentctl.toolkit import Toolkit  # noqa: PLC0415 - most questions need no tools
        from agentctl.tools.approval import Policy, Rules  # noqa: PLC0415
        from agentctl.tools.rules import parse  # noqa: PLC0415

        if settings.approve == "ask" and person is None:
            hint = "give rules with --allow, or --approve auto where all may be done"
            raise UsageError("there is nobody to ask what tools may do: this is no terminal", hint=hint)
        allowed, denied = ([*map(parse, rules)] for rules in ((*settings.allow, *allow), (*settings.deny, *deny)))
        rules = Rules(allowed, denied, self.remembered.rules)
        policy = Policy(settings.approve or ("ask" if person else "never"), rules, person)
        return Toolkit(settings, self.tool_sources(), policy, (*allowed, *denied))

    def tool_sources(self) -> list[Source]:
        """Where tools come from; of two tools of one name the first counts."""
        from agentctl.sources import BuiltIn, Components, Mcp  # noqa: PLC0415
        from agentctl.tools.builtin.private import private_places  # noqa: PLC0415

        private = private_places(self.environ, self.workspace)
        builtin = BuiltIn(self.workspace, private, longest=self.settings.tools.timeout)
        servers = Mcp(self.settings.mcp, self.environ, self.workspace)
        return [builtin, Components(self.components, self.component_host), servers]

    def served_prompt(self, server: str, name: str, arguments: Mapping[str, str]) -> tuple[Message, ...]:
        """The messages of an MCP server's prompt.

        Raises:
            ConfigError: there is no such server.
            ToolError: it failed, has no such prompt, or wants other arguments.
        """
        import asyncio  # noqa: PLC0415

        from agentctl.tools.mcp import Servers  # noqa: PLC0415

        async def ask() -> tuple[Message, ...]:
            async with Servers(self.settings.mcp, self.environ, workspace=self.workspace) as servers:
                return await servers.get_prompt(server, name, arguments)

        return asyncio.run(ask())

    @property
    def workspace(self) -> Path:
        """Where tools may read and write: the working directory."""
        return Path.cwd()

    @cached_property
    def remembered(self) -> Remembered:
        """What the user allowed for good in this project."""
        from agentctl.tools.remembered import Remembered  # noqa: PLC0415

        return Remembered(state_dir(self.environ) / "allowed.json", self.settings.project or self.workspace)

    def full_name(self, name: str) -> str:
        """`provider/model`, for that or an alias of it.

        Raises:
            UsageError: the name is neither.
        """
        if name == AUTO:
            raise UsageError("auto is no model: only chat chooses one", hint="-m PROVIDER/MODEL; agentctl models list")
        full = self.settings.aliases.get(name, name)
        try:
            kinds.MODEL_NAME.parse(full)
        except ValueError as error:
            raise UsageError(f"{name[:40]!r} is no model's name", hint=f"it is {error}") from error
        provider, _, model = full.partition("/")
        if not (provider and model):
            raise UsageError(f"{name!r} is neither provider/model nor an alias", hint="agentctl models list")
        return full

    def _substitutes(self, provider: str) -> tuple[ModelCard, ...]:
        """The models that a router may let answer in the place of the one that is asked."""
        others = self.settings.openrouter.models
        if not others:
            return ()
        from agentctl.providers.known import KNOWN  # noqa: PLC0415 - only who routes needs it

        server, known = self.settings.servers.get(provider), KNOWN.get(provider)
        api = (server and server.api) or (known and known.api)
        return tuple(self.catalog.find(f"{provider}/{other}") for other in others) if api == "openrouter" else ()

    def _provider(self, name: str) -> Provider:
        if name == "local":
            from agentctl.providers.local.provider import Local  # noqa: PLC0415 - one provider is enough

            return Local(self.models_dir, self._weights())
        if name == "scripted":
            from agentctl.providers.scripted import Scripted  # noqa: PLC0415

            return Scripted()
        from agentctl.providers.connect import connect  # noqa: PLC0415

        return connect(name, self.settings, self.environ)

    def lister(self, name: str) -> HttpProvider:
        """The provider called `name`, to be asked for its models, without a key where it tells them to everybody.

        Raises:
            ConfigError: there is no such provider, or it lists none.
        """
        from agentctl.providers.connect import connect  # noqa: PLC0415

        if name in {"local", "scripted"}:
            raise ConfigError(f"{name} lists no models", hint="`agentctl models list` shows them")
        return connect(name, self.settings, self.environ, listing=True)

    def known_keys(self) -> dict[str, str]:
        """Where each key to a provider is that is known of, by provider."""
        from agentctl import keys  # noqa: PLC0415
        from agentctl.providers.known import KNOWN  # noqa: PLC0415

        set_ = {one.provider: name for one in KNOWN.values() for name in one.key_variables if self.environ.get(name)}
        kept = keys.names(self.environ)
        kept.pop(keys.DATABASE, None)
        return kept | set_

    def usual_providers(self) -> set[str]:
        """The providers whose models are told unasked: all that have a name here, and those of the user's own.

        A router, which lists the models of all others once more, is one of them where there is a key for it.
        """
        from agentctl.providers.known import KNOWN  # noqa: PLC0415

        names = {name for name, one in KNOWN.items() if one.api != "openrouter"}
        mine = {name.partition("/")[0] for name in self.settings.models}
        return {"local", *names, *self.known_keys(), *self.settings.servers, *mine}

    def missing_weights(self, model: str) -> str | None:
        """What `pull` would have to get before `model` can answer; None if nothing is missing."""
        provider, _, name = model.partition("/")
        if provider != "local" or name not in self._weights():
            return None
        from agentctl.providers.local.shelf import Shelf  # noqa: PLC0415

        return None if Shelf(self.models_dir).path(name).exists() else name

    def has_weights(self, model: str) -> bool:
        """Whether `model` needs no weights, or has them on this machine, also those that no catalogue knows."""
        provider, _, name = model.partition("/")
        if provider != "local":
            return True
        from agentctl.providers.local.shelf import Shelf  # noqa: PLC0415

        return Shelf(self.models_dir).path(name).is_file()

    def pull(self, source: str, report: Report) -> Path:
        """Get the weights of a model; see `providers.local.weights.pull`."""
        from agentctl.providers.local.weights import pull  # noqa: PLC0415

        return pull(source, catalog=self._weights(), directory=self.models_dir, report=report)

    def _weights(self) -> dict[str, Weights]:
        from agentctl.providers.local.weights import Weights  # noqa: PLC0415

        found = {}
        for card in self.catalog.listing(["local"]):
            if (row := card.weights) is not None:
                found[card.name.partition("/")[2]] = Weights(
                    row.package, row.package_version, row.file, row.sha256, row.size, row.n_ctx, row.template
                )
        return found
