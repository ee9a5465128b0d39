"""How fast we are, against the alternatives and against the floor under both: `make bench`."""
