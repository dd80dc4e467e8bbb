"""The composition root: from settings to wired objects. The only file that knows all wings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from agentctl import paths
from agentctl.conversation import Target
from agentctl.economy.catalog import Catalog
from agentctl.errors import ConfigError, UsageError
from agentctl.providers.base import Provider
from agentctl.settings import Settings, load
from agentctl.store.base import Database
from agentctl.store.open import connect

EMBEDDED = "local/smollm2"


class App:
    """Everything a command needs, made when it is first asked for.

    Args:
        environ: the environment.
        flags: what the command line sets, by settings key; None sets nothing.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ, flags: Mapping[str, object] | None = None) -> None:
        self.environ = environ
        self.settings: Settings = load(environ=environ, flags=flags or {})

    @cached_property
    def catalog(self) -> Catalog:
        """What is known of models."""
        return Catalog(self.settings.models)

    @cached_property
    def database(self) -> Database:
        """The database; what dead processes left in it is put right first."""
        from agentctl.journal import recover  # noqa: PLC0415

        database = connect(self.settings.database)
        recover(database, self.catalog)
        return database

    def target(self, name: str) -> Target:
        """The model called `name`: `provider/model` or an alias.

        Raises:
            UsageError: the name is neither.
            ConfigError: its provider is not configured.
        """
        full = self.settings.aliases.get(name, name)
        provider, slash, model = full.partition("/")
        if not (provider and slash and model):
            raise UsageError(
                f"{name!r} is neither provider/model nor an alias", hint="`agentctl models list` shows what there is"
            )
        if provider == "auto":
            raise UsageError("auto is no provider", hint="name a model, such as openai/gpt-5-mini")
        return Target(self._provider(provider, model), model, self.catalog.find(full))
