"""The rows of a list: kinds of ids, fields, times, counts, money, addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from impactive_async.cli.doctor.examination import Examination, Verdict
from impactive_async.cli.doctor.places import ID_FIELDS, MOMENTS, MONEY, Place
from impactive_async.cli.doctor.shapes import is_name, sample
from impactive_async.cli.doctor.stamps import TICKS, Stamp, finest, read_stamp

Row = dict[str, Any]


def check_ids(examination: Examination, place: Place, rows: Sequence[Row]) -> None:
    """Compare the kinds of ids with text."""
    values = [row.get("id") for row in rows]
    for row in rows:
        examination.learn_id(place.noun, row.get("id"))
        for name, noun in ID_FIELDS.items():
            examination.learn_id(noun, row.get(name))
    check, kinds = f"{place.title}: ids", {_kind(value) for value in values}
    if kinds - {"text", "numbers"}:
        advice = "Rows without an id cannot be read; they are reported one by one."
        examination.tell(check, "text", "some rows have none", Verdict.BREAKS, advice)
        return
    examination.compare(check, "text", " and ".join(sorted(kinds)))


def _kind(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return "none"
    return "text" if isinstance(value, str) else "numbers"


def check_fields(examination: Examination, place: Place, rows: Sequence[Row]) -> None:
    """Say which fields are missing, undocumented, or null in every row."""
    seen = {name for row in rows for name in row if is_name(name)}
    missing, more = sorted(place.fields - seen), sorted(seen - place.fields)
    null = sorted(name for name in seen & place.required if all(row.get(name) is None for row in rows))
    empty = sorted(name for name in seen if any(row.get(name) == "" for row in rows))
    check = f"{place.title}: fields"
    told = [_told("missing", missing), _told("undocumented", more), _told("null", null), _told("empty", empty)]
    differing = "; ".join(filter(None, told))
    lost = sorted((set(missing) | set(null)) & place.required)
    if "id" in lost:
        examination.tell(check, "as documented", differing, Verdict.BREAKS, "A row is known by its id.")
    else:
        examination.compare(check, "as documented", differing or "as documented")
    # Fields of other nouns, such as companyId, are known; what is not known gets a made-up value.
    extra = {name: sample(_any_value(rows, name)) for name in more if name not in ID_FIELDS}
    learnt = {"missing": missing, "null": null, "empty": empty, "extra": extra}
    examination.learn(place.operation, **{key: value for key, value in learnt.items() if value})


def _any_value(rows: Sequence[Row], name: str) -> Any:
    return next((row[name] for row in rows if row.get(name) is not None), None)


def _told(what: str, names: Sequence[str]) -> str:
    return f"{what}: {', '.join(names)}" if names else ""


def check_times(examination: Examination, place: Place, rows: Sequence[Row]) -> None:
    """Compare how moments are printed with ISO 8601 in UTC."""
    values = [row[name] for row in rows for name in MOMENTS if row.get(name) is not None]
    if not values:
        return
    check, assumed = f"{place.title}: times", "iso, milliseconds, UTC"
    stamps = [read_stamp(value) for value in values]
    read = [stamp for stamp in stamps if stamp is not None]
    if len(read) < len(stamps):
        seen = f"{len(stamps) - len(read)} of {len(stamps)} are no timestamps"
        examination.tell(check, assumed, seen, Verdict.BREAKS, "Such rows are reported one by one.")
    if read:
        _learn_times(examination, place, read)
        offsets = {stamp.offset for stamp in read}
        seen = f"{read[0].style}, {finest(read)}, {_zones(offsets)}"
        examination.compare(check, assumed, seen)


def _learn_times(examination: Examination, place: Place, stamps: Sequence[Stamp]) -> None:
    style, precision = stamps[0].style, finest(stamps)
    offsets = {stamp.offset for stamp in stamps}
    learnt: dict[str, Any] = {"time_style": style}
    if style != "postgres":  # PostgreSQL leaves out zeros, so that its digits are those of what it stores
        learnt["time_precision"] = precision
    if None in offsets:
        learnt["time_offset"] = False
    elif offsets != {"UTC"} and len(offsets) == 1:
        learnt["time_zone"] = offsets.pop()
    examination.learn(place.operation, **learnt)
    if style == "postgres" and TICKS[precision] >= TICKS["seconds"]:
        return  # whole seconds may be zeros that were left out
    if examination.stored is None or TICKS[precision] < TICKS[examination.stored]:
        examination.stored = precision


def _zones(offsets: set[str | None]) -> str:
    if None in offsets:
        return "without an offset"
    return "UTC" if offsets == {"UTC"} else "with an offset"


def check_values(examination: Examination, place: Place, rows: Sequence[Row]) -> None:
    """Keep how counts, money and addresses are printed."""
    counts = {type(value) for row in rows for value in _counts(row)}
    money = {type(row[name]) for row in rows for name in MONEY if row.get(name) is not None}
    for key, kinds, what in (("counts", counts, "numbers"), ("money", money, "numbers")):
        if kinds:
            text = str in kinds
            examination.learn(place.operation, **{key: "text" if text else "number"})
            examination.compare(f"{place.title}: {key}", what, "text" if text else what)
    addresses = [row["toAddresses"] for row in rows if row.get("toAddresses")]
    if addresses:
        kind = _addresses(addresses[0])
        examination.learn(place.operation, addresses=kind)
        examination.compare(f"{place.title}: addresses", "list", kind)


def _counts(row: Row) -> Iterator[Any]:
    if row.get("stepCount") is not None:
        yield row["stepCount"]
    if isinstance(row.get("enrollmentCounts"), dict):
        yield from row["enrollmentCounts"].values()


def _addresses(value: Any) -> str:
    if isinstance(value, list):
        return "objects" if value and isinstance(value[0], dict) else "list"
    return "json_text" if isinstance(value, str) and value.startswith("[") else "text"
