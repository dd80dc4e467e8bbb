"""WASI preview 2 components as tools: what they are, what they may do, and one call of one function."""
