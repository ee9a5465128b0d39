"""The output of a command: rows as a table, JSON or CSV on stdout, notes on stderr."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import attrs

from impactive_async.cli.kit.records import RowFields, csv_line, json_line, select, to_json
from impactive_async.cli.kit.streams import flush_out, is_shown, write_err, write_out
from impactive_async.pages.texts import plain

Format = Literal["json", "csv", "table"]


@attrs.define
class Output:
    """Writes rows to standard output, and notes to standard error.

    Args:
        format: `None`: a table if stdout is a terminal, else JSON.
        fields: The fields of each row for programs, such as `contact.email`; `None`: all.
    """

    format: Format | None = None
    fields: tuple[str, ...] | None = None
    _columns: tuple[str, ...] | None = attrs.field(init=False, default=None)
    _headed: bool = attrs.field(init=False, default=False)

    @property
    def for_programs(self) -> bool:
        """Whether rows are written as JSON or CSV."""
        return self._chosen != "table"

    def expect(self, shape: type | tuple[str, ...]) -> None:
        """Set the class of the rows, or their keys. A command does so before it sends anything.

        Raises:
            UsageError: The user asked for a field that the rows do not have.
        """
        known = RowFields(shape)
        known.check(self.fields or ())
        self._columns = known.columns

    def rows(self, rows: Sequence[Any]) -> None:
        """Write a list.

        Raises:
            OutputError: Standard output cannot be written. So with the methods below.
        """
        if self.for_programs:
            self._head(rows)
            # One by one: where output is unbuffered, a large write may end early and say nothing.
            for row in rows:
                write_out(self._record(row))
        elif rows:
            self._table(rows)
        else:
            self.note("Nothing there.")

    def row(self, row: Any) -> None:
        """Write one row of a stream, and flush."""
        from impactive_async.cli.kit.table import line_text

        self._head([row])
        write_out(self._record(row) if self.for_programs else plain(line_text(row)) + "\n")
        flush_out()

    def text(self, text: str) -> None:
        """Write lines for people to standard output, and flush."""
        write_out(plain(text) + "\n")
        flush_out()

    def drawing(self, text: str) -> None:
        """Write what Rich drew, of texts that are plain, to standard output, and flush."""
        write_out(text + "\n")
        flush_out()

    def note(self, text: str) -> None:
        """Write a line for people to standard error."""
        write_err(text)

    @property
    def _chosen(self) -> Format:
        return self.format or ("table" if is_shown() else "json")

    def _head(self, rows: Sequence[Any]) -> None:
        """Write the header of a CSV file, unless it is written."""
        if self._chosen != "csv" or self._headed:
            return
        if self._columns is None and rows:
            self.expect(tuple(rows[0]) if isinstance(rows[0], Mapping) else type(rows[0]))
        if self._columns is not None:
            write_out(self._safe(csv_line(self.fields or self._columns)))
            self._headed = True

    def _record(self, row: Any) -> str:
        if self._chosen == "csv":
            return self._safe(csv_line(list(select(row, self.fields or self._columns or ()).values())))
        return json_line(to_json(row) if self.fields is None else select(row, self.fields))

    def _safe(self, line: str) -> str:
        """Return CSV as it is for files and pipes, and without control characters for terminals."""
        return plain(line) if is_shown() else line

    def _table(self, rows: Sequence[Any]) -> None:
        from impactive_async.cli.kit.table import table_text

        width = shutil.get_terminal_size().columns if is_shown() else None
        text, left_out = table_text(rows, width=width, now=datetime.now(UTC))
        write_out(text)
        if left_out:
            flush_out()
            self.note(f"No room for {', '.join(left_out)}: widen the window, or use --json.")


def name_of(row: Any) -> str:
    """Return what a sentence calls a row: its kind and id, or the whole row if it has no id."""
    row_id = getattr(row, "id", None)
    return f"{type(row).__name__.lower()} {row_id}" if row_id else json_line(row).strip()


def sentence_of(counts: Mapping[str, int]) -> str:
    """Return the result of bulk work as a sentence: the total, then the counts that are not 0."""
    whole, *parts = ((name.replace("_", " "), count) for name, count in counts.items())
    said = [f"{count:,} {name}" for name, count in parts if count] or ["nothing done"]
    noun = whole[0].removesuffix("s") if whole[1] == 1 else whole[0]
    return f"{whole[1]:,} {noun}: {', '.join(said)}."
