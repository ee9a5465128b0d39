"""Email sequences and who is on them (contract #6-#9, #13-#18)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from impactive_async._http.caller import Caller
from impactive_async._http.codec import encode_fields
from impactive_async._http.shapes import many, nothing, one, one_if_any
from impactive_async._http.wire import build_request, create, delete, get, write
from impactive_async._unset import UNSET, Unset
from impactive_async.models import (
    Enrollment,
    EnrollResult,
    PauseResult,
    Reply,
    Send,
    Sequence,
    SequenceStatus,
    StepDraft,
)
from impactive_async.resources._base import Extra, Resource, changes, id_list, since_query
from impactive_async.resources.steps import Steps

LIST = get("/api/agent/sequences")
GET = get("/api/agent/sequences/:id")
CREATE = create("/api/agent/sequences")
UPDATE = write("PATCH", "/api/agent/sequences/:id")
ENROLL = write("POST", "/api/agent/sequences/:id/enroll")
PAUSE = write("POST", "/api/agent/sequences/:id/pause")
UNENROLL = delete("/api/agent/sequences/:id/contacts/:contactId")
ENROLLMENTS = get("/api/agent/sequences/:id/enrollments")
SENDS = get("/api/agent/sequences/:id/sends")
REPLIES = get("/api/agent/sequences/:id/replies")


class Sequences(Resource):
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
            BadRequestError: A field is invalid, or the account is of another workspace.
            APIError: The call failed; if `outcome_unknown`, the sequence may exist all the same.
        """
        drafts = list(steps)
        body = encode_fields(
            {
                "name": name,
                "description": description,
                "status": status,
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
                "name": name,
                "description": description,
                "status": status,
                "sending_account_id": sending_account_id,
            },
            extra,
        )
        request = build_request(UPDATE, (sequence_id,), body=body)
        return await self._caller.call(request, one(Sequence), timeout, max_retries)

    async def enroll(
        self,
        sequence_id: str,
        *,
        contact_ids: Iterable[str] | None = None,
        tag_ids: Iterable[str] | None = None,
        list_ids: Iterable[str] | None = None,
        extra: Extra | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> EnrollResult:
        """Put people on a sequence (contract #13); whoever is on it already is skipped, and said so.

        Repeated after an unclear failure, which the server's de-duplication makes safe; `attempts` of the result
        is then above 1, and `already_enrolled` may mean "by this very call".

        Args:
            sequence_id: The sequence.
            contact_ids: Contacts.
            tag_ids: Everybody with one of these tags (needs the Audience module).
            list_ids: Everybody on one of these lists (needs the Audience module).
            extra: Undocumented wire fields, sent along as given.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.

        Raises:
            ValueError: Nobody to enroll, or a malformed id.
            NotFoundError: No such sequence in this workspace.
            APIError: The call failed.
        """
        audience = {
            "contact_ids": id_list(contact_ids, "contact_ids"),
            "tag_ids": id_list(tag_ids, "tag_ids"),
            "list_ids": id_list(list_ids, "list_ids"),
        }
        chosen = {name: ids for name, ids in audience.items() if ids}
        if not chosen:
            raise ValueError("nobody to enroll: give contact_ids, tag_ids or list_ids (an empty list is nobody)")
        request = build_request(ENROLL, (sequence_id,), body=encode_fields(chosen, extra))
        answer = await self._caller.answer(request, one(EnrollResult), timeout, max_retries)
        return attrs.evolve(answer.value, attempts=answer.attempts)

    async def pause(
        self,
        sequence_id: str,
        *,
        contact_ids: Iterable[str] | None = None,
        extra: Extra | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> PauseResult:
        """Pause active enrollments (contract #17): of these contacts, or with `None` of everyone active.

        Raises:
            ValueError: `contact_ids` is empty (that must never mean "everyone"), or an id is malformed.
            NotFoundError: No such sequence in this workspace.
            APIError: The call failed.
        """
        chosen = id_list(contact_ids, "contact_ids")
        if contact_ids is not None and not chosen:
            raise ValueError("contact_ids is empty; leave it out to pause everyone active on the sequence")
        body = encode_fields({"contact_ids": chosen or UNSET}, extra)
        request = build_request(PAUSE, (sequence_id,), body=body)
        return await self._caller.call(request, one_if_any(PauseResult), timeout, max_retries)

    async def unenroll(
        self,
        sequence_id: str,
        contact_id: str,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> None:
        """Take a contact off a sequence (contract #18).

        Its sends stay listed, without an enrollment; its replies leave `replies` and stay in `contacts.replies`.

        Raises:
            NotFoundError: No such sequence, or the contact is not on it. After a lost answer the call is repeated,
                and a 404 to the repetition is success.
            APIError: The call failed.
        """
        request = build_request(UNENROLL, (sequence_id, contact_id))
        await self._caller.call(request, nothing, timeout, max_retries)

    async def enrollments(
        self,
        sequence_id: str,
        *,
        since: datetime | str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> list[Enrollment]:
        """List who is on the sequence, and how far (contract #14).

        Args:
            sequence_id: The sequence.
            since: Only those updated strictly after this moment (exclusive).
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.

        Raises:
            ValueError: A naive `since`, or a malformed id.
            NotFoundError: No such sequence in this workspace.
            APIError: The call failed.
        """
        request = build_request(ENROLLMENTS, (sequence_id,), query=since_query(since))
        return await self._caller.call(request, many(Enrollment), timeout, max_retries)

    async def sends(
        self,
        sequence_id: str,
        *,
        since: datetime | str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> list[Send]:
        """List what the sequence sent, newest first, at most 500 (contract #15).

        Args:
            sequence_id: The sequence.
            since: Only emails dated at or after this moment (inclusive).
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.

        Raises:
            ValueError: A naive `since`, or a malformed id.
            NotFoundError: No such sequence in this workspace.
            APIError: The call failed.
        """
        request = build_request(SENDS, (sequence_id,), query=since_query(since))
        return await self._caller.call(request, many(Send), timeout, max_retries)

    async def replies(
        self,
        sequence_id: str,
        *,
        since: datetime | str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> list[Reply]:
        """List what people now on the sequence wrote back, newest first, at most 500 (contract #16).

        Args:
            sequence_id: The sequence.
            since: Only emails dated at or after this moment (inclusive).
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.

        Raises:
            ValueError: A naive `since`, or a malformed id.
            NotFoundError: No such sequence in this workspace.
            APIError: The call failed.
        """
        request = build_request(REPLIES, (sequence_id,), query=since_query(since))
        return await self._caller.call(request, many(Reply), timeout, max_retries)
