"""Stores that each break one law, as thin wrappers over SQLite, to see that the checks of a store notice."""
