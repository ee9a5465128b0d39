"""What an answer says of rows that it does not show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from impactive_async._codec.json_bytes import loads

MORE: Final = frozenset(
    ("hasmore", "hasmorepages", "hasnext", "hasnextpage", "istruncated", "more", "moreavailable", "truncated")
)
NEXT: Final = frozenset(
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
TOTAL: Final = frozenset(
    [
        "total",
        "totalcount",
        "totalelements",
        "totalitems",
        "totalrecords",
        "totalresults",
        "totalrows",
        "totalsize",
        "count",
    ]
)
_PAGE: Final = frozenset(("page", "currentpage", "pagenumber"))
_PAGES: Final = frozenset(("pages", "totalpages", "pagecount", "lastpage"))
_MARKERS: Final = MORE | NEXT | TOTAL | _PAGES
_INNER: Final = frozenset(("pagination", "paging", "meta", "page", "links", "pageinfo"))
_LONGEST: Final = 2000  # bytes of a member that is opened: a marker is short


def says_more(beside: tuple[Mapping[str, Any], ...], shown: int) -> bool:
    """Whether what stands beside the rows says that there are more.

    Args:
        beside: The members beside the rows: plain values, or texts of values.
        shown: How many rows there are.
    """
    return any(_says_more(members, shown) for members in beside)


def is_marker(key: str) -> bool:
    """Whether the member of this name says whether there are more rows."""
    return bare(key) in _MARKERS


def _says_more(members: Mapping[str, Any], shown: int) -> bool:
    named = [(bare(key), member) for key, member in members.items()]
    return any(_marks_more(name, member, shown) for name, member in named) or _is_early_page(named)


def _is_early_page(named: Sequence[tuple[str, Any]]) -> bool:
    """Whether there are pages behind this one. Some services call the first page 0, so a 0 counts as a 1."""
    if _PAGES.isdisjoint(name for name, _ in named):
        return False
    page, pages = (
        max((_number(_plain(member)) for name, member in named if name in names), default=0)
        for names in (_PAGE, _PAGES)
    )
    return pages > max(page, 1)


@lru_cache(maxsize=256)
def bare(key: str) -> str:
    """Return a key as it is compared: `has_more` and `hasMore` are one."""
    return key.replace("_", "").replace("-", "").lower()


def _marks_more(name: str, member: Any, shown: int) -> bool:
    if name in _INNER:
        inner = _plain(member)
        return isinstance(inner, Mapping) and _says_more(inner, shown)
    if name in MORE:
        return _plain(member) in (True, "true")
    if name in NEXT:
        return _leads_on(_plain(member))
    return name in TOTAL and _number(_plain(member)) > shown


def _leads_on(value: Any) -> bool:
    """Whether a link or a cursor is one; within an object, such as `{"href": null}`, whether any of it is."""
    if isinstance(value, Mapping):
        return any(map(_leads_on, value.values()))
    return value not in (None, False, "", 0, [])


def _plain(member: Any) -> Any:
    if type(member) is not bytes:
        return member
    try:
        return loads(member) if len(member) <= _LONGEST else None
    except ValueError:
        return None


def _number(value: Any) -> int:
    if type(value) is str and value.isdecimal():
        return int(value)
    return value if type(value) is int else 0


def link_says_more(link: str) -> bool:
    """Whether a `Link` header names a next page."""
    return any('rel="next"' in part or "rel=next" in part for part in link.split(","))
