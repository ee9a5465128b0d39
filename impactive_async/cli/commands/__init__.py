"""Commands that run for long, and those of hubs. One file a command."""
