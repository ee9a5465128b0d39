"""An MCP server over a workspace: a dozen tools for AI agents, with bounded answers and writes that ask first.

It needs the extra `mcp`. The folder has another name than the official SDK's package, which is called `mcp`.
"""
