"""Decoding a page of 500 rows, against pydantic, msgspec and the floor under all: orjson to dicts.

    python -m benchmarks.decode [--repetitions 40] [--check]

From bytes to frozen rows with aware datetimes and strict scalars. The garbage collector runs as always.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final

import attrs
import msgspec
import orjson
import pydantic
from pydantic.alias_generators import to_camel

from benchmarks._run import Gate, Result, compare, interleave, judge, main, timed
from impactive_async._codec.fast.reader import compile_maker, maker_source
from impactive_async._codec.fast.structs import page_decoder
from impactive_async._codec.page import page
from impactive_async._codec.shapes import many
from impactive_async._http.decipher import decipher
from impactive_async._http.learnt.deviations import Deviations
from impactive_async._http.wire import Response, build_request, get
from impactive_async.models import Enrollment, EnrollmentStatus, Send

ROWS: Final = 500
BODY_BYTES: Final = 1_500
PAGES: Final = 3
"""Decoded in a row by each contender."""
ENROLLMENTS, SENDS = "500 enrollments", "500 sends with bodies of 1.5 kB"


@attrs.frozen
class Contender:
    """One way to do the job."""

    name: str
    run: Callable[[bytes], object]


US: Final = "impactive"
KEEPING: Final = "pydantic, extra=allow"
BARE: Final = "impactive, without an envelope"
DROPPING: Final = "impactive, dropping unknown fields"
GATES: Final = (("pydantic", 0.80, 0.60), ("orjson", 3.0, 2.4), (DROPPING, 1.10, 1.05))
"""Base, gate and aim."""


# --- the pages


class Maker:
    """Rows as a server prints them; the same ones in every run."""

    def __init__(self) -> None:
        self._random = random.Random(7)

    def id(self, prefix: str) -> str:
        """A fresh one."""
        return f"{prefix}_{self._random.getrandbits(96):024x}"

    def moment(self) -> str:
        """To the millisecond."""
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self._random.randrange(10**10))
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def enrollment(self, number: int) -> dict[str, Any]:
        """A row of contract #14 with every field."""
        contact = self.id("ct")
        paused = number % 7 == 0
        return {
            "id": self.id("en"),
            "contactId": contact,
            "contact": {
                "id": contact,
                "firstName": "Ada",
                "lastName": "Lovelace",
                "email": f"ada{number}@example.com",
            },
            "status": "paused" if paused else "completed" if number % 5 == 0 else "active",
            "currentStep": number % 4,
            "startedAt": self.moment(),
            "nextSendAt": self.moment(),
            "completedAt": self.moment() if number % 5 == 0 else None,
            "pausedAt": self.moment() if paused else None,
            "pauseReason": "replied" if paused else None,
            "lastSendError": None,
            "lastSendErrorAt": None,
            "consecutiveFailures": 0,
            "updatedAt": self.moment(),
        }

    def send(self, number: int) -> dict[str, Any]:
        """A row of contract #15 with every field."""
        answer = "“yes”" if number % 3 == 0 else "yes"  # a third beyond ASCII: curly quotes are common in email
        text = f"Hello {number},\n\nthank you for your interest: {answer} is all we need.\n"
        return {
            "id": self.id("sd"),
            "contactId": self.id("ct"),
            "sequenceStepId": self.id("st"),
            "sequenceEnrollmentId": self.id("en") if number % 9 else None,
            "subject": f"Your question of {number % 28 + 1} March",
            "fromAddress": "sales@example.com",
            "toAddresses": [f"ada{number}@example.com"],
            "body": text * (BODY_BYTES // len(text.encode())),
            "emailDate": self.moment(),
        }


def page_of(make: Callable[[int], dict[str, Any]]) -> bytes:
    """500 rows as bytes."""
    return orjson.dumps([make(number) for number in range(ROWS)])


# --- the same rows by others


class _PydanticRow(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(alias_generator=to_camel, frozen=True, strict=True)


class _PydanticContact(_PydanticRow):
    id: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None


class PydanticEnrollment(_PydanticRow):
    """Contract #14 as pydantic reads it."""

    id: str
    contact_id: str
    status: Annotated[EnrollmentStatus | str, pydantic.Field(union_mode="left_to_right")]
    updated_at: pydantic.AwareDatetime
    contact: _PydanticContact | None = None
    current_step: int | None = None
    started_at: pydantic.AwareDatetime | None = None
    next_send_at: pydantic.AwareDatetime | None = None
    completed_at: pydantic.AwareDatetime | None = None
    paused_at: pydantic.AwareDatetime | None = None
    pause_reason: str | None = None
    last_send_error: str | None = None
    last_send_error_at: pydantic.AwareDatetime | None = None
    consecutive_failures: int | None = None


class PydanticSend(_PydanticRow):
    """Contract #15 as pydantic reads it."""

    id: str
    contact_id: str
    email_date: pydantic.AwareDatetime
    sequence_step_id: str | None = None
    sequence_enrollment_id: str | None = None
    subject: str | None = None
    from_address: str | None = None
    to_addresses: tuple[str, ...] = ()
    body: str | None = None


class _MsgspecContact(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None


class _MsgspecEnrollment(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    contact_id: str
    status: str  # an open enum is beyond it
    updated_at: datetime
    contact: _MsgspecContact | None = None
    current_step: int | None = None
    started_at: datetime | None = None
    next_send_at: datetime | None = None
    completed_at: datetime | None = None
    paused_at: datetime | None = None
    pause_reason: str | None = None
    last_send_error: str | None = None
    last_send_error_at: datetime | None = None
    consecutive_failures: int | None = None


class _MsgspecSend(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    contact_id: str
    email_date: datetime
    sequence_step_id: str | None = None
    sequence_enrollment_id: str | None = None
    subject: str | None = None
    from_address: str | None = None
    to_addresses: tuple[str, ...] = ()
    body: str | None = None


def ours(cls: type) -> Callable[[bytes], object]:
    """The shape that a call of ours uses."""
    return many(cls)


def dropping(cls: type) -> Callable[[bytes], object]:
    """Our own loop, but no row has an `extra` of its own."""
    source = maker_source(cls)
    source.scope["nothing"] = {}
    lines = [line.replace(".extra = {}", ".extra = nothing") for line in source.lines]
    read = compile_maker(attrs.evolve(source, lines=lines), f"dropping reader of {cls.__name__}")
    structs = page_decoder(cls)
    return lambda body: read(structs(body))


def contenders(cls: type, model: type, struct: type) -> list[Contender]:
    """All who decode pages of `cls`; `model` is pydantic's class, `struct` msgspec's."""
    keeping = type(f"Keeping{model.__name__}", (model,), {"model_config": pydantic.ConfigDict(extra="allow")})
    return [
        Contender(US, ours(cls)),
        Contender("orjson", orjson.loads),
        Contender("pydantic", pydantic.TypeAdapter(list[model]).validate_json),  # type: ignore[valid-type]
        Contender(DROPPING, dropping(cls)),
        Contender(KEEPING, pydantic.TypeAdapter(list[keeping]).validate_json),  # type: ignore[valid-type]
        Contender("msgspec", msgspec.json.Decoder(list[struct]).decode),  # type: ignore[valid-type]
    ]


# --- measuring


def race(runs: list[Contender], body: bytes, repetitions: int) -> dict[str, list[float]]:
    """CPU seconds per page of every contender; freeing the rows is part of them."""
    return interleave({run.name: timed(partial(run.run, body), PAGES) for run in runs}, repetitions)


def results(repetitions: int) -> list[Result]:
    """The rows of the table."""
    make = Maker()
    jobs = (
        (ENROLLMENTS, make.enrollment, contenders(Enrollment, PydanticEnrollment, _MsgspecEnrollment)),
        (SENDS, make.send, contenders(Send, PydanticSend, _MsgspecSend)),
    )
    rows = []
    for title, row, runs in jobs:
        times = race(runs, page_of(row), repetitions)
        rows += [judge(Gate(f"decode {title}", US, *gate), times) for gate in GATES]
        rows += [compare(times, f"decode {title}", US, KEEPING)]
        rows += [compare(times, f"decode {title}", US, "msgspec", *((1.3, 1.15) if title == SENDS else ()))]
    return [*rows, more_than_known(make, repetitions), *in_an_envelope(make, repetitions)]


def in_an_envelope(make: Maker, repetitions: int) -> list[Result]:
    """The same rows in an envelope of two levels and without one, by a call and by a feed."""
    bare = page_of(make.enrollment)
    wrapped = b'{"success":true,"data":{"enrollments":%b},"message":"Found","requestId":"req_1"}' % bare
    readers = {"a call": many(Enrollment), "a feed": page("id", "updatedAt")}
    found = []
    for who, shape in readers.items():
        times = interleave(
            {name: timed(partial(read, shape, body), PAGES) for name, body in ((US, wrapped), (BARE, bare))},
            repetitions,
        )
        gate = Gate(f"decode {ENROLLMENTS} in an envelope, by {who}", US, BARE, 1.15, 1.05)
        found.append(judge(gate, times))
    return found


def read(shape: Callable[[bytes], object], body: bytes) -> object:
    """Read an answer as a client does that was told nothing of envelopes."""
    return decipher(_REQUEST, Response(200, {}, body), shape, _CLIENTS)


_CLIENTS: Final = Deviations(counts={"list.envelope": 1})
"""It has warned of the first envelope already."""
_REQUEST: Final = build_request(get("/api/agent/sequences/:id/enrollments"), ("seq_1",))


def more_than_known(make: Maker, repetitions: int) -> Result:
    """A page whose rows have two fields that the contract does not name, which we and pydantic keep."""

    def row(number: int) -> dict[str, Any]:
        return {**make.enrollment(number), "workspaceId": make.id("ws"), "score": number}

    runs = contenders(Enrollment, PydanticEnrollment, _MsgspecEnrollment)
    times = race([run for run in runs if run.name in (US, KEEPING)], page_of(row), repetitions)
    return judge(Gate(f"decode {ENROLLMENTS} with two unknown fields each", US, KEEPING, 0.70, 0.50), times)


if __name__ == "__main__":
    sys.exit(main(results, __doc__))
