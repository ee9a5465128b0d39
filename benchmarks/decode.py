"""Decoding a page of 500 rows, against pydantic, msgspec and the floor under all: orjson to dicts.

    python benchmarks/decode.py [--repetitions 60] [--check]

Every repetition times all contenders one after the other, so that whatever the machine is doing meets all of them.
A ratio is taken within a repetition, and the median of these ratios is what counts. The spread is their quartiles.
Times are this thread's CPU seconds; freeing the rows is part of them. The garbage collector runs as always.

`--check` exits with 1 if a ratio is past its gate.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import attrs
import msgspec
import orjson
import pydantic
from pydantic.alias_generators import to_camel

from impactive_async._http.codec import decode_rows, loads, row_converter
from impactive_async._http.hooks import compile_reader, page_source
from impactive_async.models import Enrollment, EnrollmentStatus, Send

ROWS: Final = 500
BODY_BYTES: Final = 1_500


@attrs.frozen
class Contender:
    """One way to do the job."""

    name: str
    run: Callable[[bytes], object]


@attrs.frozen
class Gate:
    """What `ours` may take at most, as a multiple of `base`."""

    ours: str
    base: str
    limit: float
    aim: float


GATES: Final = (
    Gate("impactive", "pydantic", 1.00, 0.80),
    Gate("impactive", "orjson", 3.0, 2.4),
    Gate("impactive", "impactive, dropping unknown fields", 1.10, 1.05),
)


# --- the pages


class _Maker:
    """Rows as a server prints them; the same ones in every run."""

    def __init__(self) -> None:
        self._random = random.Random(7)

    def id(self, prefix: str) -> str:
        return f"{prefix}_{self._random.getrandbits(96):024x}"

    def moment(self) -> str:
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self._random.randrange(10**10))
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def enrollment(self, number: int) -> dict[str, Any]:
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


class _PydanticEnrollment(_PydanticRow):
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


class _PydanticSend(_PydanticRow):
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


def dropping(cls: type) -> Callable[[bytes], object]:
    """Our own decoder, generated without the lines that keep unknown fields."""
    source = page_source(cls, row_converter())
    lines = [_drop_unknown(line) for line in source.lines]
    read = compile_reader(attrs.evolve(source, lines=lines), f"dropping page reader of {cls.__name__}")
    return lambda body: read(loads(body))


def _drop_unknown(line: str) -> str:
    store, equals, _ = line.partition(".extra = ")
    return f"{store}{equals}{{}}" if equals else line


def contenders(cls: type, model: type, struct: type) -> list[Contender]:
    """All who decode pages of `cls`; `model` is pydantic's class, `struct` msgspec's."""
    keeping = type(f"Keeping{model.__name__}", (model,), {"model_config": pydantic.ConfigDict(extra="allow")})
    return [
        Contender("impactive", lambda body: decode_rows(cls, loads(body))),
        Contender("orjson", orjson.loads),
        Contender("pydantic", pydantic.TypeAdapter(list[model]).validate_json),  # type: ignore[valid-type]
        Contender("impactive, dropping unknown fields", dropping(cls)),
        Contender("pydantic, extra=allow", pydantic.TypeAdapter(list[keeping]).validate_json),  # type: ignore[valid-type]
        Contender("msgspec", msgspec.json.Decoder(list[struct]).decode),  # type: ignore[valid-type]
    ]


# --- measuring


def measure(runs: list[Contender], body: bytes, repetitions: int) -> dict[str, list[float]]:
    """CPU seconds per page of every contender, in interleaved repetitions; the order turns with each."""
    times: dict[str, list[float]] = {run.name: [] for run in runs}
    for run in runs:
        run.run(body)
    for repetition in range(repetitions):
        turn = repetition % len(runs)
        for run in runs[turn:] + runs[:turn]:
            times[run.name].append(_seconds(run, body))
    return times


def _seconds(run: Contender, body: bytes, pages: int = 3) -> float:
    start = time.thread_time()
    for _ in range(pages):
        run.run(body)
    return (time.thread_time() - start) / pages


def quartiles(ours: list[float], base: list[float]) -> tuple[float, float, float]:
    """First quartile, median and third quartile of the paired ratios."""
    low, middle, high = statistics.quantiles([a / b for a, b in zip(ours, base, strict=True)], n=4)
    return low, middle, high


def report(title: str, body: bytes, times: dict[str, list[float]]) -> bool:
    """Print one page's table; whether every gate held."""
    print(f"\n{title}: {ROWS} rows, {len(body):,} bytes")
    for name, taken in times.items():
        low, middle, high = quartiles(times["impactive"], taken)
        print(
            f"  {name:36} {statistics.median(taken) * 1e6:8.0f} µs    "
            f"impactive takes {middle:5.3f} x ({low:.3f}-{high:.3f})"
        )
    verdicts = [_judge(gate, times) for gate in GATES]
    return all(verdicts)


def _judge(gate: Gate, times: dict[str, list[float]]) -> bool:
    _, ratio, _ = quartiles(times[gate.ours], times[gate.base])
    verdict = "aim met" if ratio <= gate.aim else "gate held" if ratio <= gate.limit else "PAST THE GATE"
    print(f"  {gate.ours} / {gate.base}: {ratio:.3f} (gate {gate.limit:.2f}, aim {gate.aim:.2f}): {verdict}")
    return ratio <= gate.limit


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=60)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a ratio is past its gate")
    options = parser.parse_args()
    make = _Maker()
    enrollments = contenders(Enrollment, _PydanticEnrollment, _MsgspecEnrollment)
    sends = contenders(Send, _PydanticSend, _MsgspecSend)
    jobs = (
        ("enrollments", page_of(make.enrollment), enrollments),
        ("sends with bodies of 1.5 kB", page_of(make.send), sends),
    )
    held = [report(title, body, measure(runs, body, options.repetitions)) for title, body, runs in jobs]
    return 0 if all(held) or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
