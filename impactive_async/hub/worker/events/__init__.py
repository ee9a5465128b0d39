"""The events that a poll becomes: rows, gaps and rows that cannot be read."""
