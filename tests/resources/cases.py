"""What a test needs to know of an endpoint, and rows that several endpoints answer with."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Literal

import attrs

from impactive_async import models

Json = Any


@attrs.frozen(kw_only=True)
class Ids:
    """Of rows that exist, or are said to."""

    contact: str = "con_1"
    company: str = "com_1"
    sequence: str = "seq_1"
    step: str = "stp_1"
    account: str = "acc_1"
    tag: str = "tag_1"
    stage: str = "stg_1"


Call = Callable[..., Coroutine[Any, Any, Any]]
"""Takes a client, `Ids`, and `timeout=` and `max_retries=` as every method does."""


@attrs.frozen(kw_only=True)
class Case:
    """One endpoint.

    Attributes:
        row: Of the contract.
        method, path: As sent for `Ids()`; `path` is also the endpoint's template, with the ids put back.
        call: The method with arguments that are good on a fresh sandbox.
        query, body: What they must turn into.
        answer: An answer as the contract has it; `status` is its status.
        result: What that answer must turn into.
        repeat: What the contract allows after an unclear failure.
        bad: The same method with arguments that the API refuses with 400.
        lost: The same method with an id that does not exist.
    """

    row: int
    method: str
    path: str
    call: Call
    query: dict[str, str] = attrs.field(factory=dict)
    body: Json = None
    status: int = 200
    answer: Json
    result: Any
    repeat: Literal["read", "delete", "write", "never"]
    bad: Call | None = None
    lost: Call | None = None

    @property
    def route(self) -> str:
        """Verb and template, as the sandbox names it."""
        names = {"con_1": ":id", "seq_1": ":id", "stp_1": ":stepId"}
        path = self.path.replace("/contacts/con_1", "/contacts/:contactId") if self.row == 18 else self.path
        return f"{self.method} " + "/".join(names.get(part, part) for part in path.split("/"))


NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
WHEN = "2026-05-01T12:00:00Z"
SINCE = {"since": WHEN}
CONTACT = {"id": "con_9", "firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com", "leadScore": 7}
A_CONTACT = models.Contact(
    id="con_9", first_name="Ada", last_name="Lovelace", email="ada@example.com", extra={"leadScore": 7}
)
REPLY = {"id": "rep_1", "contactId": "con_1", "subject": "Re", "emailDate": WHEN}
A_REPLY = models.Reply(id="rep_1", contact_id="con_1", subject="Re", email_date=NOON)


def name_of(case: Any) -> str | None:
    """A test's id."""
    return f"{case.row}-{case.method}-{case.path}" if isinstance(case, Case) else None
