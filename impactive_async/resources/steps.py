"""The steps of a sequence."""

from __future__ import annotations

from collections.abc import Mapping

from impactive_async._codec.codec import encode_fields
from impactive_async._codec.shapes import nothing, one
from impactive_async._http.wire import Repeat, build_request, create, delete, write
from impactive_async._unset import UNSET, Unset
from impactive_async.models import Step
from impactive_async.resources._base import Extra, Resource, changes, not_null

CREATE = create("/api/agent/sequences/:id/steps")
UPDATE = write("PATCH", "/api/agent/sequences/:id/steps/:stepId")
DELETE = delete("/api/agent/sequences/:id/steps/:stepId")


class Steps(Resource):
    """`crm.sequences.steps`."""

    async def create(
        self,
        sequence_id: str,
        *,
        subject: str,
        body: str,
        delay_days: int = 0,
        position: int | Unset = UNSET,
        extra: Extra | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Step:
        """Append a step, or insert it. Never sent twice: the server does not de-duplicate.

        Args:
            sequence_id: The sequence.
            subject: The email's subject.
            body: The email's text.
            delay_days: Days after the previous send.
            position: The step's place, from 0. The steps from there on move down. Left out: at the end.
            extra: Undocumented wire fields, sent along as given.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.
            deadline: Seconds for the whole call, attempts and waits included; `None`: the client's.
            extra_headers: Sent with this call, beside the client's own headers.

        Raises:
            InvalidArgumentError: A field is `None`, or the id is malformed.
            NotFoundError: No such sequence in this workspace.
            APIError: The call failed; if `outcome_unknown`, the step may exist nevertheless.
        """
        given = not_null(subject=subject, body=body, delay_days=delay_days, position=position)
        fields = encode_fields(given, extra)
        request = build_request(CREATE, (sequence_id,), body=fields)
        return await self._caller.call(request, one(Step), timeout, max_retries, deadline, extra_headers)

    async def update(
        self,
        sequence_id: str,
        step_id: str,
        *,
        subject: str | Unset = UNSET,
        body: str | Unset = UNSET,
        delay_days: int | Unset = UNSET,
        position: int | Unset = UNSET,
        extra: Extra | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Step:
        """Change some fields of a step.

        `position` moves the step; the server keeps positions contiguous. A call with `position` is not sent again
        after an unclear failure, because a second move could undo what others did meanwhile.

        Raises:
            InvalidArgumentError: No field is given, a field is `None`, or an id is malformed.
            NotFoundError: No such sequence or step in this workspace.
            APIError: The call failed.
        """
        given = not_null(subject=subject, body=body, delay_days=delay_days, position=position)
        fields = changes(given, extra)
        repeat = Repeat.NEVER if "position" in fields else Repeat.WRITE
        request = build_request(UPDATE, (sequence_id, step_id), body=fields, repeat=repeat)
        return await self._caller.call(request, one(Step), timeout, max_retries, deadline, extra_headers)

    async def delete(
        self,
        sequence_id: str,
        step_id: str,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Delete a step. The steps after it move up by one.

        Raises:
            InvalidArgumentError: An id is malformed.
            NotFoundError: There is no such sequence or step. After a lost answer the request is sent again; then a
                404 means success.
            APIError: The call failed.
        """
        request = build_request(DELETE, (sequence_id, step_id))
        await self._caller.call(request, nothing, timeout, max_retries, deadline, extra_headers)
