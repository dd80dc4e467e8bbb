"""Values of a component's types: as JSON, as plain Python, and in wasmtime's C structures."""
