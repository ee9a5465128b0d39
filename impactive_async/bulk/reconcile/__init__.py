"""Finding out what the server did with rows whose answer was lost."""
