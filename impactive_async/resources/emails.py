"""What a sequence sent, and what came back (contract #15, #16)."""

from __future__ import annotations

from datetime import datetime

from impactive_async._http.caller import Caller
from impactive_async._http.shapes import many
from impactive_async._http.wire import build_request, get
from impactive_async.feeds.feed import Feed
from impactive_async.feeds.rules import Now, Rules
from impactive_async.feeds.source import INTERVAL, OnBadRow, OnGap, Source, options
from impactive_async.feeds.timestamps import HOUR, MINUTE
from impactive_async.models import Reply, Send
from impactive_async.resources._base import Resource, pages, since_query
from impactive_async.resources.recovery import ReplyRecovery
from impactive_async.stores import CursorStore

SENDS = get("/api/agent/sequences/:id/sends")
REPLIES = get("/api/agent/sequences/:id/replies")

CAP = 500
SENDS_RULES = Rules(timestamp="emailDate", overlap=MINUTE, cap=CAP, immutable=True)
# An email's date is older than its arrival: a mailbox may be synchronised long after.
REPLIES_RULES = Rules(timestamp="emailDate", overlap=HOUR, cap=CAP, immutable=True)


class Emails(Resource):
    """The part of `crm.sequences` that is about emails."""

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

    def watch_sends(
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
    ) -> Feed[Send]:
        """Follow what the sequence sends (contract #15): every email once.

        Makes no request before it is iterated or polled.

        Args:
            sequence_id: The sequence.
            since: `None`: all the API still shows; `NOW`: only what comes after; or a moment. A cursor found in
                the store goes before it.
            store: Where to keep the cursor between runs; `None`: nowhere.
            key: What to keep it under; default: the feed's name. Give one where a store serves several workspaces.
            interval: Seconds between polls; a busy list is polled sooner.
            max_interval: Seconds after which even an idle list is polled; default: `interval`.
            overlap: Seconds by which a row may turn up late, behind its own timestamp; default: 60 s.
            on_gap: What to do about rows out of the API's reach: raise `FeedGapError`, continue (it is logged and
                kept in the cursor), or call this with the `Gap`.
            on_bad_row: What to do about a row that cannot be read: raise `DecodeError`, or call this with the
                `BadRow`. Either way the feed goes on behind it.

        Raises:
            ValueError: A malformed id, a naive `since`, or an interval or overlap out of range.
        """
        source = sends_source(self._caller, sequence_id).with_overlap(overlap)
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

    def watch_replies(
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
    ) -> Feed[Reply]:
        """Follow what people now on the sequence write back (contract #16): every email once.

        Makes no request before it is iterated or polled.

        Args:
            sequence_id: The sequence.
            since: `None`: all the API still shows; `NOW`: only what comes after; or a moment. A cursor found in
                the store goes before it.
            store: Where to keep the cursor between runs; `None`: nowhere.
            key: What to keep it under; default: the feed's name. Give one where a store serves several workspaces.
            interval: Seconds between polls; a busy list is polled sooner.
            max_interval: Seconds after which even an idle list is polled; default: `interval`.
            overlap: Seconds by which a row may turn up late, behind its own timestamp; default: 1 h, as a mailbox
                may be synchronised late.
            on_gap: What to do about rows out of the API's reach: raise `FeedGapError`, continue (it is logged and
                kept in the cursor), or call this with the `Gap`.
            on_bad_row: What to do about a row that cannot be read: raise `DecodeError`, or call this with the
                `BadRow`. Either way the feed goes on behind it.

        Raises:
            ValueError: A malformed id, a naive `since`, or an interval or overlap out of range.
        """
        source = replies_source(self._caller, sequence_id).with_overlap(overlap)
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


def sends_source(caller: Caller, sequence_id: str) -> Source[Send]:
    """The list #15 as something to follow."""
    return Source(
        name=f"sequences/{sequence_id}/sends",
        row=Send,
        rules=SENDS_RULES,
        page=pages(caller, SENDS, sequence_id, rules=SENDS_RULES),
        clock=caller.clock,
    )


def replies_source(caller: Caller, sequence_id: str) -> Source[Reply]:
    """The list #16 as something to follow; gaps are looked for in the contacts' own lists (#4)."""
    return Source(
        name=f"sequences/{sequence_id}/replies",
        row=Reply,
        rules=REPLIES_RULES,
        page=pages(caller, REPLIES, sequence_id, rules=REPLIES_RULES),
        clock=caller.clock,
        recover=ReplyRecovery(caller, sequence_id),
    )
