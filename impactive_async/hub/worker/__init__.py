"""A worker: it claims feeds that are due, polls them and commits what is new."""
