"""What happens in a process that runs for long: a line for people, an object for programs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run
    from impactive_async.hub import Report


def keys_of(kinds: Iterable[type[Report]]) -> tuple[str, ...]:
    """Return the keys that each report of these kinds has for programs."""
    import attrs

    fields = (field.name for kind in kinds for field in attrs.fields(kind))
    return tuple(dict.fromkeys(("time", "event", *fields)))


def write_report(run: Run, report: Report, keys: tuple[str, ...]) -> None:
    """Write one report."""
    from impactive_async.cli.kit.records import to_json

    now = datetime.now(UTC)
    if run.out.for_programs:
        run.out.row({**dict.fromkeys(keys), "time": now, "event": report.kind, **to_json(report)})
    else:
        run.out.text(f"{now:%H:%M:%SZ}  {report.kind:<12}  {report}")
