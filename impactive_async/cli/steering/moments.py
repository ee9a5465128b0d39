"""Moments and spans of time on the command line, and in what it says."""

from __future__ import annotations

from datetime import UTC, datetime

from impactive_async.cli.kit.arguments import moment, span
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import option

to_option = option("--to", metavar="MOMENT", help="A moment that has been, as 2026-05-01T09:00Z.")
by_option = option("--by", metavar="SPAN", help="So long before now, as 90m, 2h or 3d.")


def chosen_moment(to: str | None, by: str | None) -> datetime:
    """Return the moment that is named by itself or by a span before now.

    Raises:
        UsageError: Both or neither is given, or one cannot be read.
    """
    if (to is None) is (by is None):
        raise UsageError("Say to when: --to MOMENT, as 2026-05-01T09:00Z, or --by SPAN, as 2h.")
    try:
        found = moment(to) if to is not None else datetime.now(UTC) - span(by or "")
    except OverflowError:
        raise UsageError(f"{by!r} before now there was no time.") from None
    assert found is not None  # noqa: S101 - for type checkers: one of them is given
    return found


def said(when: datetime | None) -> str:
    """A moment in words; `nothing` for none."""
    return "nothing" if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
