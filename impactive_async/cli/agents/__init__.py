"""Commands for AI agents: the MCP server, and how clients are told of it."""
