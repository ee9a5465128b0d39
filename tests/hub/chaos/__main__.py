"""`python -m tests.hub.chaos sqlite redis postgres`: run the chaos and print what it found."""

from __future__ import annotations

import asyncio
import sys

from tests.hub.chaos.findings import report
from tests.hub.chaos.run import unleash

if __name__ == "__main__":
    for chosen in sys.argv[1:] or ("sqlite", "redis", "postgres"):
        print(report(chosen, asyncio.run(unleash(chosen))))
