"""Words of strangers made harmless, rows as short JSON values, and the size of an answer in tokens."""
