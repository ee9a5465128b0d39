"""What was sent already on the day on which a rehearsal begins: it counts for two mails in one day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from email.utils import parseaddr
from typing import TYPE_CHECKING

import attrs

from impactive_async.models import Send
from impactive_async.models import Sequence as EmailSequence
from impactive_async.rehearsal.result import RehearsalWarning, WarningKind
from impactive_async.rehearsal.workspace import DENIED, WorkspaceFacts, side_by_side

if TYPE_CHECKING:
    from impactive_async.client import AsyncClient


@attrs.frozen(kw_only=True)
class SentMail:
    """A mail that went out before the rehearsal begins.

    Attributes:
        at: When, in the zone of the rehearsal.
        to: The address.
        sequence_name: Which sequence sent it.
    """

    at: datetime
    to: str
    sequence_name: str


async def sent_before(
    crm: AsyncClient, facts: WorkspaceFacts, begin: datetime, zone: tzinfo | None
) -> tuple[list[SentMail], list[RehearsalWarning]]:
    """Return what these people got on the day of the start before it, and what could not be read.

    Args:
        crm: The workspace.
        facts: The people and the sequences.
        begin: The start.
        zone: The zone whose day counts; `None`: the machine's.

    Raises:
        APIError: A request failed.
    """
    midnight = begin.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    sequences = [one for one in (facts.sequence, *facts.elsewhere) if one.id]
    lists = await side_by_side(_sends(crm, one, midnight) for one in sequences)
    addresses = {one.contact_id: one.email for one in facts.people if one.contact_id and one.email}
    known = {one.email.casefold() for one in facts.people if one.email}
    sent = [
        SentMail(at=send.email_date.astimezone(zone), to=address, sequence_name=sequence.name)
        for sequence, (sends, _) in zip(sequences, lists, strict=True)
        for send in sends
        if midnight <= send.email_date <= begin
        for address in sorted(set(_addresses(send, addresses)) & known)
    ]
    return sorted(sent, key=lambda one: one.at), [warning for _, unread in lists for warning in unread]


async def _sends(
    crm: AsyncClient, sequence: EmailSequence, since: datetime
) -> tuple[Sequence[Send], list[RehearsalWarning]]:
    try:
        sends = await crm.sequences.sends(sequence.id, since=since)
    except DENIED:
        return [], [_unread(f"The key may not read what {sequence.name!r} has sent")]
    cut = [_unread(f"The list of what {sequence.name!r} has sent is cut")] if sends.truncated else []
    return sends, cut


def _unread(what: str) -> RehearsalWarning:
    return RehearsalWarning(
        WarningKind.NOT_CHECKED, f"{what}: mails of the first day before the start may be missing."
    )


def _addresses(send: Send, known: Mapping[str, str]) -> Iterator[str]:
    """Yield where a mail went: its own addresses, and that of its contact."""
    yield from (parseaddr(one)[1].casefold() for one in send.to_addresses)
    if send.contact_id in known:
        yield known[send.contact_id].casefold()
