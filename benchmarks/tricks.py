"""What each trick of reading buys: the same page, read without it.

    python -m benchmarks.tricks [--repetitions 40] [--check]

The pages and the bases are those of `decode` and `poll`, so that each number can be held against the gate there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final, get_args, get_origin

import attrs
import pydantic

from benchmarks import decode, poll
from benchmarks._run import Result, compare, interleave, main, timed
from impactive_async._codec.bodies import Shape
from impactive_async._codec.codec import loads
from impactive_async._codec.exact import exact_reader
from impactive_async._codec.fast.reader import compile_maker, maker_source
from impactive_async._codec.fast.structs import page_decoder, split_rows
from impactive_async._codec.fields import fields_of, is_open_enum, members_of
from impactive_async._codec.page import RawPage, page, plain_page
from impactive_async._codec.scalars import parse_instant
from impactive_async.models import Enrollment, Send

OURS: Final = "as it is"
PAGES: Final = 3
"""Read in a row by each contender."""

Read = Callable[[bytes], object]


# --- rows of a page


def through_init(cls: type) -> Read:
    """The generated loop, but each row is made by its `__init__` instead of filled while nascent."""
    source = maker_source(cls)
    text = "\n".join(source.lines)
    for row, name in re.findall(r"(\w+) = Nascent(\w+)\(\)", text):
        fields = re.findall(rf"\b{row}\.(\w+) = ", text)
        call = ", ".join(f"{field}={row}_{field}" for field in fields if field != "__class__")
        text = text.replace(f"{row} = Nascent{name}()", "pass").replace(
            f"{row}.__class__ = {name}", f"{row} = {name}({call})"
        )
    text = re.sub(r"\b(row\w*)\.(\w+) = ", r"\1_\2 = ", text)
    make, structs = (
        compile_maker(attrs.evolve(source, lines=text.split("\n")), "reader by init"),
        page_decoder(cls),
    )
    return lambda body: make(structs(body))


def looked_up(cls: type) -> Read:
    """A loop over the fields' getters, converters and setters instead of generated code."""
    make, structs = _looked_up(cls), page_decoder(cls)
    return lambda body: list(map(make, structs(body)))


def _looked_up(cls: type) -> Callable[[Any], Any]:
    steps = [
        (attrgetter(field.name), _converter(field.type), getattr(cls, field.name).__set__, field.default)
        for field in fields_of(cls)
    ]
    set_extra = vars(cls)["extra"].__set__

    def make(struct: Any) -> Any:
        row: Any = object.__new__(cls)
        for get, convert, put, default in steps:
            value = get(struct)
            put(row, default if value is None else value if convert is None else convert(value))
        set_extra(row, {})
        return row

    return make


def _converter(kind: Any) -> Callable[[Any], Any] | None:
    if is_open_enum(kind):
        find = members_of(kind).get
        return lambda value: find(value, value)
    if get_origin(kind) is tuple and get_args(kind)[0] is str:
        return lambda value: (value,) if type(value) is str else value
    if attrs.has(kind):
        return _looked_up(kind)
    return parse_instant if kind.__name__ == "datetime" else None


def exactly(cls: type) -> Read:
    """The exact reader over plain values: no struct and no generated code."""
    read = exact_reader(cls)
    return lambda body: [read(raw, cls) for raw in loads(body)]


WITHOUT: Final = {
    "without filling rows while they are nascent": through_init,
    "without generated code": looked_up,
    "without structs": exactly,
}


def rows_of_a_page(repetitions: int) -> Iterator[Result]:
    """A page of 500 rows."""
    make = decode.Maker()
    jobs = (
        (decode.ENROLLMENTS, make.enrollment, Enrollment, decode.PydanticEnrollment),
        (decode.SENDS, make.send, Send, decode.PydanticSend),
    )
    for title, row, cls, model in jobs:
        body = decode.page_of(row)
        reads = {OURS: decode.ours(cls), **{name: without(cls) for name, without in WITHOUT.items()}}
        check({name: read(body) for name, read in reads.items()})
        reads["pydantic"] = pydantic.TypeAdapter(list[model]).validate_json  # type: ignore[valid-type]
        times = interleave({name: timed(partial(read, body), PAGES) for name, read in reads.items()}, repetitions)
        yield from (compare(times, f"decode {title}, {name}", name, "pydantic") for name in (OURS, *WITHOUT))


def check(found: dict[str, object]) -> None:
    """A contender that reads something else would be no contender."""
    if any(rows != found[OURS] for rows in found.values()):
        raise RuntimeError("the contenders read different rows")


# --- new rows of a polled page


def splitting_all(case: poll.Case) -> Shape[RawPage]:
    """The whole page is split for the sake of the few rows that are new."""
    shape = page(case.rules.id, case.rules.timestamp)

    def texts(body: bytes, places: Sequence[int]) -> list[bytes]:
        rows = split_rows(body) if places else []
        return [bytes(rows[place]) for place in places]

    return lambda body: attrs.evolve(shape(body), pick=partial(texts, body))


def parsing_all(case: poll.Case) -> Shape[RawPage]:
    """Every row is parsed, as where msgspec is not installed."""
    return plain_page(case.rules.id, case.rules.timestamp)


POLLS: Final = {
    "without splitting new rows off alone": splitting_all,
    "without leaving known rows unread": parsing_all,
}


def polls(repetitions: int) -> Iterator[Result]:
    """A poll of a busy list that brings five new rows."""
    for case in poll.CASES:
        runs = {
            OURS: poll.Poll(case),
            **{name: poll.Poll(case, shape=shape(case)) for name, shape in POLLS.items()},
        }
        times = interleave(
            {"orjson": runs[OURS].parse, **{name: run.poll for name, run in runs.items()}}, repetitions
        )
        yield from (compare(times, f"poll of {case.name}, {name}", name, "orjson") for name in (OURS, *POLLS))


def results(repetitions: int) -> list[Result]:
    """The rows of the table."""
    return [*rows_of_a_page(repetitions), *polls(repetitions)]


if __name__ == "__main__":
    sys.exit(main(results, __doc__))
