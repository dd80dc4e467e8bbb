"""The providers that speak Chat Completions: OpenAI itself, and any compatible server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from agentctl import keys
from agentctl.errors import AuthError, ConfigError
from agentctl.providers.base import Capabilities
from agentctl.providers.driver import Credential, HttpProvider
from agentctl.providers.openai import ChatCompletions
from agentctl.settings import Settings
from agentctl.transport import Timeouts, Transport

_VARIABLE = "OPENAI_API_KEY"

_OPENAI = Capabilities(
    provider="openai",
    base_url="https://api.openai.com/v1",
    key_hint=f"`agentctl keys set openai`, or export {_VARIABLE}=…",
    output_limit_field="max_completion_tokens",
    media_types=("text/", "image/", "application/pdf"),
)
_COMPATIBLE = Capabilities(
    provider="compatible",
    key_hint=f"`agentctl keys set compatible`, or export {_VARIABLE}=…",
    media_types=("",),  # any: the server itself knows what it takes
)


def connect(provider: str, settings: Settings, environ: Mapping[str, str] = os.environ) -> HttpProvider:
    """Return the provider `openai`, `compatible`, or a server by its name in the settings.

    OPENAI_API_KEY and saved keys go only to a base URL that the user has set, never to one that a project has.

    Raises:
        ConfigError: there is no such server, it has no base URL, or a project wants OPENAI_API_KEY for its server.
    """
    endpoint = _endpoint(provider, settings)
    timeouts = Timeouts(header=settings.timeout, idle=settings.timeout)
    credential = Credential(lambda: endpoint.find_key(environ), endpoint.expects_key(environ))
    return HttpProvider(ChatCompletions(endpoint.capabilities), Transport(timeouts), credential)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """A server and which key goes to it: `reference` if there is one, else the user's own if `trusted`."""

    capabilities: Capabilities
    trusted: bool
    reference: str | None = None
    variables: tuple[str, ...] = ()
    needs_key: bool = False

    def find_key(self, environ: Mapping[str, str]) -> str | None:
        """The key to send, if any.

        Raises:
            AuthError: the server needs one and there is none for it.
            ConfigError: there is one and it can't be had.
        """
        if self.reference is not None:
            return keys.resolve(self.reference, environ)
        name = self.capabilities.provider
        key = keys.find(name, self.variables, environ) if self.trusted else None
        if key is None and self.needs_key:
            if not self.trusted:
                hint = "set base_url yourself: in your own configuration, OPENAI_BASE_URL or --base-url"
                raise AuthError(
                    f"no key of yours is sent to {self.capabilities.base_url}, a project's choice", hint=hint
                )
            raise AuthError(f"there is no key for {name}", hint=self.capabilities.key_hint)
        return None if key is None else key.value

    def expects_key(self, environ: Mapping[str, str]) -> bool:
        """Whether a key will be sent, as far as can be told without asking a keyring or running a command."""
        if self.reference is not None or self.needs_key:
            return True
        given = any(environ.get(variable) for variable in self.variables)
        return self.trusted and (given or self.capabilities.provider in keys.names(environ))


def _endpoint(provider: str, settings: Settings) -> _Endpoint:
    trusted = settings.base_url_origin != "project"
    match provider:
        case "openai":
            capabilities = replace(_OPENAI, base_url=settings.base_url or _OPENAI.base_url)
            return _Endpoint(capabilities, trusted, variables=(_VARIABLE,), needs_key=True)
        case "compatible":
            if settings.base_url is None:
                hint = "--base-url https://…/v1, or export OPENAI_BASE_URL=…"
                raise ConfigError("compatible/ needs the address of a server", hint=hint)
            capabilities = replace(_COMPATIBLE, base_url=settings.base_url)
            return _Endpoint(capabilities, trusted, variables=(_VARIABLE,))
        case name:
            return _server(name, settings)


def _server(name: str, settings: Settings) -> _Endpoint:
    server = settings.servers.get(name)
    if server is None:
        there_are = ", ".join(sorted({"openai", "compatible", "local", "scripted", *settings.servers}))
        raise ConfigError(
            f"there is no provider {name!r}; there are {there_are}",
            hint=f"`agentctl config set servers.{name}.base_url …`",
        )
    trusted = server.origin != "project"
    if server.key == f"${_VARIABLE}" and not trusted:
        raise ConfigError(
            f"the project wants {_VARIABLE} for its server {name}", hint=f"set servers.{name} in your own configuration"
        )
    hint = f"`agentctl keys set {name}`, or set servers.{name}.key in the configuration"
    return _Endpoint(replace(_COMPATIBLE, provider=name, base_url=server.base_url, key_hint=hint), trusted, server.key)
