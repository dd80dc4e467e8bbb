"""`local/NAME`: a model of the models directory, answering inside this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path

from agentctl.errors import ConfigError
from agentctl.events import StreamEvent
from agentctl.providers.base import Capabilities, Preview, Request
from agentctl.providers.driver import HttpProvider
from agentctl.providers.local.server import Model, Server
from agentctl.providers.local.shelf import Shelf
from agentctl.providers.local.weights import Weights
from agentctl.providers.openai import ChatCompletions
from agentctl.transport import Timeouts, Transport
from agentctl.usage import Usage

CAPABILITIES = Capabilities(
    provider="local",
    base_url="http://localhost/v1",  # whatever it says, requests go to the socket
    tools=False,  # a model's template decides, and that of SmolLM2 drops them in silence
)
_CONTEXT = 4096  # tokens, of a model that is not in the catalog: its own limit might not fit into memory


class Local:
    """The models of a directory. Each is loaded when it is first asked, and stays until the provider is closed.

    Args:
        directory: where models lie.
        catalog: how to run those that the catalog knows, by name; the others run by the template in their file.
        timeouts: how long to wait for what.
    """

    name = CAPABILITIES.provider

    def __init__(self, directory: Path, catalog: Mapping[str, Weights], timeouts: Timeouts | None = None) -> None:
        self._shelf = Shelf(directory)
        self._catalog = catalog
        self._timeouts = timeouts
        self._loading: dict[str, asyncio.Task[Server]] = {}

    def preview(self, request: Request) -> Preview:
        """What `stream` would send. Nothing is loaded."""
        return self._requester(None).preview(request)

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Answer, and load the model before that if it is not loaded; see `Provider.stream`.

        Raises:
            ConfigError: the model is not there or can't be loaded, or the extra `local` is not installed.
        """
        server = await self._server(request.model)
        # A connection of its own for each request: llama.cpp drops one that it has streamed over without saying so.
        transport = Transport(self._timeouts, uds=server.socket)
        try:
            async with aclosing(self._requester(transport).stream(request)) as events:
                async for event in events:
                    yield event
        finally:
            await transport.aclose()

    async def count_tokens(self, request: Request) -> int | None:
        """How many tokens of input the request has, by the model's own vocabulary and template; it is loaded for that.

        None where it is not on this machine.

        Raises:
            ConfigError: see `stream`.
        """
        if not self._shelf.path(request.model).is_file():
            return None
        from agentctl.providers.responses import Responses  # noqa: PLC0415 - the API by which llama.cpp can be asked

        server = await self._server(request.model)
        async with aclosing(HttpProvider(Responses(CAPABILITIES), Transport(self._timeouts, uds=server.socket))) as one:
            return await one.count_tokens(request)

    async def charged(self, response_id: str) -> Usage | None:  # noqa: ARG002 - nothing is charged here
        """What an answer that broke off has cost: it can't be asked."""
        return None

    async def aclose(self) -> None:
        """Unload the models, but for one that is still reading a cancelled prompt: the end of the process stops it."""
        loading, self._loading = self._loading, {}
        for server in await asyncio.gather(*loading.values(), return_exceptions=True):
            if isinstance(server, Server):
                await asyncio.to_thread(server.stop, wait=False)

    def _requester(self, transport: Transport | None) -> HttpProvider:
        return HttpProvider(ChatCompletions(CAPABILITIES), transport or Transport())

    async def _server(self, name: str) -> Server:
        loading = self._loading.get(name)
        if loading is None or (loading.done() and loading.exception()):
            loading = asyncio.create_task(asyncio.to_thread(self._load, name))
            self._loading[name] = loading
        # A request that is cancelled meanwhile leaves the model to the next one, and to `aclose`.
        return await asyncio.shield(loading)

    def _load(self, name: str) -> Server:
        known, path = self._catalog.get(name), self._shelf.path(name)
        if known is None:
            self._try(name, path)
            return Server(Model(name, path, _CONTEXT))
        if path.exists() and not self._shelf.holds(name, known.sha256, lambda _: None):
            raise ConfigError(f"{path} is damaged", hint=f"agentctl models pull {name}")
        return Server(Model(name, path, known.n_ctx, known.template))

    def _try(self, name: str, path: Path) -> None:
        """Make sure that a file nobody vouches for does not end this process."""
        if not path.is_file():
            raise ConfigError(
                f"there is no model local/{name}; there are: {', '.join(self._shelf.names()) or 'none'}",
                hint="`agentctl models pull` takes a name, a path or an address",
            )
        if not self._shelf.is_tried(name):
            from agentctl.providers.local.trial import survives  # noqa: PLC0415 - loads subprocess

            if not survives(path):
                raise ConfigError(f"llama.cpp crashes when it loads {path}", hint="get the file again")
            self._shelf.mark_tried(name)
