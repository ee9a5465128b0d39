"""The engine in one SQLite file: what is its own."""
