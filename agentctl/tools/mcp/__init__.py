"""MCP servers and what they offer: tools, resources and prompts. The only user of the `mcp` package.

`Servers` is what the rest needs; `survey` looks at them once. The SDK, which takes a second to load, is loaded with the
first server that is spoken to.
"""

from __future__ import annotations

from agentctl.tools.mcp.prompts import Argument, Prompt
from agentctl.tools.mcp.servers import Servers
from agentctl.tools.mcp.survey import Surveyed, survey

__all__ = ["Argument", "Prompt", "Servers", "Surveyed", "survey"]
