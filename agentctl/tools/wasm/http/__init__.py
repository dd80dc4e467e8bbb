"""wasi:http 0.2 for components that are granted hosts, and all that shares resources with it, as functions in Python.

wasmtime's own wasi:http reaches every host there is, so it is never linked. A resource has one owner: with wasi:http
come wasi:io, the standard streams and the monotonic clock, which hand out the same streams and pollables, and with them
files and sockets, of which such a component has none. Every request goes through a `Network`, which decides.
"""

from agentctl.tools.wasm.http.defining import define

__all__ = ["define"]
