"""What the demo's program does about replies: it books a call, pauses and unenrolls, once each.

Of all parts of the demo, this one is most like a real program.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

import attrs

from impactive_async import AsyncClient, ContactDraft

_THURSDAY = 3


@attrs.define
class ReplyHandler:
    """Reacts to replies, once in each of three ways.

    Attributes:
        unenrolled: The contact that was unenrolled, if any.
    """

    _crm: AsyncClient
    _sequence_id: str
    _people: Mapping[str, ContactDraft]
    unenrolled: str | None = None
    _done: set[str] = attrs.field(init=False, factory=set)

    async def react(self, contact_id: str, text: str, now: datetime) -> AsyncIterator[str]:
        """Do what a reply asks for. Yields what was done."""
        if "Thursday" in text and self._first("book"):
            start = _next_thursday(now)
            await self._crm.bookings.create(
                title="Call", contact_id=contact_id, start_time=start, end_time=start + timedelta(minutes=30)
            )
            yield f"{self._said(contact_id, text)} → a call is booked for {start:%a %H:%M}"
        elif "out of the office" in text and self._first("pause"):
            await self._crm.sequences.pause(self._sequence_id, contact_ids=[contact_id])
            yield f"{self._said(contact_id, text)} → paused"
        elif "Not at the moment" in text and self._first("unenroll"):
            await self._crm.sequences.unenroll(self._sequence_id, contact_id)
            self.unenrolled = contact_id
            yield f"{self._said(contact_id, text)} → unenrolled"

    def _first(self, way: str) -> bool:
        first = way not in self._done
        self._done.add(way)
        return first

    def _said(self, contact_id: str, text: str) -> str:
        person = self._people[contact_id]
        return f"{person.first_name} {person.last_name}: “{text}”"


def _next_thursday(now: datetime) -> datetime:
    days = (_THURSDAY - now.weekday()) % 7 or 7
    return (now + timedelta(days=days)).replace(hour=14, minute=0, second=0, microsecond=0)
