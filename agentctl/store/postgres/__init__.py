"""PostgreSQL 13 or newer, also behind a pooler in transaction mode: no connection remembers anything between two."""
