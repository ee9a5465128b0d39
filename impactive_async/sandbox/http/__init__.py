"""Between a socket and the routes: faults, limits and the journal of requests."""
