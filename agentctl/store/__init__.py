"""Where conversations live: databases, migrations and sessions."""
