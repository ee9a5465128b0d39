"""Each person on a sequence, with the emails, the first reply and the first booking that belong together."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import attrs

from impactive_async.models import Booking, Enrollment, Reply, Send

_CANCELLED: Final = {"cancelled", "canceled"}


@attrs.frozen(kw_only=True)
class Recipient:
    """What is known of one person on a sequence.

    Attributes:
        contact_id: Who it is.
        enrolled: Whether the person is on the sequence now.
        sends: The emails that went to the person, the first one first.
        answered: The email that the first reply followed; `None`: there is no reply to an email that is known.
        time_to_reply: How long that took.
        booked: The email that the first booking followed; `None`: as above.
        unmatched: Whether there are replies, but no email before them.
        undated: Whether there are bookings, but none with a time.
    """

    contact_id: str
    enrolled: bool
    sends: tuple[Send, ...] = ()
    answered: Send | None = None
    time_to_reply: timedelta | None = None
    booked: Send | None = None
    unmatched: bool = False
    undated: bool = False


def recipients_of(
    enrollments: Iterable[Enrollment], sends: Iterable[Send], replies: Iterable[Reply], bookings: Iterable[Booking]
) -> list[Recipient]:
    """Return everybody who is on the sequence or got an email of it, or answered one."""
    enrolled = {enrollment.contact_id: enrollment for enrollment in enrollments}
    sent: dict[str, list[Send]] = defaultdict(list)
    for send in sorted(sends, key=lambda send: send.email_date):
        sent[send.contact_id].append(send)
    replied: dict[str, list[datetime]] = defaultdict(list)
    for reply in replies:
        replied[reply.contact_id].append(reply.email_date)
    booked = _bookings(bookings, _by_address(enrolled.values(), sent))
    return [
        _person(one, one in enrolled, sent.get(one, []), sorted(replied.get(one, [])), booked.get(one, []))
        for one in {**enrolled, **sent, **replied}
    ]


def median(times: Iterable[timedelta | None]) -> timedelta | None:
    """Return the median of the times that there are; `None`: there is none."""
    known = [time.total_seconds() for time in times if time is not None]
    return timedelta(seconds=statistics.median(known)) if known else None


def _by_address(enrollments: Iterable[Enrollment], sent: Mapping[str, list[Send]]) -> dict[str, str]:
    """Return contacts by their addresses, for bookings that are not linked to a contact."""
    found = {
        address.casefold(): contact_id
        for contact_id, sends in sent.items()
        for send in sends
        for address in send.to_addresses
    }
    for enrollment in enrollments:
        if enrollment.contact is not None and enrollment.contact.email:
            found[enrollment.contact.email.casefold()] = enrollment.contact_id
    return found


def _bookings(bookings: Iterable[Booking], by_address: Mapping[str, str]) -> dict[str, list[datetime | None]]:
    """Return when each person booked. A booking that does not tell counts from its beginning."""
    found: dict[str, list[datetime | None]] = defaultdict(list)
    for booking in bookings:
        contact_id = booking.contact_id or by_address.get((booking.guest_email or "").casefold())
        if contact_id is not None and (booking.status or "").casefold() not in _CANCELLED:
            found[contact_id].append(booking.created_at or booking.start_time)
    return found


def _person(
    contact_id: str, enrolled: bool, sends: list[Send], replies: list[datetime], bookings: list[datetime | None]
) -> Recipient:
    reply = next((moment for moment in replies if _last_before(moment, sends)), None)
    answered = None if reply is None else _last_before(reply, sends)
    dated = sorted(moment for moment in bookings if moment is not None)
    return Recipient(
        contact_id=contact_id,
        enrolled=enrolled,
        sends=tuple(sends),
        answered=answered,
        time_to_reply=None if reply is None or answered is None else reply - answered.email_date,
        booked=next(filter(None, (_last_before(moment, sends) for moment in dated)), None),
        unmatched=bool(replies) and answered is None,
        undated=bool(bookings and not dated and sends),
    )


def _last_before(moment: datetime, sends: Iterable[Send]) -> Send | None:
    before = [send for send in sends if send.email_date <= moment]
    return before[-1] if before else None
