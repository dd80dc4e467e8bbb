"""Loads the SDK, which takes a second, beside the event loop."""

from __future__ import annotations

import asyncio
import importlib
import logging

from agentctl.errors import ToolError


async def loaded() -> None:
    """Load the SDK if it is not.

    Raises:
        ToolError: it is not installed.
    """
    try:
        await asyncio.to_thread(_load)
    except ModuleNotFoundError as error:
        raise ToolError(
            f"MCP servers need a package that is missing: {error.name}", hint="pip install 'agentctl[mcp]'"
        ) from error


def _load() -> None:
    # What it logs is about servers, whose failures we tell in full; without a handler Python prints it on the terminal.
    for name in ("mcp", "client"):
        logging.getLogger(name).addHandler(logging.NullHandler())
    importlib.import_module("mcp")
