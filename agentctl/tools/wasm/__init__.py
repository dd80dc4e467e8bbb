"""Tools that are WebAssembly components: without capabilities, unless they are granted."""
