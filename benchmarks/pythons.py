"""The same ratios on several interpreters, and on uvloop: writes benchmarks/pythons.md.

    python -m benchmarks.pythons python3.11 python3.13 python3.13+uvloop [--repetitions 20]

Each is an interpreter whose environment has the package with its extra `bench`, and with `+uvloop` uvloop too.
They run one after the other: compare ratios, which are taken within one run, and not times.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

HERE: Final = Path(__file__).parent
NAMES: Final = ("imports", "decode", "poll", "call", "cursor", "idle")
"""Benchmarks of one process without an engine."""


def measured(python: str, repetitions: int) -> tuple[str, dict[tuple[str, str], float]]:
    """What an interpreter is called, and its ratios by benchmark and base."""
    path, _, loop = python.partition("+")
    version = subprocess.run([path, "-c", VERSION], check=True, capture_output=True, text=True).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "rows.json")
        options = ["--repetitions", str(repetitions), "--json", str(file), *(["--uvloop"] if loop else [])]
        subprocess.run([path, "-m", "benchmarks", *NAMES, *options], check=True)
        rows: list[dict[str, Any]] = orjson.loads(file.read_bytes())
    return version + (", uvloop" if loop else ""), {
        (row["benchmark"], row["base"]): row["value"] for row in rows if row["unit"] == "x" and not row["missing"]
    }


VERSION: Final = (
    "import platform, sysconfig; print(platform.python_version() "
    "+ ('t' if sysconfig.get_config_var('Py_GIL_DISABLED') else ''))"
)


def table(columns: dict[str, dict[tuple[str, str], float]]) -> str:
    """A row for each ratio, a column for each interpreter."""
    rows = dict.fromkeys(row for column in columns.values() for row in column)
    lines = [f"| benchmark | base | {' | '.join(columns)} |", "| --- " * (2 + len(columns)) + "|"]
    for name, base in rows:
        values = (column.get((name, base)) for column in columns.values())
        shown = ("-" if value is None else f"{value:.2f}" for value in values)
        lines.append(f"| {name} | {base} | {' | '.join(shown)} |")
    return "\n".join(lines)


def main() -> int:
    """Run and write; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pythons", nargs="+", metavar="python", help="an interpreter, with or without +uvloop")
    parser.add_argument("--repetitions", type=int, default=20)
    options = parser.parse_args()
    columns = dict(measured(python, options.repetitions) for python in options.pythons)
    text = f"""# The same ratios on several interpreters

{datetime.now(UTC):%Y-%m-%d}, by `python -m benchmarks.pythons`, each in a run of its own. What we take as a
multiple of what the base takes on the same interpreter and event loop. `results.md` says what is compared.

{table(columns)}
"""
    (HERE / "pythons.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
