"""What is refused, and how: unknown ids, paths, verbs and values; and which verbs updates have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from impactive_async.cli.doctor.answers import error_structure, learn_error
from impactive_async.cli.doctor.examination import Examination, Verdict
from impactive_async.cli.doctor.exchange import Exchange
from impactive_async.cli.doctor.places import CONTACTS, SEQUENCE

REQUESTS: Final = 7
_NOWHERE: Final = "/api/agent/impactive-doctor"
_UPDATES: Final = (
    ("contacts.update", "/api/agent/contacts/:id", "contacts.list"),
    ("sequences.update", SEQUENCE.template, "sequences.list"),
    ("sequences.steps.update", "/api/agent/sequences/:id/steps/:id", "sequences.list"),
)
_VERBS: Final = ("PATCH", "PUT", "POST")


async def check_refusals(examination: Examination) -> None:
    """Ask for what does not exist."""
    prober = examination.prober
    missing = await prober.ask("GET", SEQUENCE.template, _unknown_id(examination))
    _tell(examination, "not_found", "unknown id", "404, {error}", missing, 404)
    nowhere = await prober.ask("GET", _NOWHERE)
    _tell(examination, "no_route", "unknown path", "404, {error}", nowhere, 404)
    garbage = await prober.ask("GET", "/api/zapier/deals", query={"since": "no-moment"})
    if not garbage.succeeded:
        _tell(examination, "invalid", "unreadable since", "400, {error}", garbage, 400)
    else:
        examination.tell("unreadable since", "400, {error}", "ignored", Verdict.HANDLED)
    await _check_verbs(examination)


def _tell(examination: Examination, kind: str, check: str, assumed: str, answer: Exchange, status: int) -> None:
    if answer.succeeded:
        advice = "A typing error in an id goes unnoticed." if kind == "not_found" else ""
        examination.tell(check, assumed, f"{answer.status}, as if it existed", Verdict.HANDLED, advice)
        return
    learn_error(examination, kind, answer)
    seen = error_structure(answer)
    serious = answer.status >= 500 or bool(answer.trouble)
    handled = Verdict.BREAKS if serious else Verdict.HANDLED
    handled = handled if answer.status != status else Verdict.HANDLED
    examination.compare(check, assumed, seen, handled, _OUTAGE)


_OUTAGE: Final = "The SDK takes this for an outage, and tries again before it raises. Report it to the service."


def _unknown_id(examination: Examination) -> str:
    """Return an id that is of the service's kind and belongs to nothing."""
    known = examination.sequence_id or ""
    if known.isdecimal():
        return str(10 ** min(len(known) + 3, 9) - 1)
    return re.sub(r"[0-9a-z]", "0", known) or "00000000-0000-4000-8000-000000000000"


async def _check_verbs(examination: Examination) -> None:
    for operation, template, listed in _UPDATES:
        answer = await examination.prober.ask("OPTIONS", template, *_ids(examination, template, listed))
        allowed = [verb.strip().upper() for verb in answer.headers.get("allow", "").split(",") if verb.strip()]
        verb = next((verb for verb in _VERBS if verb in allowed), None)
        if 200 <= answer.status < 300 and allowed:
            examination.options_status = answer.status
        elif answer.status == 405:
            learn_error(examination, "no_method", answer)
        if verb is None:
            advice = "The SDK tries PATCH first, and learns the verb at the first update."
            examination.tell(f"{operation}: verb", "PATCH", "not told", Verdict.NOT_SEEN, advice)
        else:
            examination.learn(operation, update_verb=verb)
            examination.compare(f"{operation}: verb", "PATCH", verb)
    if examination.options_status is not None:
        # PROPFIND changes nothing wherever it is known (RFC 4918), and no service of this kind knows it.
        wrong = await examination.prober.ask("PROPFIND", CONTACTS.template)
        _tell(examination, "no_method", "unknown verb", "405, {error}", wrong, 405)


def _ids(examination: Examination, template: str, listed: str) -> Iterator[str]:
    found = examination.lists.get(listed)
    rows: list[dict[str, Any]] = found.found.rows if found else []
    known = str(rows[0]["id"]) if rows and rows[0].get("id") else "0"
    yield from [known] * template.count(":id")
