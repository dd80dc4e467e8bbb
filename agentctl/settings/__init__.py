"""What can be set, by flags, variables and files, and who may set it. docs/config.md lists every key."""

from __future__ import annotations

from agentctl.settings.load import load
from agentctl.settings.values import BudgetSettings, LogSettings, McpServer, ModelOverride, Origin, Server, Settings

__all__ = ["BudgetSettings", "LogSettings", "McpServer", "ModelOverride", "Origin", "Server", "Settings", "load"]
