"""How a dialect prints the answers of one operation: rows into a template, with a status and headers."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

from attrs import define, evolve, field, frozen

from impactive_async.sandbox.dialect.nouns import NOUNS
from impactive_async.sandbox.dialect.profile.operations import OPERATIONS, Operation
from impactive_async.sandbox.dialect.profile.settings import OperationSettings
from impactive_async.sandbox.dialect.rows import PrinterContext, RowPrinter, Wire, row_printer
from impactive_async.sandbox.dialect.templates import fill, has_placeholder, picked_fields
from impactive_async.sandbox.dialect.values import print_count_as_text

__all__ = ["AnswerPrinter", "ListPage", "Printed", "answer_printer", "shift"]


@frozen(kw_only=True)
class ListPage:
    """The rows of one page of a list, and what markers say of the others.

    Attributes:
        rows: The rows, as the contract has them.
        more: Whether rows were cut off.
        cap: The most rows that the page can have; `None`: no limit.
        total: How many rows there are in all, where the template shows it.
        last_id: Id of the last row of the page; `None`: the page is empty.
    """

    rows: list[Wire]
    more: bool = False
    cap: int | None = None
    total: int | None = None
    last_id: str | None = None


@frozen(kw_only=True)
class Printed:
    """An answer before it becomes bytes: a JSON document, HTML, or no body; `poisoned` rows may be in it."""

    status: int
    kind: Literal["json", "html", "none"] = "json"
    content: Any = None
    headers: Mapping[str, str] = field(factory=dict)
    poisoned: bool = False


@define(eq=False)
class AnswerPrinter:
    """Prints the answers of one operation."""

    settings: OperationSettings
    _operation: Operation
    _print_row: RowPrinter
    _template: Any
    _picked: list[str] = field(init=False)
    wants_total: bool = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._picked = picked_fields(self._template)
        self.wants_total = has_placeholder(self._template, "$total")
        self._fill_with_samples()

    def _fill_with_samples(self) -> None:
        """Find placeholders that do not exist when the sandbox is made, not when it answers."""
        if self._operation.shape in ("list", "batch"):
            fill(self._template, self._list_values(ListPage(rows=[]), []))
        else:
            fill(self._template, self._values({}))

    def __call__(self, document: Any, path: str) -> Printed:
        """Print a row, an answer, a list of rows or a `ListPage`; `path` is for links."""
        headers = {}
        if isinstance(document, ListPage) and self.settings.link and document.more:
            headers["Link"] = f'<{path}?cursor={quote(document.last_id or "", safe="")}>; rel="next"'
        status = self.settings.status
        if status == 204:
            return Printed(status=status, kind="none", headers=headers)
        content = self._content(document)
        return Printed(status=status, content=content, headers=headers, poisoned=self._print_row.may_poison)

    def _content(self, document: Any) -> Any:
        if isinstance(document, ListPage):
            return self._list(document)
        if isinstance(document, list):
            return self._list(ListPage(rows=document, total=len(document)))
        return self._one(self._print_row(document))

    def _one(self, row: Wire) -> Any:
        if self._template == "$row":
            return row
        return fill(self._template, self._values(row))

    def _values(self, row: Wire) -> dict[str, Any]:
        picked = {f"$.{name}": row.get(name) for name in self._picked}
        body = self._operation.body or row
        rest = {name: row[name] for name in body if name in row and name not in self._picked}
        return {f"${self._operation.shape}": rest, **picked, **self._nouns()}

    def _list(self, page: ListPage) -> Any:
        rows = [self._print_row(row) for row in page.rows]
        return rows if self._template == "$rows" else fill(self._template, self._list_values(page, rows))

    def _list_values(self, page: ListPage, rows: list[Wire]) -> dict[str, Any]:
        return {
            "$rows": rows,
            "$more": page.more,
            "$next": page.last_id if page.more else None,
            "$total": self._count(page.total),
            "$count": self._count(len(rows)),
            "$cap": page.cap,
            **self._nouns(),
        }

    def _count(self, value: int | None) -> Any:
        return print_count_as_text(value) if self.settings.counts == "text" else value

    def _nouns(self) -> dict[str, str]:
        noun = NOUNS[self._operation.noun]
        return {"$noun": noun.one, "$nouns": noun.many}


def answer_printer(name: str, settings: OperationSettings, context: PrinterContext) -> AnswerPrinter:
    """The printer of an operation.

    Raises:
        ValueError: A template has a placeholder that does not exist; the message names the operation.
    """
    operation = OPERATIONS[name]
    template = getattr(settings, operation.shape)
    if operation.shape == "batch" and template is None:
        template = settings.list
    print_row = row_printer(operation.noun, settings, context)
    try:
        return AnswerPrinter(settings, operation, print_row, template)
    except ValueError as error:
        raise ValueError(f"the {operation.shape} template of {name}: {error}") from None


def shift(document: Any, by: timedelta) -> Any:
    """A document of the contract whose moments are all later by so much."""
    if isinstance(document, ListPage):
        return evolve(document, rows=shift(document.rows, by))
    if isinstance(document, datetime):
        return document + by
    if isinstance(document, dict):
        return {name: shift(value, by) for name, value in document.items()}
    return [shift(item, by) for item in document] if isinstance(document, list) else document
