"""Email sequences. Calls about people and about emails come from `enrollments` and `emails`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from impactive_async._codec.codec import encode_fields
from impactive_async._codec.shapes import many, one
from impactive_async._http.caller import Caller
from impactive_async._http.wire import build_request, create, get, write
from impactive_async._unset import UNSET, Unset
from impactive_async.models import Enrollment, Reply, Send, Sequence, SequenceStatus, StepDraft
from impactive_async.models.row_list import RowList
from impactive_async.resources import emails as _emails
from impactive_async.resources import enrollments as _enrollments
from impactive_async.resources._base import Extra, LateMethod, Resource, changes, drafts_of, not_null
from impactive_async.resources.listing.truncation import listing
from impactive_async.resources.steps import Steps
from impactive_async.resources.watching.options import (
    of_list_without_since,
    of_sequence,
    of_sequence_with_removals,
    watching,
)
from impactive_async.resources.watching.polled_list import PolledList

if TYPE_CHECKING:
    from impactive_async.feeds.delivery.source import FeedOptions
    from impactive_async.feeds.feed import Feed
    from impactive_async.models import Removed
    from impactive_async.resources import enrolling
    from impactive_async.resources.watching.options import WatchBookingsOptions, WatchOptions

LIST = get("/api/agent/sequences")
GET = get("/api/agent/sequences/:id")
SEQUENCES = PolledList(endpoint=LIST, row=Sequence)
CREATE = create("/api/agent/sequences")
UPDATE = write("PATCH", "/api/agent/sequences/:id")


def _enroll_many() -> Callable[..., Any]:
    from impactive_async.resources.enrolling import enroll_many

    return enroll_many


class Sequences(Resource):
    """`crm.sequences`."""

    __slots__ = ("steps",)

    enroll = _enrollments.enroll
    pause = _enrollments.pause
    unenroll = _enrollments.unenroll
    enrollments = _enrollments.enrollments
    sends = _emails.sends
    replies = _emails.replies
    if TYPE_CHECKING:
        enroll_many = enrolling.enroll_many
    else:
        enroll_many = LateMethod(_enroll_many)

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller)
        self.steps = Steps(caller)

    async def list(
        self,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> RowList[Sequence]:
        """List every sequence, with `step_count` and `enrollment_counts`.

        `rows.truncated` of the result says whether there may be more.

        Raises:
            APIError: The call failed.
        """
        return await self._caller.call(
            build_request(LIST),
            listing(self._caller, LIST, "sequences.list", many(Sequence)),
            timeout,
            max_retries,
            deadline,
            extra_headers,
        )

    async def get(
        self,
        sequence_id: str,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Sequence:
        """Fetch a sequence with its steps in `position` order, and counts.

        Raises:
            InvalidArgumentError: The id is malformed.
            NotFoundError: No such sequence in this workspace.
            APIError: The call failed.
        """
        request = build_request(GET, (sequence_id,))
        return await self._caller.call(request, one(Sequence), timeout, max_retries, deadline, extra_headers)

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
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Sequence:
        """Create a sequence with its steps. Never sent twice: the server does not de-duplicate.

        Args:
            name: What it is called.
            description: Free text.
            status: The server makes it `active` if this is left out.
            sending_account_id: An id of `crm.sending_accounts`; left out or `None`: the platform's default sender.
            steps: The emails, in the order in which they are sent.
            extra: Undocumented wire fields, sent along as given.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.
            deadline: Seconds for the whole call, attempts and waits included; `None`: the client's.
            extra_headers: Sent with this call, beside the client's own headers.

        Raises:
            InvalidArgumentError: `name` or `status` is `None`, or a step is not a `StepDraft`.
            BadRequestError: A field is invalid, or the account is of another workspace.
            APIError: The call failed; if `outcome_unknown`, the sequence may exist nevertheless.
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
        return await self._caller.call(
            build_request(CREATE, body=body), one(Sequence), timeout, max_retries, deadline, extra_headers
        )

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
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Sequence:
        """Change some fields of a sequence.

        With `sending_account_id=None` it sends from the platform's default sender; `UNSET` leaves the account as
        it is.

        Raises:
            InvalidArgumentError: No field is given, `name` or `status` is `None`, or the id is malformed.
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
        return await self._caller.call(request, one(Sequence), timeout, max_retries, deadline, extra_headers)

    @overload
    def watch(
        self, *, removals: Literal[True], **options: Unpack[WatchBookingsOptions]
    ) -> Feed[Sequence | Removed]: ...

    @overload
    def watch(
        self, *, removals: Literal[False] = False, **options: Unpack[WatchBookingsOptions]
    ) -> Feed[Sequence]: ...

    @watching(of_list_without_since, "Feed[Sequence | Removed]")
    def watch(self, options: FeedOptions) -> Feed[Any]:
        """Follow sequences: each new one, and each one again whenever its content changes.

        The list has no `since`. Rows are compared by id and content, their counts included:
        `ignore=["enrollment_counts"]` leaves these out.
        """
        return SEQUENCES.feed(self._caller, options)

    @overload
    def watch_enrollments(
        self, sequence_id: str, *, removals: Literal[True], **options: Unpack[WatchOptions]
    ) -> Feed[Enrollment | Removed]: ...

    @overload
    def watch_enrollments(
        self, sequence_id: str, *, removals: Literal[False] = False, **options: Unpack[WatchOptions]
    ) -> Feed[Enrollment]: ...

    @watching(of_sequence_with_removals, "Feed[Enrollment | Removed]")
    def watch_enrollments(self, sequence_id: str, options: FeedOptions) -> Feed[Any]:
        """Follow how people move through the sequence: every new version of an enrollment."""
        return _enrollments.ENROLLMENTS.feed(self._caller, options, sequence_id)

    @watching(of_sequence)
    def watch_sends(self, sequence_id: str, options: FeedOptions) -> Feed[Send]:
        """Follow what the sequence sends: every email once."""
        return _emails.SENDS.feed(self._caller, options, sequence_id)

    @watching(of_sequence)
    def watch_replies(self, sequence_id: str, options: FeedOptions) -> Feed[Reply]:
        """Follow what people now on the sequence write back: every email once."""
        return _emails.REPLIES.feed(self._caller, options, sequence_id)
