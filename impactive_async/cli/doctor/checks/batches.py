"""What only writes tell of time and size: how late a new row is shown, and how many rows one request may have."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from impactive_async.cli.doctor.examination import Examination, Verdict
from impactive_async.cli.doctor.places import CONTACTS, OF_WORKSPACE
from impactive_async.cli.doctor.shapes import rows_of, structure

_POLLED: Final = next(place for place in OF_WORKSPACE if place.operation == "zapier.contacts.list")
_LOOKS: Final = 5
_SIZES: Final = (500, 100, 50, 25, 10)
REQUESTS: Final = _LOOKS + 1 + 1 + len(_SIZES)


async def check_lag(examination: Examination, contact: Any) -> None:
    """Look for a contact that was just created on the list that feeds poll, until it is there."""
    check, assumed = f"{_POLLED.title}: lag", "within 10 s"
    made = examination.prober.exchanges[-1].at
    for look in range(_LOOKS):
        answer = await examination.prober.ask("GET", _POLLED.template)
        found = rows_of(answer.document, _POLLED) if answer.succeeded else None
        if found is not None and contact in (row.get("id") for row in found.rows):
            lag = math.ceil(answer.at - made) if look else 0
            examination.learn(_POLLED.operation, lag=lag)
            seen = f"shown after {lag} s" if lag else "shown at once"
            examination.tell(
                check, assumed, seen, Verdict.AS_ASSUMED, "Of emails it cannot be asked: none is sent."
            )
            return
    advice = "Where rows are shown 10 s after their own timestamp or later, give feeds an overlap=."
    examination.tell(check, assumed, f"not shown in {_LOOKS} looks", Verdict.HANDLED, advice)


async def check_batch(examination: Examination, people: Sequence[Mapping[str, Any]]) -> None:
    """Create some contacts with one request, and look at how the answer holds them."""
    answer = await examination.prober.ask("POST", CONTACTS.template, body=[dict(one) for one in people])
    found = rows_of(answer.document, CONTACTS) if answer.succeeded else None
    if found is None or len(found.rows) != len(people):
        seen = answer.trouble or f"no rows (status {answer.status})"
        advice = "create_batch and create_many do not work: use create for each. Report this with --report."
        examination.tell("contacts.create_batch", "[rows]", seen, Verdict.BREAKS, advice)
    else:
        examination.learn("contacts.create_batch", batch=found.template, status=answer.status)
        examination.compare("contacts.create_batch", "[rows]", structure(found.template, CONTACTS))
    advice = "Contacts cannot be deleted, so that it is not asked. A batch that is refused is halved."
    examination.tell("contacts.create_batch: largest", "at least 40", "not asked", Verdict.NOT_SEEN, advice)


async def check_largest(examination: Examination, sequence: Any) -> None:
    """Enroll people who do not exist, which leaves nothing behind: fewer and fewer, until that is accepted."""
    check, assumed = "sequences.enroll: largest", "at least 100"
    if not await _is_accepted(examination, sequence, 1):
        seen = "people who do not exist are refused, so that it cannot be asked"
        examination.tell(check, assumed, seen, Verdict.NOT_SEEN)
        return
    for size in _SIZES:
        if await _is_accepted(examination, sequence, size):
            _conclude(examination, check, assumed, size)
            return
    _conclude(examination, check, assumed, 1)


async def _is_accepted(examination: Examination, sequence: Any, size: int) -> bool:
    numbers = examination.ids.get("contacts") == {"number"}
    nobody = [10**9 + number if numbers else f"nobody-{number}" for number in range(size)]
    answer = await examination.prober.ask(
        "POST", "/api/agent/sequences/:id/enroll", str(sequence), body={"contactIds": nobody}
    )
    return answer.succeeded


def _conclude(examination: Examination, check: str, assumed: str, size: int) -> None:
    if size < _SIZES[0]:
        examination.learn("sequences.enroll", largest_batch=size)
    verdict = Verdict.AS_ASSUMED if size >= 100 else Verdict.HANDLED
    advice = "" if size >= 100 else "Use the profile (--save), or batch_size=: enroll_many halves what is refused."
    examination.tell(check, assumed, f"at least {size}", verdict, advice)
