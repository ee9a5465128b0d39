"""What an engine promises to workers and readers, and the values that they exchange."""
