"""PyInstaller's hook for the command line: a command is imported by its name when it is asked for."""

from impactive_async.cli._app import COMMANDS

hiddenimports = sorted({place.partition(":")[0] for places in COMMANDS.values() for place in places})
