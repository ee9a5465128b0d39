"""The key: right, wrong and missing; and the workspace that it opens."""

from __future__ import annotations

from typing import Final

from impactive_async.cli.doctor.answers import learn_error, learn_headers
from impactive_async.cli.doctor.checks.network import check_redirect
from impactive_async.cli.doctor.examination import Examination, Verdict
from impactive_async.cli.doctor.exchange import NOT_JSON, Exchange
from impactive_async.cli.doctor.places import AUTH_TEST
from impactive_async.cli.doctor.shapes import row_of, structure

REQUESTS: Final = 3
_NOBODY: Final = "icrm_" + "0" * 32


async def check_access(examination: Examination) -> Exchange:
    """Ask for the workspace with the key, with another and without; returns the answer to the key."""
    first = await examination.prober.ask("GET", AUTH_TEST.template)
    check_redirect(examination, first)
    _check_key(examination, first)
    if first.succeeded:
        learn_headers(examination, first)
        _check_workspace(examination, first)
        for what, key in (("a wrong key", _NOBODY), ("no key", "")):
            refused = await examination.prober.ask("GET", AUTH_TEST.template, key=key)
            _check_refusal(examination, what, refused)
    return first


def _check_key(examination: Examination, first: Exchange) -> None:
    assumed = "the key opens a workspace"
    if first.succeeded:
        examination.tell("key", assumed, assumed, Verdict.AS_ASSUMED)
    elif not 300 <= first.status < 400:
        seen = first.trouble or f"status {first.status}"
        refused = first.status in (401, 403)
        advice = "Create a key under Workspace Settings, API Keys." if refused else "Check --base-url."
        examination.tell("key", assumed, seen, Verdict.BREAKS, advice)


def _check_workspace(examination: Examination, first: Exchange) -> None:
    found = row_of(first.document, AUTH_TEST)
    if found is None and isinstance(first.document, dict) and first.document.get("workspaceId"):
        examination.tell("auth test", "row", structure(first.document), Verdict.HANDLED)
        return
    if found is None:
        seen = f"no id found in {structure(first.document) if isinstance(first.document, dict) else 'it'}"
        is_page = first.document is NOT_JSON
        advice = (
            "This is no answer of the API: is --base-url its host?" if is_page else "Report this with --report."
        )
        examination.tell("auth test", "row", seen, Verdict.BREAKS, advice)
        return
    examination.compare("auth test", "row", structure(found.template, AUTH_TEST))
    examination.learn(AUTH_TEST.operation, row=found.template, status=first.status)
    examination.learn_id("workspace", found.row["id"])


def _check_refusal(examination: Examination, what: str, refused: Exchange) -> None:
    check = f"with {what}"
    if refused.status == 401:
        learn_error(examination, "unauthorized", refused)
        examination.tell(check, "401", "401", Verdict.AS_ASSUMED)
    elif refused.succeeded:
        examination.tell(
            check, "401", f"{refused.status}, as with the key", Verdict.BREAKS, "Anybody can read it."
        )
    else:
        learn_error(examination, "unauthorized", refused)
        handled = Verdict.HANDLED if refused.status == 403 or refused.refused_in_success else Verdict.BREAKS
        examination.tell(
            check, "401", str(refused.status), handled, "The SDK takes 401 and 403 for a refused key."
        )
