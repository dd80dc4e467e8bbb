"""PostgreSQL 13 or newer, also behind a pooler in transaction mode: nothing is left on a connection between transactions."""
