"""What importing costs a program's start.

    python -m benchmarks.imports [--repetitions 40] [--check]

Each import happens in an interpreter of its own, with its bytecode cached; what counts is the CPU time from before
the import to behind it, so that the interpreter's own start flatters nobody.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from benchmarks._run import Gate, Result, compare, interleave, judge, main

CLIENT: Final = "from impactive_async import AsyncClient; AsyncClient('icrm_' + 'a' * 32)"
FIRST_USE: Final = f"{CLIENT}.sequences"
# The bare import is next to nothing, as names are imported when they are asked for: a client is what people want.
MADE: Final = "import impactive_async, and make a client"
TOUCHED: Final = "the same, and touch `crm.sequences`"
STATEMENTS: Final = {
    "import aiohttp": "import aiohttp",
    "import impactive_async": "import impactive_async",
    MADE: CLIENT,
    TOUCHED: FIRST_USE,
    "import httpx, pydantic": "import httpx, pydantic",
}
CACHING: Final = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
GATES: Final = (
    Gate(MADE, MADE, "import aiohttp", 1.25, 1.10),
    Gate(TOUCHED, TOUCHED, "import aiohttp", 1.40, 1.20),
)


def fresh(statement: str) -> Callable[[], float]:
    """CPU seconds the statement takes in a new interpreter."""
    program = f"import time; start = time.process_time(); {statement}; print(time.process_time() - start)"

    def run() -> float:
        done = subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=CACHING
        )
        return float(done.stdout)

    return run


def results(repetitions: int) -> list[Result]:
    """The rows of the table."""
    times = interleave({name: fresh(statement) for name, statement in STATEMENTS.items()}, repetitions)
    others = ("import impactive_async", "import httpx, pydantic")
    return [
        *(judge(gate, times) for gate in GATES),
        *(compare(times, name, name, "import aiohttp") for name in others),
    ]


if __name__ == "__main__":
    sys.exit(main(results, __doc__))
