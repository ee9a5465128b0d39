"""What `limit` does, and a parameter that does not exist."""

from __future__ import annotations

from typing import Final

from impactive_async.cli.doctor.answers import error_structure, learn_error
from impactive_async.cli.doctor.examination import Examination, Verdict
from impactive_async.cli.doctor.exchange import Exchange
from impactive_async.cli.doctor.places import CONTACTS
from impactive_async.cli.doctor.shapes import Rows, rows_of

REQUESTS: Final = 4
_LARGEST: Final = 500
_USUAL: Final = 100


async def check_paging(examination: Examination) -> None:
    """Ask for the contacts with limits of 1, 500 and 501, and with a parameter that does not exist."""
    if CONTACTS.operation not in examination.lists:
        return
    one, _ = await _limited(examination, 1)
    seen = "no rows" if one is None else f"{len(one.rows)} row" + ("" if len(one.rows) == 1 else "s")
    examination.compare("limit=1", "1 row", seen)
    await _check_largest(examination)
    over, answer = await _limited(examination, _LARGEST + 1)
    examination.learn(CONTACTS.operation, limit_over="refused" if over is None else "cut")
    examination.compare("limit=501", "refused", "refused" if over is None else "cut")
    if over is None:
        learn_error(examination, "invalid", answer)
        examination.tell("invalid request", "400, {error}", error_structure(answer), _of_refusal(answer))
    await _check_unknown(examination)


def _of_refusal(answer: Exchange) -> Verdict:
    usual = answer.status == 400 and isinstance(answer.document, dict) and "error" in answer.document
    return Verdict.AS_ASSUMED if usual else Verdict.HANDLED


async def _limited(examination: Examination, limit: int) -> tuple[Rows | None, Exchange]:
    answer = await examination.prober.ask("GET", CONTACTS.template, query={"limit": str(limit)})
    return rows_of(answer.document, CONTACTS) if answer.succeeded else None, answer


async def _check_largest(examination: Examination) -> None:
    usual = examination.lists[CONTACTS.operation].found
    largest, _ = await _limited(examination, _LARGEST)
    if largest is None:
        advice = "Ask for fewer contacts: bulk imports look for lost batches among 500."
        examination.tell("limit=500", "up to 500 rows", "refused", Verdict.BREAKS, advice)
        return
    most = len(largest.rows)
    if usual.more or len(usual.rows) < most:
        examination.learn(CONTACTS.operation, limit_default=len(usual.rows))
        examination.compare("contacts: without limit", f"{_USUAL} rows", f"{len(usual.rows)} rows")
    if largest.more and most < _LARGEST:
        examination.learn(CONTACTS.operation, cap=most)
        advice = "A bulk import of unknown outcome looks for lost rows among so many: keep batch_size= below it."
        examination.tell("limit=500", "up to 500 rows", f"{most}, and more", Verdict.HANDLED, advice)
    else:
        examination.tell("limit=500", "up to 500 rows", f"{most}", Verdict.AS_ASSUMED)


async def _check_unknown(examination: Examination) -> None:
    query = {"limit": "1", "impactive_doctor": "1"}
    answer = await examination.prober.ask("GET", CONTACTS.template, query=query)
    seen = "ignored" if answer.succeeded else "refused"
    examination.learn("*", unknown_parameters=seen)
    examination.tell("unknown parameter", "refused or ignored", seen, Verdict.AS_ASSUMED)
