"""The command line, `impactive`: one file a command, over the public API only.

Importing this package loads nothing. click and Rich belong to the extra `cli`, and `main` loads them.
"""

import sys

__all__ = ["main"]

_OF_THE_EXTRA = frozenset({"click", "rich"})


def main() -> None:
    """Run the command line on `sys.argv` and exit with its code."""
    try:
        from impactive_async.cli._app import start
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _OF_THE_EXTRA:
            raise
        sys.exit(f"impactive: the command line needs {error.name}: pip install 'impactive-async[cli]'")
    except KeyboardInterrupt:
        sys.exit(130)
    start()
