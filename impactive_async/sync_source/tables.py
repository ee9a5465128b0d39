"""The tables: one for each kind of list, and what dlt is told of their columns."""

from __future__ import annotations

import types
import typing
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

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
    Sequence,
)

if TYPE_CHECKING:
    from impactive_async import AsyncClient, Feed, RowList

NAME: Final = "impactive"
"""The name of the source, under which dlt keeps its state and its schema."""
REMOVED_AT: Final = "_removed_at"
SEQUENCE_ID: Final = "sequence_id"
VALID_TO: Final = "_dlt_valid_to"
"""The column that tables with history have, and others do not."""

GAPS: Final = "_gaps"
COVERAGE: Final = "_coverage"
UNREADABLE: Final = "_unreadable"
EMAILS: Final = "emails_of_sequences"

DIGITS: Final = 38
DECIMALS: Final = 9
"""Of a decimal: the digits in all, and those behind the point. dlt makes such columns everywhere."""

_TYPES: Final[Mapping[Any, str]] = {
    str: "text",
    Decimal: "decimal",
    datetime: "timestamp",
    bool: "bool",
    int: "bigint",
}


@attrs.frozen(kw_only=True)
class Table:
    """A table, and the list or lists that its rows are from.

    Attributes:
        kind: The name of both.
        row: The class of the rows.
        feed: Makes the feed of a list, given the client and the id of the sequence, if it is one's list.
        gather: Fetches all rows that can be reached, given the client; `None`: no more than the feed's page shows.
        listed: Lists what is there now, as `feed` is asked, where removals are followed.
        of_sequence: Whether each sequence has such a list.
        changes: Whether a row of the same id may come again with other contents; if not, there is no history.
        left_out: Fields that the list never fills.
    """

    kind: str
    row: type[attrs.AttrsInstance]
    feed: Callable[..., Feed[Any]]
    gather: Callable[[AsyncClient], Awaitable[RowList[Any]]] | None = None
    listed: Callable[..., Awaitable[RowList[Any]]] | None = None
    of_sequence: bool = False
    changes: bool = True
    left_out: Collection[str] = ()

    @property
    def removals(self) -> bool:
        """Whether the list is shown whole, so that it tells which rows are gone."""
        return self.listed is not None

    @property
    def fields(self) -> list[str]:
        """The fields of a row that have a column, in their order."""
        return [field.name for field in attrs.fields(self.row) if field.name not in self.left_out]

    @property
    def shows_emails(self) -> bool:
        """Whether its rows are emails, of which several sequences may show the same one."""
        return self.of_sequence and not self.changes

    def types(self) -> dict[str, str]:
        """Return dlt's type of each column, also of those that no row has filled yet."""
        hints = typing.get_type_hints(self.row)
        fields = {name: _type(hints[name]) for name in self.fields}
        own = {SEQUENCE_ID: "text"} if self.of_sequence else {}
        return {**fields, **own, **({REMOVED_AT: "timestamp"} if self.removals else {})}


def columns_of(kinds: Mapping[str, str], required: Collection[str] = ()) -> dict[str, Any]:
    """Return dlt's columns, given the type of each."""
    return {
        name: {"name": name, "data_type": kind, "nullable": name not in required} for name, kind in kinds.items()
    }


def _type(annotation: Any) -> str:
    """Return dlt's type. An enum that keeps unknown values is text; what has parts of its own is JSON."""
    united = typing.get_origin(annotation) in (types.UnionType, typing.Union)
    parts = [part for part in typing.get_args(annotation) if part is not type(None)] if united else [annotation]
    return "text" if str in parts else _TYPES.get(parts[0], "json")


def _zapier(kind: str, row: type[attrs.AttrsInstance]) -> Table:
    def feed(crm: AsyncClient, _: str | None) -> Feed[Any]:
        made: Feed[Any] = getattr(crm.zapier, kind).watch()
        return made

    async def gather(crm: AsyncClient) -> RowList[Any]:
        rows: RowList[Any] = await getattr(crm.zapier, kind).list_all()
        return rows

    return Table(kind=kind, row=row, feed=feed, gather=gather)


_ALL: Final = (
    _zapier("companies", Company),
    _zapier("contacts", Contact),
    _zapier("deals", Deal),
    _zapier("invoices", Invoice),
    _zapier("projects", Project),
    Table(
        kind="bookings",
        row=Booking,
        feed=lambda crm, _: crm.bookings.watch(removals=True),
        listed=lambda crm, _: crm.bookings.list(),
    ),
    Table(
        kind="sequences",
        row=Sequence,
        feed=lambda crm, _: crm.sequences.watch(removals=True),
        listed=lambda crm, _: crm.sequences.list(),
        left_out=["steps"],
    ),
    Table(
        kind="enrollments",
        row=Enrollment,
        feed=lambda crm, sequence_id: crm.sequences.watch_enrollments(sequence_id, removals=True),
        listed=lambda crm, sequence_id: crm.sequences.enrollments(sequence_id),
        of_sequence=True,
    ),
    Table(
        kind="sends",
        row=Send,
        feed=lambda crm, sequence_id: crm.sequences.watch_sends(sequence_id),
        of_sequence=True,
        changes=False,
    ),
    Table(
        kind="replies",
        row=Reply,
        feed=lambda crm, sequence_id: crm.sequences.watch_replies(sequence_id),
        of_sequence=True,
        changes=False,
    ),
)
TABLES: Final[Mapping[str, Table]] = {table.kind: table for table in _ALL}

KINDS: Final = tuple(TABLES)
"""The lists that can be synced, each into a table of its name."""
