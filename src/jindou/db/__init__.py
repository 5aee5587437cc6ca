"""The database: engine, unit of work, metadata, migrations."""
