"""When the next poll is due: arithmetic, and a heap."""
