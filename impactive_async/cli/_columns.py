"""What a table shows of each kind of row: a person's selection; `--json` shows everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


@attrs.frozen
class Column:
    """A column of a table.

    Attributes:
        title: Its head.
        value: What it shows of a row; `None` shows as nothing.
        style: A Rich style.
        justify: Where it stands in its column.
        whole: Never broken over two lines, because people copy it.
    """

    title: str
    value: Callable[[Any], object]
    style: str = ""
    justify: Literal["left", "right"] = "left"
    whole: bool = False


def _text(title: str, name: str) -> Column:
    return Column(title, attrgetter(name))


def _id(name: str = "id", title: str = "Id") -> Column:
    return Column(title, attrgetter(name), style="cyan", whole=True)


def _whole(title: str, name: str) -> Column:
    return Column(title, attrgetter(name), whole=True)


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
        _text("Website", "website"),
        _text("Industry", "industry"),
        _text("Email", "email"),
    ),
    Contact: (
        _id(),
        Column("Name", _name),
        _text("Email", "email"),
        _text("Title", "title"),
        _text("Company", "company_name"),
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
        _whole("Next send", "next_send_at"),
        _whole("Updated", "updated_at"),
    ),
    Invoice: (
        _id(),
        _whole("Number", "invoice_number"),
        _whole("Status", "status"),
        _count("Total", _money("total")),
        _whole("Due", "due_date"),
        _text("Company", "company_name"),
    ),
    Project: (
        _id(),
        _text("Name", "name"),
        _whole("Status", "status"),
        _whole("Stage", "stage_name"),
        _text("Company", "company_name"),
        _whole("Due", "due_date"),
    ),
    Reply: (
        _whole("Date", "email_date"),
        _text("From", "from_address"),
        _text("Subject", "subject"),
        _text("Text", "body"),
        _id("contact_id", "Contact"),
    ),
    Send: (
        _whole("Date", "email_date"),
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
        _text("Text", "body"),
        _id(),
    ),
    Workspace: (_id(), _text("Workspace", "name")),
}


def columns_of(row: Any) -> tuple[Column, ...]:
    """The columns for a row; of a mapping, its keys; of another value, its fields."""
    known = _COLUMNS.get(type(row))
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
    return name.replace("_", " ").capitalize()
