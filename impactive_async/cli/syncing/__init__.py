"""`impactive sync`: the workspace in a database's tables, kept up to date."""
