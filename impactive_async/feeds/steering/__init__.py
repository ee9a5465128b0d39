"""What people do with a saved cursor: they read it in words, and rewind it."""
