"""The SQLite backend, and the only user of `sqlite3`."""
