"""From a provider's name to the provider: which server is asked, in which API, and which key it is sent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from agentctl import keys
from agentctl.errors import AuthError, ConfigError
from agentctl.providers.address import with_path
from agentctl.providers.base import Capabilities
from agentctl.providers.codec import Codec
from agentctl.providers.driver import Credential, HttpProvider
from agentctl.providers.known import COMPATIBLE, KNOWN
from agentctl.settings import Settings
from agentctl.settings.values import Origin, Server
from agentctl.transport import Timeouts, Transport

_OTHERS = frozenset({"local", "scripted"})  # providers that are no servers
_SHARED = frozenset({"openai", "compatible"})  # those that `base_url`, and so OPENAI_BASE_URL, is for


def connect(
    provider: str, settings: Settings, environ: Mapping[str, str] = os.environ, *, listing: bool = False
) -> HttpProvider:
    """Return a known provider, `compatible`, or a server by its name in the settings.

    Keys from the environment and saved keys go only to a base URL that is the user's choice, never to a project's.

    Args:
        provider: the name that stands before the first `/` of a model's.
        settings: what is set of it.
        environ: the environment.
        listing: it is only asked for its models, which some list without a key.

    Raises:
        ConfigError: there is no such server, its base URL is missing or none, or a project wants a key of the user's.
    """
    endpoint = _endpoint(provider, settings)
    if listing and endpoint.capabilities.lists_freely:
        endpoint = replace(endpoint, capabilities=replace(endpoint.capabilities, needs_key=False))
    timeouts = Timeouts(header=settings.timeout, idle=settings.timeout)
    transport = Transport(timeouts, start_hint=endpoint.capabilities.start_hint)
    credential = Credential(lambda: endpoint.find_key(environ), endpoint.expects_key(environ))
    if endpoint.capabilities.api == "openrouter":
        from agentctl.providers.openrouter import OpenRouter  # noqa: PLC0415 - one API is enough

        return OpenRouter(endpoint.capabilities, settings, transport, credential)
    return HttpProvider(_codec(endpoint.capabilities), transport, credential)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """A server and which key goes to it: `reference` if there is one, else the user's own if `trusted`."""

    capabilities: Capabilities
    trusted: bool
    reference: str | None = None

    def find_key(self, environ: Mapping[str, str]) -> str | None:
        """The key to send, if any.

        Raises:
            AuthError: the server needs one and there is none for it.
            ConfigError: there is one and it can't be had.
        """
        if self.reference is not None:
            return keys.resolve(self.reference, environ)
        name, variables = self.capabilities.provider, self.capabilities.key_variables
        key = keys.find(name, variables, environ) if self.trusted else None
        if key is None and self.capabilities.needs_key:
            raise self._missing()
        return None if key is None else key.value

    def expects_key(self, environ: Mapping[str, str]) -> bool:
        """Whether a key will be sent, as far as can be told without asking a keyring or running a command."""
        if self.reference is not None or self.capabilities.needs_key:
            return True
        given = any(environ.get(variable) for variable in self.capabilities.key_variables)
        return self.trusted and (given or self.capabilities.provider in keys.names(environ))

    def _missing(self) -> AuthError:
        if self.trusted:
            return AuthError(f"there is no key for {self.capabilities.provider}", hint=self.capabilities.key_hint)
        hint = "set base_url yourself: in your own configuration, by a variable or --base-url"
        return AuthError(f"no key of yours is sent to {self.capabilities.base_url}, a project's choice", hint=hint)


def _endpoint(name: str, settings: Settings) -> _Endpoint:
    server = settings.servers.get(name) or Server(name)
    base = KNOWN.get(name) or (COMPATIBLE if name == "compatible" else _unknown(name))
    base_url, origin = _address(base, server, settings)
    if not base_url:
        raise _nowhere(name, settings)
    base_url = with_path(base_url, base.base_url)
    trusted = origin != "project"
    if not trusted and server.key in _variables():
        raise ConfigError(
            f"the project wants {server.key[1:]} for its server {name}",
            hint=f"set servers.{name} in your own configuration",
        )
    return _Endpoint(replace(base, base_url=base_url, api=server.api or base.api), trusted, server.key)


def _address(base: Capabilities, server: Server, settings: Settings) -> tuple[str, Origin]:
    """Where the server is, and who says so: a flag, its own setting, the setting for all, what is known of it."""
    if settings.base_url and settings.base_url_origin == "flag":
        return settings.base_url, "flag"
    if server.base_url:
        return server.base_url, server.origin
    if settings.base_url and base.provider in _SHARED:
        return settings.base_url, settings.base_url_origin
    return base.base_url, "default"


def _unknown(name: str) -> Capabilities:
    hint = f"`agentctl keys set {name}`, or set servers.{name}.key in the configuration"
    return replace(COMPATIBLE, provider=name, key_variables=(), key_hint=hint)


def _nowhere(name: str, settings: Settings) -> ConfigError:
    if name == "compatible":
        return ConfigError(
            "compatible/ needs the address of a server", hint="--base-url https://…/v1, or export OPENAI_BASE_URL=…"
        )
    hint = f"`agentctl config set servers.{name}.base_url …`"
    if name in settings.servers:
        return ConfigError(f"the server {name} has no address", hint=hint)
    there_are = ", ".join(sorted({*KNOWN, "compatible", *_OTHERS, *settings.servers}))
    return ConfigError(f"there is no provider {name!r}; there are {there_are}", hint=hint)


def _variables() -> set[str]:
    """The user's own keys, as a configuration would name them."""
    return {f"${variable}" for one in (*KNOWN.values(), COMPATIBLE) for variable in one.key_variables}


def _codec(capabilities: Capabilities) -> Codec:
    match capabilities.api:
        case "messages":
            from agentctl.providers.anthropic import Messages  # noqa: PLC0415 - one API is enough

            return Messages(capabilities)
        case "gemini":
            from agentctl.providers.google import GenerateContent  # noqa: PLC0415

            return GenerateContent(capabilities)
        case "responses":
            from agentctl.providers.responses import Responses  # noqa: PLC0415

            return Responses(capabilities)
        case _:
            from agentctl.providers.openai import ChatCompletions  # noqa: PLC0415

            return ChatCompletions(capabilities)
