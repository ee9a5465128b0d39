"""`python -m impactive_async`: the command line, where the script `impactive` is not on the path."""

from impactive_async.cli import main

main()
