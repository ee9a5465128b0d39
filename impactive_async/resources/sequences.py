"""Email sequences (contract #6-#9); who is on them and what they send is in `enrollments` and `emails`."""

from __future__ import annotations

from collections.abc import Iterable

from impactive_async._http.caller import Caller
from impactive_async._http.codec import encode_fields
from impactive_async._http.shapes import many, one
from impactive_async._http.wire import build_request, create, get, write
from impactive_async._unset import UNSET, Unset
from impactive_async.models import Sequence, SequenceStatus, StepDraft
from impactive_async.resources._base import Extra, changes, drafts_of, not_null
from impactive_async.resources.emails import Emails
from impactive_async.resources.enrollments import Enrollments
from impactive_async.resources.steps import Steps

LIST = get("/api/agent/sequences")
GET = get("/api/agent/sequences/:id")
CREATE = create("/api/agent/sequences")
UPDATE = write("PATCH", "/api/agent/sequences/:id")


class Sequences(Enrollments, Emails):
    """`crm.sequences`."""

    __slots__ = ("steps",)

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller)
        self.steps = Steps(caller)

    async def list(self, *, timeout: float | None = None, max_retries: int | None = None) -> list[Sequence]:
        """List every sequence, with `step_count` and `enrollment_counts` (contract #7).

        Raises:
            APIError: The call failed.
        """
        return await self._caller.call(build_request(LIST), many(Sequence), timeout, max_retries)

    async def get(
        self, sequence_id: str, *, timeout: float | None = None, max_retries: int | None = None
    ) -> Sequence:
        """Fetch a sequence with its steps in `position` order, and counts (contract #8).

        Raises:
            NotFoundError: No such sequence in this workspace.
            APIError: The call failed.
        """
        request = build_request(GET, (sequence_id,))
        return await self._caller.call(request, one(Sequence), timeout, max_retries)

    async def create(
        self,
        *,
        name: str,
        description: str | None | Unset = UNSET,
        status: SequenceStatus | str | Unset = UNSET,
        sending_account_id: str | None | Unset = UNSET,
        steps: Iterable[StepDraft] = (),
        extra: Extra | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> Sequence:
        """Create a sequence with its steps (contract #6). Never sent twice: the server does not de-duplicate.

        Args:
            name: What it is called.
            description: Free text.
            status: `active` if left out.
            sending_account_id: An id of `crm.sending_accounts`; left out or `None`: the platform's default sender.
            steps: The emails, in order.
            extra: Undocumented wire fields, sent along as given.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.

        Raises:
            ValueError: `name` or `status` is `None`, or a step is no `StepDraft`.
            BadRequestError: A field is invalid, or the account is of another workspace.
            APIError: The call failed; if `outcome_unknown`, the sequence may exist all the same.
        """
        drafts = drafts_of(StepDraft, steps, "steps")
        body = encode_fields(
            {
                **not_null(name=name, status=status),
                "description": description,
                "sending_account_id": sending_account_id,
                "steps": drafts or UNSET,
            },
            extra,
        )
        return await self._caller.call(build_request(CREATE, body=body), one(Sequence), timeout, max_retries)

    async def update(
        self,
        sequence_id: str,
        *,
        name: str | Unset = UNSET,
        description: str | None | Unset = UNSET,
        status: SequenceStatus | str | Unset = UNSET,
        sending_account_id: str | None | Unset = UNSET,
        extra: Extra | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> Sequence:
        """Change the given fields of a sequence (contract #9).

        `sending_account_id=None` sends from the platform's default sender; `UNSET` leaves the account alone.

        Raises:
            ValueError: Nothing to change, or a malformed id.
            NotFoundError: No such sequence in this workspace.
            APIError: The call failed.
        """
        body = changes(
            {
                **not_null(name=name, status=status),
                "description": description,
                "sending_account_id": sending_account_id,
            },
            extra,
        )
        request = build_request(UPDATE, (sequence_id,), body=body)
        return await self._caller.call(request, one(Sequence), timeout, max_retries)
