"""One attempt: an event sent by HTTP or to a broker, and what became of it."""
