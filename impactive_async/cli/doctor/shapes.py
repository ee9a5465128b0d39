"""From an answer to a template: where the rows are, and what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from impactive_async.cli.doctor.meant import has_id, meant
from impactive_async.cli.doctor.places import Place

_KEYS: Final = ("data", "result", "item", "record", "items", "results", "records", "rows", "_embedded")
_DEPTH: Final = 3
_LIST_DEPTH: Final = 2
_NO_ROWS: Final = frozenset(("error", "errors", "warnings", "messages", "details"))
_MORE: Final = frozenset(
    ("hasmore", "hasmorepages", "hasnext", "hasnextpage", "istruncated", "more", "moreavailable", "truncated")
)
_NEXT: Final = frozenset(
    [
        "next",
        "nextcursor",
        "nextlink",
        "nextoffset",
        "nextpage",
        "nextpagetoken",
        "nextpageurl",
        "nextrecordsurl",
        "nexttoken",
        "nexturl",
        "@odata.nextlink",
        "cursor",
    ]
)
_TOTAL: Final = frozenset(
    (
        "total",
        "totalcount",
        "totalelements",
        "totalitems",
        "totalrecords",
        "totalresults",
        "totalrows",
        "totalsize",
    )
)
_PAGE: Final = frozenset(("page", "currentpage", "pagenumber"))
_PAGES: Final = frozenset(("pages", "totalpages", "pagecount", "lastpage"))
_CAP: Final = frozenset(("limit", "perpage", "pagesize", "cap"))
_NAME: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_-]{0,39}")
_INNER: Final = ("steps", "stepCount", "enrollmentCounts")


@attrs.frozen
class Rows:
    """The rows of a list, and how they were wrapped.

    Attributes:
        rows: The rows.
        template: As in a profile.
        more: Whether the answer says that there are more; `None`: it says nothing.
    """

    rows: list[dict[str, Any]]
    template: Any
    more: bool | None = None


def rows_of(document: Any, place: Place) -> Rows | None:
    """Find the rows of a list; `None`: no way to them is known."""
    way = _way_to_rows(document, place)
    if way is None:
        return None
    rows = document
    for key in way:
        rows = rows[key]
    rows = [] if rows is None else rows
    if not all(isinstance(row, dict) for row in rows):
        return None
    markers = dict(_markers(document, way))
    more = _says_more(markers, len(rows))
    rows = [meant(row, place.fields) for row in rows]
    return Rows(rows, _list_template(document, way, place, len(rows)), more)


def _way_to_rows(document: Any, place: Place, depth: int = 0) -> tuple[str, ...] | None:
    if isinstance(document, list):
        return ()
    if not isinstance(document, dict) or depth == _LIST_DEPTH:
        return None
    named = [key for key in (place.many, *_KEYS) if key in document]
    arrays = [key for key, value in document.items() if isinstance(value, list) and key not in _NO_ROWS]
    for key in (*named, *(arrays if len(arrays) == 1 else ())):
        inner = _way_to_rows(document[key], place, depth + 1)
        if inner is not None:
            return (key, *inner)
    return next(((key,) for key in named if document[key] is None), None)  # some print an empty list so


def _markers(document: Any, way: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Everything beside the rows, one level into objects such as `pagination`."""
    for key in way:
        for name, value in document.items():
            if name != key:
                yield name, value
                if isinstance(value, dict):
                    yield from value.items()
        document = document[key]


def _says_more(markers: Mapping[str, Any], shown: int) -> bool | None:
    """Return what the client makes of the same markers; `None` if there are none."""
    said: bool | None = None
    for key, value in markers.items():
        name = _plain(key)
        if name in _MORE and value in (True, False, "true", "false"):
            said = bool(said) or value in (True, "true")
        elif name in _NEXT:
            said = bool(said) or _leads_on(value)
        elif name in (*_TOTAL, "count") and _number(value) is not None:
            said = bool(said) or (_number(value) or 0) > shown
    pages = [_number(value) or 0 for key, value in markers.items() if _plain(key) in _PAGES]
    page = [_number(value) or 0 for key, value in markers.items() if _plain(key) in _PAGE]
    return said if not pages else bool(said) or max(pages) > max([*page, 1])


