"""Every list: how it is wrapped, its ids, order, length, fields and times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from impactive_async.cli.doctor.checks.rows import check_fields, check_ids, check_times, check_values
from impactive_async.cli.doctor.examination import Examination, Listed, Verdict
from impactive_async.cli.doctor.exchange import NOT_JSON, Exchange
from impactive_async.cli.doctor.places import (
    CONTACTS,
    OF_CONTACT,
    OF_SEQUENCE,
    OF_WORKSPACE,
    SEQUENCE,
    SEQUENCES,
    Place,
)
from impactive_async.cli.doctor.shapes import row_of, rows_of, structure
from impactive_async.cli.doctor.stamps import read_stamp

REQUESTS: Final = len(OF_WORKSPACE) + 1 + len(OF_SEQUENCE) + 1


async def check_lists(examination: Examination) -> None:
    """Read every list once, and one sequence with its lists."""
    for place in OF_WORKSPACE:
        await read_list(examination, place)
    sequence = _busiest_sequence(examination)
    if sequence is not None:
        examination.sequence_id = sequence
        await _read_sequence(examination, sequence)
        for place in OF_SEQUENCE:
            await read_list(examination, place, sequence)
    else:
        for place in (SEQUENCE, *OF_SEQUENCE):
            examination.tell(place.title, "", "no sequence to look at", Verdict.NOT_SEEN)
    contact = _correspondent(examination)
    if contact is not None:
        await read_list(examination, OF_CONTACT, contact)


async def read_list(examination: Examination, place: Place, *ids: str) -> None:
    """Read a list and look at all that one page of it shows."""
    exchange = await examination.prober.ask("GET", place.template, *ids)
    found = rows_of(exchange.document, place) if exchange.succeeded else None
    if found is None:
        _tell_unreadable(examination, place, exchange)
        return
    examination.lists[place.operation] = Listed(place, exchange, found, ids)
    template = found.template
    examination.compare(f"{place.title}: envelope", "[rows]", structure(template, place))
    examination.learn(place.operation, list=template)
    if not found.rows:
        examination.tell(f"{place.title}: rows", "", "none there", Verdict.NOT_SEEN)
        return
    check_ids(examination, place, found.rows)
    check_fields(examination, place, found.rows)
    check_times(examination, place, found.rows)
    check_values(examination, place, found.rows)
    _check_order(examination, place, found.rows)
    _check_length(examination, place, exchange)


def _tell_unreadable(examination: Examination, place: Place, exchange: Exchange) -> None:
    check, assumed = f"{place.title}: envelope", "[rows]"
    if exchange.status in (403, 404):
        advice = "The SDK does without a list that the key may not read." if exchange.status == 403 else ""
        examination.tell(check, assumed, f"status {exchange.status}", Verdict.HANDLED, advice)
        return
    document = exchange.document
    what = "no JSON" if document is NOT_JSON else structure(_outline(document))
    seen = exchange.trouble or (what if exchange.succeeded else f"status {exchange.status}")
    advice = "Report this with --report: no rows were found in it."
    if document is NOT_JSON:
        advice = "This is no answer of the API: is --base-url its host?"
    if not exchange.succeeded:
        advice = "Try again later; if it stays so, report this with --report."
    examination.tell(check, assumed, seen, Verdict.BREAKS, advice)


def _outline(document: Any) -> Any:
    from impactive_async.cli.doctor.shapes import sample

    return sample(document)


async def _read_sequence(examination: Examination, sequence: str) -> None:
    exchange = await examination.prober.ask("GET", SEQUENCE.template, sequence)
    found = row_of(exchange.document, SEQUENCE) if exchange.succeeded else None
    if found is None:
        seen = exchange.trouble or f"no row (status {exchange.status})"
        examination.tell("sequences.get", "row", seen, Verdict.BREAKS, "Report this with --report.")
        return
    examination.compare("sequences.get", "row", structure(found.template, SEQUENCE))
    examination.learn(SEQUENCE.operation, row=found.template, status=exchange.status)
    check_times(examination, SEQUENCE, [found.row])
    check_values(examination, SEQUENCE, [found.row])
    for step in found.row.get("steps") or ():
        if isinstance(step, dict):
            examination.learn_id("steps", step.get("id"))


def _busiest_sequence(examination: Examination) -> str | None:
    listed = examination.lists.get(SEQUENCES.operation)
    rows = [row for row in listed.found.rows if _text_id(row)] if listed else []
    return _text_id(max(rows, key=_enrolled)) if rows else None


def _enrolled(row: dict[str, Any]) -> int:
    counts = row.get("enrollmentCounts")
    total = counts.get("total") if isinstance(counts, dict) else 0
    return int(total) if isinstance(total, int) or (isinstance(total, str) and total.isdecimal()) else 0


def _text_id(row: dict[str, Any], name: str = "id") -> str | None:
    value = row.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None


def _correspondent(examination: Examination) -> str | None:
    """Return somebody who wrote, else anybody."""
    for operation, name in (("sequences.replies", "contactId"), (CONTACTS.operation, "id")):
        listed = examination.lists.get(operation)
        for row in listed.found.rows if listed else ():
            if found := _text_id(row, name):
                return found
    return None


_SAYS: Final = {
    "newest": "newest change first",
    "created": "latest created first",
    "oldest": "oldest change first",
    "shuffled": "no order",
}


_UNORDERED: Final = (
    "A full page may hide newer rows. Poll so often that pages stay short, and report this with --report."
)


def _check_order(examination: Examination, place: Place, rows: Sequence[dict[str, Any]]) -> None:
    polled = place.cap is not None or place.stamp is not None
    assumed = "newest" if polled else "created"
    orders = list(_orders(place, rows))
    if len(rows) < 2 or not orders:
        return
    order = assumed if assumed in orders else orders[0]
    otherwise = Verdict.HANDLED if order in ("newest", "created") or not polled else Verdict.BREAKS
    if order in ("oldest", "shuffled") and _is_cut(examination, place) is False:
        otherwise = Verdict.HANDLED
    examination.compare(f"{place.title}: order", _SAYS[assumed], _SAYS[order], otherwise, _UNORDERED)
    examination.learn(place.operation, order=order)


def _orders(place: Place, rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the orders in which the rows may be."""
    changed = _moments(rows, place.stamp or ("emailDate" if place.noun == "replies" else "updatedAt"))
    created = _moments(rows, "createdAt")
    if not changed and not created:
        return
    if changed and all(newer >= older for newer, older in pairwise(changed)):
        yield "newest"
    if created and all(newer >= older for newer, older in pairwise(created)):
        yield "created"
    if changed and all(older <= newer for older, newer in pairwise(changed)):
        yield "oldest"
    yield "shuffled"


