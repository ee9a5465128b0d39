"""How a dialect prints the rows of one noun: which function prints each of their fields."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from attrs import define, evolve, field, frozen

from impactive_async.sandbox.dialect.nouns import NOUNS, Noun
from impactive_async.sandbox.dialect.poison import (
    Poison,
    coarse_precision,
    is_chosen,
    poison_of,
    poisoned,
)
from impactive_async.sandbox.dialect.profile.settings import OperationSettings
from impactive_async.sandbox.dialect.times import moment_printer
from impactive_async.sandbox.dialect.values import (
    ADDRESSES,
    id_printer,
    print_count_as_text,
    print_money_as_text,
)
from impactive_async.sandbox.world.times import parse_moment

__all__ = ["PrinterContext", "RowPrinter", "row_printer"]

Wire = dict[str, Any]
Convert = Callable[[Any], Any]


@frozen(eq=False)
class PrinterContext:
    """What the printers of all operations share.

    Attributes:
        ids: The kind of ids, by noun.
        now: The present time of the sandbox.
        poisoned: The rows that a test has poisoned, by noun and id.
    """

    ids: Mapping[str, str]
    now: Callable[[], datetime]
    poisoned: dict[tuple[str, str], Poison] = field(factory=dict)


@define(eq=False)
class RowPrinter:
    """Prints rows of one noun, in place: they are made for one answer, and nobody else has them."""

    _noun: str
    _converts: tuple[tuple[str, Convert], ...]
    _settings: OperationSettings
    _context: PrinterContext
    _print_moment: Convert
    _plain: bool = field(init=False)

    def __attrs_post_init__(self) -> None:
        settings = self._settings
        self._plain = not (settings.missing or settings.null or settings.empty or settings.extra)

    @property
    def may_poison(self) -> bool:
        """Whether rows of this noun may be poisoned."""
        return bool(self._context.poisoned) or self._settings.poison is not None

    def __call__(self, row: Wire) -> Wire:
        """Print one row."""
        poison = self._poison_of(row) if self.may_poison else None
        moments = self._coarse(row, poison) if poison else {}
        _convert(row, self._converts)
        row = row if self._plain else self._changed(row)
        return poisoned(poison, {**row, **moments}, NOUNS[self._noun].moments) if poison else row

    def _poison_of(self, row: Wire) -> Poison | None:
        row_id, setting = row.get("id", ""), self._settings.poison
        if setting is not None and is_chosen(setting, self._noun, row_id):
            return poison_of(setting)
        return self._context.poisoned.get((self._noun, row_id))

    def _coarse(self, row: Wire, poison: Poison) -> Wire:
        precision = coarse_precision(poison)
        if precision is None:
            return {}
        show = moment_printer(evolve(self._settings, time_precision=precision))
        return {name: show(row[name]) for name in NOUNS[self._noun].moments if row.get(name) is not None}

    def _changed(self, row: Wire) -> Wire:
        settings = self._settings
        for name in settings.missing:
            row.pop(name, None)
        for name in settings.null:
            row[name] = None
        for name in settings.empty:
            if name in row and row[name] is None:
                row[name] = ""
        for name, sample in settings.extra.items():
            row[name] = self._print_moment(self._context.now()) if sample == "$now" else sample
        return row


def row_printer(noun: str, settings: OperationSettings, context: PrinterContext) -> RowPrinter:
    """The printer of an operation's rows."""
    show = moment_printer(settings)
    return RowPrinter(noun, _converts(NOUNS[noun], settings, context.ids, show), settings, context, show)


def _converts(
    noun: Noun, settings: OperationSettings, ids: Mapping[str, str], show: Convert
) -> tuple[tuple[str, Convert], ...]:
    found: list[tuple[str, Convert | None]] = []
    found += [(name, id_printer(ids, of)) for name, of in noun.ids.items()]
    found += [(name, show) for name in noun.moments]
    found += [(name, _written(show)) for name in noun.written]
    found += [(name, _counts(settings)) for name in noun.counts]
    found += [(name, print_money_as_text if settings.money == "text" else None) for name in noun.money]
    found += [(name, ADDRESSES[settings.addresses]) for name in noun.addresses]
    found += [(name, _inner(_converts(NOUNS[of], settings, ids, show))) for name, of in noun.inner.items()]
    return tuple((name, convert) for name, convert in found if convert is not None)


def _counts(settings: OperationSettings) -> Convert | None:
    return print_count_as_text if settings.counts == "text" else None


def _inner(converts: tuple[tuple[str, Convert], ...]) -> Convert | None:
    """Print an object inside a row, or each of a list of them."""
    if not converts:
        return None

    def convert(part: Any) -> Any:
        for item in part if isinstance(part, list) else (part,):
            _convert(item, converts)
        return part

    return convert


def _convert(row: Wire, converts: tuple[tuple[str, Convert], ...]) -> None:
    for name, convert in converts:
        value = row.get(name)
        if value is not None:
            row[name] = convert(value)


def _written(show: Convert) -> Convert:
    """Print a moment that a request or a test has written as text."""

    def convert(value: Any) -> Any:
        try:
            return show(parse_moment(value))
        except (ValueError, AttributeError, OverflowError):
            return value  # a test may write anything into a row

    return convert
