"""The only way from a component to the network: it asks its caller, who knows what was granted and does the request.

The process that runs a component has no network of its own. It holds one end of a socket pair, its `Channel`, and asks
for exchanges; the asyncio process that it was forked for answers them with `serve`. So what decides is not in reach of
what is decided about.
"""

from agentctl.tools.wasm.network.channel import Channel
from agentctl.tools.wasm.network.frames import BODY_LIMIT, Answer, Failure, Headers, Request
from agentctl.tools.wasm.network.grants import HostGrant, admit, is_path, split_authority
from agentctl.tools.wasm.network.protocol import Exchange, Network
from agentctl.tools.wasm.network.serving import serve

__all__ = [
    "BODY_LIMIT",
    "Answer",
    "Channel",
    "Exchange",
    "Failure",
    "Headers",
    "HostGrant",
    "Network",
    "Request",
    "admit",
    "is_path",
    "serve",
    "split_authority",
]
