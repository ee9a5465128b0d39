"""The columns that tables show of each kind of row. JSON and CSV have every field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Final, Literal

import attrs

from impactive_async.models import (
    Booking,
    Company,
    Contact,
    Deal,
    Enrollment,
    Invoice,
    Project,
    Reply,
    Send,
    SendingAccount,
    Sequence,
    Step,
    Workspace,
)
from impactive_async.pages.texts import plain


@attrs.frozen
class Column:
    """A column of a table, or a labelled part of a line.

    Attributes:
        title: The head of the column, or the label.
        value: Returns what the column shows of a row; `None` is shown as nothing.
        style: A Rich style.
        justify: To which side the cells are aligned.
        whole: Whether cells are never cut, because people copy them or they are short.
        lines: How many lines a cell may take.
        relative: Whether tables show times by their distance from now.
    """

    title: str
    value: Callable[[Any], object]
    style: str = ""
    justify: Literal["left", "right"] = "left"
    whole: bool = False
    lines: int = 1
    relative: bool = False


def _text(title: str, name: str, *, lines: int = 1) -> Column:
    return Column(title, attrgetter(name), lines=lines)


def _id(name: str = "id", title: str = "Id") -> Column:
    return Column(title, attrgetter(name), style="cyan", whole=True)


def _whole(title: str, name: str) -> Column:
    return Column(title, attrgetter(name), whole=True)


def _when(title: str, name: str) -> Column:
    return Column(title, attrgetter(name), whole=True, relative=True)


def _day(title: str, name: str) -> Column:
    return Column(title, lambda row: _date(getattr(row, name)), whole=True)


def _date(value: object) -> object:
    return f"{value.astimezone(UTC):%Y-%m-%d}" if isinstance(value, datetime) else value


def _count(title: str, value: Callable[[Any], object]) -> Column:
    return Column(title, value, justify="right", whole=True)


def _counted(status: str) -> Callable[[Any], object]:
    return lambda row: row.enrollment_counts and getattr(row.enrollment_counts, status)


def _name(row: Any) -> str:
    return " ".join(filter(None, (row.first_name, row.last_name)))


def _enrolled_name(row: Enrollment) -> str:
    return _name(row.contact) if row.contact else ""


def _money(name: str) -> Callable[[Any], object]:
    def show(row: Any) -> str | None:
        amount = getattr(row, name)
        return None if amount is None else f"{amount:,.2f} {row.currency or ''}".rstrip()

    return show


def _steps(row: Sequence) -> object:
    return len(row.steps) if row.steps is not None else row.step_count


_COLUMNS: Final[Mapping[type, tuple[Column, ...]]] = {
    Booking: (
        _id(),
        _whole("Start", "start_time"),
        _text("Title", "title"),
        _text("Guest", "guest_name"),
        _whole("Status", "status"),
        _id("contact_id", "Contact"),
    ),
    Company: (
        _id(),
        _text("Name", "name"),
        _text("Email", "email"),
        _text("Website", "website"),
        _text("Industry", "industry"),
    ),
    Contact: (
        _id(),
        Column("Name", _name),
        _text("Email", "email"),
        _text("Company", "company_name"),
        _text("Title", "title"),
    ),
    Deal: (
        _id(),
        _text("Name", "name"),
        _count("Value", _money("value")),
        _whole("Stage", "stage_name"),
        _text("Company", "company_name"),
        _text("Contact", "primary_contact_name"),
    ),
    Enrollment: (
        _id("contact_id", "Contact"),
        Column("Name", _enrolled_name),
        _whole("Status", "status"),
        _count("Step", attrgetter("current_step")),
        _when("Next send", "next_send_at"),
        _when("Updated", "updated_at"),
    ),
    Invoice: (
        _id(),
        _whole("Number", "invoice_number"),
        _whole("Status", "status"),
        _count("Total", _money("total")),
        _day("Due", "due_date"),
        _text("Company", "company_name"),
    ),
    Project: (
        _id(),
        _text("Name", "name"),
        _whole("Status", "status"),
        _whole("Stage", "stage_name"),
        _day("Due", "due_date"),
        _text("Company", "company_name"),
    ),
    Reply: (
        _when("Date", "email_date"),
        _text("From", "from_address"),
        _text("Subject", "subject"),
        _text("Text", "body", lines=3),
        _id("contact_id", "Contact"),
    ),
    Send: (
        _when("Date", "email_date"),
        Column("To", lambda row: ", ".join(row.to_addresses)),
        _text("Subject", "subject"),
        _id("contact_id", "Contact"),
    ),
    SendingAccount: (
        _id(),
        _text("Name", "name"),
        _text("From", "from_email"),
        _text("Server", "smtp_host"),
        _text("Synced", "sync_enabled"),
    ),
    Sequence: (
        _id(),
        _text("Name", "name"),
        _whole("Status", "status"),
        _count("Steps", _steps),
        _count("Enrolled", _counted("total")),
        _count("Active", _counted("active")),
        _count("Paused", _counted("paused")),
        _count("Completed", _counted("completed")),
    ),
    Step: (
        _count("Step", attrgetter("position")),
        _count("Days after", attrgetter("delay_days")),
        _text("Subject", "subject"),
        _text("Text", "body", lines=20),
        _id(),
    ),
    Workspace: (_id(), _text("Workspace", "name")),
}
"""In order of importance: what a narrow table has no room for is left out from the end."""


def columns_of(row: Any) -> tuple[Column, ...]:
    """Return the columns for a row: those chosen for its class, here or by its `TABLE`, else one for each."""
    known: tuple[Column, ...] | None = _COLUMNS.get(type(row)) or getattr(type(row), "TABLE", None)
    if known is not None:
        return known
    if isinstance(row, Mapping):
        return tuple(Column(_title(key), lambda item, key=key: item.get(key)) for key in row)  # type: ignore[misc]
    return tuple(
        Column(_title(field.name), attrgetter(field.name))
        for field in attrs.fields(type(row))
        if field.name != "extra"
    )


def _title(name: str) -> str:
    """Return the title for a key. A key may come from a file, so it is made harmless."""
    return plain(name).replace("_", " ").capitalize()


def cell(column: Column, row: Any, now: datetime | None = None) -> str:
    """Return the text of a cell: one line, without characters that control the terminal.

    Args:
        column: The column.
        row: The row.
        now: The present time, for columns that show times relative to it; `None`: no column does.
    """
    value = column.value(row)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return (
            distance(value, now)
            if now is not None and column.relative
            else f"{value.astimezone(UTC):%Y-%m-%d %H:%M}Z"
        )
    return plain(" ".join(str(value).split()))


_WEEK: Final = timedelta(days=7)
_UNITS: Final = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


def distance(moment: datetime, now: datetime) -> str:
    """Return a time within a week of `now` as its distance, such as `5 min ago`; any other as its date."""
    apart = abs(moment - now)
    if apart >= _WEEK:
        return f"{moment.astimezone(UTC):%Y-%m-%d}"
    for unit, sign in _UNITS:
        if apart >= unit:
            count = apart // unit
            return f"{count} {sign} ago" if moment < now else f"in {count} {sign}"
    return "now"