def _moments(rows: Sequence[dict[str, Any]], name: str) -> list[int]:
    stamps = [read_stamp(row.get(name)) for row in rows]
    return [stamp.at for stamp in stamps if stamp is not None] if all(stamps) else []


def _is_cut(examination: Examination, place: Place) -> bool | None:
    listed = examination.lists[place.operation]
    link = 'rel="next"' in listed.exchange.headers.get("link", "")
    return True if link else listed.found.more


def _check_length(examination: Examination, place: Place, exchange: Exchange) -> None:
    if place is CONTACTS:
        return
    shown, more = len(examination.lists[place.operation].found.rows), _is_cut(examination, place)
    check = f"{place.title}: length"
    assumed = "all rows" if place.cap is None else f"at most {place.cap}"
    if 'rel="next"' in exchange.headers.get("link", ""):
        examination.learn(place.operation, link=True)
    if more:
        seen = f"{shown}, and says that there are more"
        same = shown == place.cap
        examination.learn(place.operation, cap=shown)
        examination.tell(check, assumed, seen, Verdict.AS_ASSUMED if same else Verdict.HANDLED)
    elif place.cap is not None and shown > place.cap:
        examination.learn(place.operation, cap=None if more is False else shown)
        examination.tell(check, assumed, f"{shown}", Verdict.HANDLED)
    else:
        complete = ", and says that these are all" if more is False else ""
        examination.tell(check, assumed, f"{shown}{complete}", Verdict.AS_ASSUMED)
