"""What writes are answered with: one contact and one draft sequence, which is archived at the end."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from impactive_async.cli.doctor.checks import batches
from impactive_async.cli.doctor.checks.zone import check_created
from impactive_async.cli.doctor.examination import Examination, Verdict
from impactive_async.cli.doctor.exchange import Exchange
from impactive_async.cli.doctor.places import CONTACTS, SEQUENCES, STEP, Place
from impactive_async.cli.doctor.shapes import is_name, row_of, sample, structure

REQUESTS: Final = 18 + batches.REQUESTS
LEAVES: Final = (
    "--writes leaves behind three contacts at example.com, and one archived sequence with two steps. The sequence "
    "is a draft until it is archived: nothing is sent by mail."
)
_CONTACTS: Final = CONTACTS.template
_SEQUENCE: Final = "/api/agent/sequences/:id"
_STEPS: Final = STEP.template
_COUNTS: Final = (
    ("notfound", "$.not_found"),
    ("already", "$.already_enrolled"),
    ("skip", "$.skipped_count"),
    ("process", "$.requested"),
    ("request", "$.requested"),
    ("fail", None),
    ("paus", "$.paused"),
)


async def check_writes(examination: Examination) -> None:
    """Write, and look at the answers; the sequence is archived whatever happens."""
    contact = await _create_contact(examination)
    if contact is not None:
        await batches.check_lag(examination, contact)
    await batches.check_batch(examination, [_person(), _person()])
    sequence = await _create_sequence(examination)
    if sequence is None:
        return
    try:
        await _edit_steps(examination, sequence)
        if contact is not None:
            await _enroll(examination, sequence, contact)
            await batches.check_largest(examination, sequence)
    finally:
        await _update(examination, "sequences.update", SEQUENCES, {"status": "archived"}, sequence)


async def _create_contact(examination: Examination) -> Any:
    answer = await examination.prober.ask("POST", _CONTACTS, body=_person())
    row = _row(examination, "contacts.create", CONTACTS, answer)
    if row is None:
        return None
    check_created(examination, answer, row)
    await _update(examination, "contacts.update", CONTACTS, {"title": "Patient"}, row["id"])
    return row["id"]


def _person() -> dict[str, str]:
    return {
        "firstName": "Impactive",
        "lastName": "Doctor",
        "email": f"doctor-{secrets.token_hex(4)}@example.com",
    }


async def _create_sequence(examination: Examination) -> Any:
    body = {"name": "impactive doctor", "status": "draft", "steps": [_step(0), _step(1)]}
    answer = await examination.prober.ask("POST", SEQUENCES.template, body=body)
    row = _row(examination, "sequences.create", SEQUENCES, answer)
    return None if row is None else row["id"]


def _step(number: int) -> dict[str, Any]:
    return {"subject": f"Step {number}", "body": "A step of impactive doctor.", "delayDays": number}


async def _edit_steps(examination: Examination, sequence: Any) -> None:
    answer = await examination.prober.ask("POST", _STEPS, str(sequence), body={**_step(2), "position": 1})
    step = _row(examination, "sequences.steps.create", STEP, answer)
    if step is None:
        return
    for change in ({"subject": "Edited"}, {"position": 2}):
        await _update(examination, "sequences.steps.update", STEP, change, sequence, step["id"])
    gone = await examination.prober.ask("DELETE", f"{_STEPS}/:id", str(sequence), str(step["id"]))
    _answer(examination, "sequences.steps.delete", gone, ("deleted",))


async def _enroll(examination: Examination, sequence: Any, contact: Any) -> None:
    prober = examination.prober
    body = {"contactIds": [contact]}
    enrolled = await prober.ask("POST", f"{_SEQUENCE}/enroll", str(sequence), body=body)
    _answer(examination, "sequences.enroll", enrolled, ("enrolled", "skipped"))
    paused = await prober.ask("POST", f"{_SEQUENCE}/pause", str(sequence), body=body)
    _answer(examination, "sequences.pause", paused, ("paused",))
    gone = await prober.ask("DELETE", f"{_SEQUENCE}/contacts/:id", str(sequence), str(contact))
    _answer(examination, "sequences.unenroll", gone, ("unenrolled",))


async def _update(
    examination: Examination, operation: str, place: Place, change: Mapping[str, Any], *ids: Any
) -> None:
    template = {"contacts.update": f"{_CONTACTS}/:id", "sequences.update": _SEQUENCE}.get(
        operation, f"{_STEPS}/:id"
    )
    known = examination.operations.get(operation, {}).get("update_verb")
    for verb in (known,) if known else ("PATCH", "PUT"):
        answer = await examination.prober.ask(verb, template, *map(str, ids), body=change)
        if answer.status not in (404, 405):
            examination.learn(operation, update_verb=verb)
            _row(examination, operation, place, answer)
            return
    advice = "Updates do not work. Report this with --report."
    examination.tell(operation, "PATCH", f"status {answer.status} to every verb", Verdict.BREAKS, advice)


def _row(examination: Examination, operation: str, place: Place, answer: Exchange) -> dict[str, Any] | None:
    found = row_of(answer.document, place) if answer.succeeded else None
    if found is None:
        seen = answer.trouble or f"no row (status {answer.status})"
        examination.tell(operation, "row", seen, Verdict.BREAKS, "Report this with --report.")
        return None
    if not any(finding.check == operation for finding in examination.findings):
        examination.compare(operation, "row", structure(found.template, place))
    examination.learn(operation, row=found.template, status=answer.status)
    return found.row


def _answer(examination: Examination, operation: str, answer: Exchange, body: tuple[str, ...]) -> None:
    if not answer.succeeded:
        seen = answer.trouble or f"status {answer.status}"
        examination.tell(operation, "success", seen, Verdict.BREAKS, "Report this with --report.")
        return
    template = _answer_template(answer.document, body)
    examination.learn(operation, status=answer.status)
    if answer.document is not None:
        examination.learn(operation, answer=template)
    seen = "nothing" if answer.document is None else structure(template)
    examination.compare(operation, "answer", seen)


def _answer_template(document: Any, body: tuple[str, ...]) -> Any:
    if not isinstance(document, dict):
        return "$answer"
    if set(document) == set(body):
        return "$answer"
    return {name: _part(name, value, body) for name, value in document.items() if is_name(name)}


def _part(name: str, value: Any, body: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return _answer_template(value, body)
    plain = name.replace("_", "").lower()
    if isinstance(value, list):
        return "$.skipped" if "skip" in plain else "$.added" if {"added", "enrolled"} & {plain} else []
    if isinstance(value, bool):
        return f"$.{name}" if name in body else value
    if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()):
        default = "$.paused" if body == ("paused",) else "$.enrolled" if "enrolled" in body else 0
        return next((place or 0 for part, place in _COUNTS if part in plain), default)
    return sample(value)
