"""The only way from a component to the network: it asks its caller, who knows what was granted and does the request.

The process that runs a component has no network of its own. It holds one end of a socket pair, its `Channel`, and asks
for exchanges; the asyncio process that it was forked for answers them with `serve`. So what decides is not in reach of
what is decided about.
"""

from agentctl.tools.wasm.network.channel import Channel, Exchange, Network
from agentctl.tools.wasm.network.frames import Answer, Failure, Request
from agentctl.tools.wasm.network.grants import HostGrant, admit
from agentctl.tools.wasm.network.serving import serve

__all__ = ["Answer", "Channel", "Exchange", "Failure", "HostGrant", "Network", "Request", "admit", "serve"]
