"""What surrounds one request on an aiohttp session: its parts, connections, errors and bodies."""