def _leads_on(value: Any) -> bool:
    return any(map(_leads_on, value.values())) if isinstance(value, dict) else bool(value)


def _number(value: Any) -> int | None:
    return int(value) if type(value) is int or (isinstance(value, str) and value.isdecimal()) else None


def _list_template(document: Any, way: tuple[str, ...], place: Place, shown: int) -> Any:
    if not way:
        return "$rows"
    return {
        _key(name, place): _list_template(value, way[1:], place, shown)
        if name == way[0]
        else _beside(name, value, shown)
        for name, value in document.items()
        if is_name(name)
    }


def _beside(name: str, value: Any, shown: int) -> Any:
    plain = _plain(name)
    if plain in _MORE and isinstance(value, bool):
        return "$more"
    if plain in _NEXT and (value is None or isinstance(value, str)):
        return "$next"
    if plain in _TOTAL:
        return "$total"
    if plain in _CAP and (value is None or type(value) is int):
        return "$cap"
    if plain == "count" and _number(value) is not None:
        return "$count" if _number(value) == shown else "$total"
    if isinstance(value, dict):
        return {key: _beside(key, inner, shown) for key, inner in value.items() if is_name(key)}
    return sample(value)


@attrs.frozen
class Row:
    """The one row of an answer, with what stood beside it, and how it was wrapped."""

    row: dict[str, Any]
    template: Any


def row_of(document: Any, place: Place) -> Row | None:
    """Find the row of an answer; `None`: no way to one is known."""
    way = _way_to_row(document, place)
    if way is None:
        return None
    row, beside = document, dict[str, Any]()
    for key in way:
        beside |= (
            {name: row[name] for name in row if name in _INNER and name != key} if isinstance(row, dict) else {}
        )
        row = row[key]
    return Row(meant({**row, **beside}, place.fields), _row_template(document, way, place))


def _way_to_row(document: Any, place: Place, depth: int = 0) -> tuple[Any, ...] | None:
    if isinstance(document, list):
        inner = _way_to_row(document[0], place, depth) if len(document) == 1 else None
        return None if inner is None else (0, *inner)
    if not isinstance(document, dict) or depth == _DEPTH:
        return None
    if has_id(document):
        return ()
    holders = [key for key, value in document.items() if isinstance(value, dict) and has_id(value)]
    for key in (place.one, *_KEYS, *(holders if len(holders) == 1 else ())):
        if key in document:
            inner = _way_to_row(document[key], place, depth + 1)
            if inner is not None:
                return (key, *inner)
    return None


def _row_template(document: Any, way: tuple[Any, ...], place: Place) -> Any:
    if not way:
        return "$row"
    if way[0] == 0:
        return [_row_template(document[0], way[1:], place)]
    template: dict[str, Any] = {}
    for name, value in document.items():
        if name == way[0]:
            template[_key(name, place)] = _row_template(value, way[1:], place)
        elif name in _INNER:
            template[name] = f"$.{name}"
        elif is_name(name):
            template[name] = sample(value)
    return template


def _key(name: str, place: Place) -> str:
    return "$noun" if name == place.one else "$nouns" if name == place.many else name


def is_name(key: str) -> bool:
    """Whether a key is a name that a programmer gave, and no value of a workspace."""
    return _NAME.fullmatch(key) is not None


def sample(value: Any) -> Any:
    """Return a made-up value of the same kind."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return 0
    if isinstance(value, dict):
        return {key: sample(inner) for key, inner in value.items() if is_name(key)}
    return [] if isinstance(value, list) else "text"


def structure(template: Any, place: Place | None = None) -> str:
    """Show a template in a table: `{success, data: [rows]}`, with the nouns of a place."""
    if place is not None:
        return structure(template).replace("$nouns", place.many).replace("$noun", place.one)
    if isinstance(template, str):
        return {"$rows": "[rows]", "$row": "row", "$answer": "answer"}.get(template, "…")
    if isinstance(template, list):
        return f"[{', '.join(map(structure, template))}]"
    if isinstance(template, dict):
        parts = ((key, structure(value)) for key, value in template.items())
        return "{" + ", ".join(key if shown == "…" else f"{key}: {shown}" for key, shown in parts) + "}"
    return "…"


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
