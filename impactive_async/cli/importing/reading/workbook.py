"""The records of an Excel workbook (.xlsx), by python-calamine: the values its cells show, as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import attrs

from impactive_async.cli.importing.reading.origin import Origin
from impactive_async.cli.importing.reading.records import Record
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.words.wording import listed, quoted

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook


@attrs.frozen
class WorkbookPage:
    """A sheet of a workbook. It is held in memory: a workbook cannot be read in pieces."""

    name: str
    others: tuple[str, ...]
    """The other sheets that a person would see."""
    _rows: CalamineSheet

    def records(self, first_line: int, watch: Callable[[float], object]) -> Iterator[Record]:
        """The rows from this number on, but for blank ones."""
        height = max(1, self._rows.total_height)
        for number, row in enumerate(self._rows.iter_rows(), 1):
            if number % 1000 == 0:
                watch(number / height)
            if number >= first_line:
                cells = tuple(_text(value) for value in row)
                if any(cell.strip() for cell in cells):
                    yield Record(number, number, cells)


def open_page(origin: Origin, chosen: str | None) -> WorkbookPage:
    """Open a sheet of a workbook.

    Args:
        origin: The workbook.
        chosen: Its name or its number; `None`: the first one that can be seen.

    Raises:
        UsageError: It cannot be read, there is no such sheet, or python-calamine is missing.
    """
    book = _open(origin)
    seen = [page.name for page in book.sheets_metadata if _is_seen(page)] or list(book.sheet_names)
    name = seen[0] if chosen is None else _named(origin, book.sheet_names, chosen)
    try:
        rows = book.get_sheet_by_name(name)
    except Exception as error:
        raise _damaged(origin, error) from None
    return WorkbookPage(name, tuple(other for other in seen if other != name), rows)


def _open(origin: Origin) -> CalamineWorkbook:
    try:
        from python_calamine import CalamineWorkbook
    except ModuleNotFoundError:
        raise UsageError(
            f"{origin.name} is an Excel workbook, and reading one needs python-calamine: pip install "
            "'impactive-async[xlsx]'. Or save it as `CSV UTF-8` and import that."
        ) from None
    try:
        return CalamineWorkbook.from_path(origin.path)
    except Exception as error:
        raise _damaged(origin, error) from None


def _damaged(origin: Origin, error: Exception) -> UsageError:
    return UsageError(
        f"{origin.name} is an Excel workbook that cannot be read ({error}): open it in Excel, save it anew, and "
        "import that."
    )


def _is_seen(page: Any) -> bool:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    return bool(page.visible == SheetVisibleEnum.Visible and page.typ == SheetTypeEnum.WorkSheet)


def _named(origin: Origin, names: list[str], chosen: str) -> str:
    if chosen in names:
        return chosen
    alike = [name for name in names if name.casefold().strip() == chosen.casefold().strip()]
    if len(alike) == 1:
        return alike[0]
    if chosen.isdecimal() and 1 <= int(chosen) <= len(names):
        return names[int(chosen) - 1]
    raise UsageError(
        f"--sheet: {origin.name} has no sheet {quoted(chosen)}; it has {listed([quoted(name) for name in names])}."
    )


def _text(value: object) -> str:
    """A value as the sheet shows it, more or less: whole numbers without a fraction, dates as ISO 8601."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
