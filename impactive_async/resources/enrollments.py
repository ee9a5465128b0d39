"""Who is on a sequence (contract #13, #14, #17, #18)."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from datetime import datetime

import attrs

from impactive_async._http.caller import Caller
from impactive_async._http.codec import encode_fields
from impactive_async._http.shapes import many, nothing, one, one_if_any
from impactive_async._http.wire import build_request, check_id, delete, get, write
from impactive_async._unset import UNSET
from impactive_async.bulk.enrolling import Enrolling
from impactive_async.bulk.progress import OnProgress
from impactive_async.bulk.report import EnrollReport
from impactive_async.feeds.feed import Feed
from impactive_async.feeds.rules import Now, Rules
from impactive_async.feeds.source import INTERVAL, OnBadRow, OnGap, Source, options
from impactive_async.feeds.timestamps import SECOND
from impactive_async.models import Enrollment, EnrollResult, PauseResult
from impactive_async.resources._base import Extra, Resource, id_list, pages, since_query
from impactive_async.stores import CursorStore

ENROLL = write("POST", "/api/agent/sequences/:id/enroll")
PAUSE = write("POST", "/api/agent/sequences/:id/pause")
UNENROLL = delete("/api/agent/sequences/:id/contacts/:contactId")
ENROLLMENTS = get("/api/agent/sequences/:id/enrollments")

# No cap is documented (A7). The boundary is exclusive, which the cursor makes immaterial.
RULES = Rules(timestamp="updatedAt", overlap=10 * SECOND)


class Enrollments(Resource):
    """The part of `crm.sequences` that is about people."""

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

    async def enroll_many(
        self,
        sequence_id: str,
        contact_ids: Iterable[str] | AsyncIterable[str],
        *,
        batch_size: int = 100,
        concurrency: int = 4,
        on_progress: OnProgress | None = None,
        keep_results: bool = False,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> EnrollReport:
        """Put any number of people on a sequence, in batches (contract #13), reading the input as it goes.

        Calling it again with the same ids is safe, whatever became of the first call: whoever is on the sequence
        is skipped. A batch that fails does not stop the others; one the server refuses is halved until the id it
        refuses is found. What would fail every batch (a refused key, no such sequence, ten batches in a row that
        the network or the server fails) stops the call, as does an input or an `on_progress` that raises: no more
        is read, what is under way is finished.

        Args:
            sequence_id: The sequence.
            contact_ids: Ids. Read lazily: never more than `batch_size * concurrency` of them are held.
            batch_size: Ids of a request.
            concurrency: Requests under way at once, within the client's own limits.
            on_progress: Called with a `Progress` after each batch, awaited if it is async.
            keep_results: Keep every id's result for the report, which takes memory for every id.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often a request is sent again at the most; `None`: the client's.

        Raises:
            ValueError: An argument is out of its range, or the sequence's id is malformed.
            BulkError: The call was stopped before the end of the input, for its `__cause__`; its `.report` says
                what was done. If nothing was done, the cause itself is raised.
        """
        check_id(sequence_id)

        async def send(ids: list[str]) -> EnrollResult:
            request = build_request(ENROLL, (sequence_id,), body={"contactIds": ids})
            answer = await self._caller.answer(request, one(EnrollResult), timeout, max_retries)
            return attrs.evolve(answer.value, attempts=answer.attempts)

        enrolling = Enrolling(
            contact_ids,
            send,
            self._caller.clock,
            batch_size=batch_size,
            concurrency=concurrency,
            on_progress=on_progress,
            keep_results=keep_results,
        )
        return await enrolling.run()

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

    def watch_enrollments(
        self,
        sequence_id: str,
        *,
        since: datetime | str | Now | None = None,
        store: CursorStore | None = None,
        key: str | None = None,
        interval: float = INTERVAL,
        max_interval: float | None = None,
        overlap: float | None = None,
        on_gap: OnGap = "raise",
        on_bad_row: OnBadRow = "raise",
    ) -> Feed[Enrollment]:
        """Follow how people move through the sequence (contract #14): every new version of an enrollment.

        Makes no request before it is iterated or polled.

        Args:
            sequence_id: The sequence.
            since: `None`: all the API still shows; `NOW`: only what comes after; or a moment. A cursor found in
                the store goes before it.
            store: Where to keep the cursor between runs; `None`: nowhere.
            key: What to keep it under; default: the feed's name. Give one where a store serves several workspaces.
            interval: Seconds between polls; a busy list is polled sooner.
            max_interval: Seconds after which even an idle list is polled; default: `interval`.
            overlap: Seconds by which a row may turn up late, behind its own timestamp; default: 10 s.
            on_gap: What to do about rows out of the API's reach: raise `FeedGapError`, continue (it is logged and
                kept in the cursor), or call this with the `Gap`.
            on_bad_row: What to do about a row that cannot be read: raise `DecodeError`, or call this with the
                `BadRow`. Either way the feed goes on behind it.

        Raises:
            ValueError: A malformed id, a naive `since`, or an interval or overlap out of range.
        """
        source = enrollments_source(self._caller, sequence_id).with_overlap(overlap)
        chosen = options(
            since=since,
            store=store,
            key=key,
            interval=interval,
            max_interval=max_interval,
            on_gap=on_gap,
            on_bad_row=on_bad_row,
        )
        return Feed(source, chosen)


def enrollments_source(caller: Caller, sequence_id: str) -> Source[Enrollment]:
    """The list #14 as something to follow."""
    return Source(
        name=f"sequences/{sequence_id}/enrollments",
        row=Enrollment,
        rules=RULES,
        page=pages(caller, ENROLLMENTS, sequence_id, rules=RULES),
        clock=caller.clock,
    )
