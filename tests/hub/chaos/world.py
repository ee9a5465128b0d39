"""The workspace that `chaos` happens to, and what must be in the log of it."""

from __future__ import annotations

import asyncio
from itertools import count

from impactive_async.hub import event_id
from impactive_async.sandbox import Sandbox
from tests.support import often

SEQUENCES = often(5, 12)
FEEDS = SEQUENCES * 3 + 4


def expected(sandbox: Sandbox) -> set[str]:
    """Ids of the events that must be in the log: the newest version of everything."""
    state, ids = sandbox.state, set[str]()
    for kind in ("companies", "contacts", "deals"):
        for row in state.rows(kind):
            ids.add(event_id(f"zapier/{kind}", row.id, row.updated_at.isoformat()))
    for sequence_id in state.sequences:
        for enrollment in state.enrollments(sequence_id):
            feed = f"sequences/{sequence_id}/enrollments"
            ids.add(event_id(feed, enrollment.id, enrollment.updated_at.isoformat()))
    ids |= {event_id("sends", send.id, "1") for send in state.sends}
    ids |= {event_id("replies", r.id, "1") for r in state.replies}
    return ids


def populate(sandbox: Sandbox) -> None:
    for number in range(SEQUENCES):
        sequence = sandbox.state.create_sequence(f"Sequence {number}", [0])
        people = [
            sandbox.state.create_contact("Person", f"{number}-{n}", email=f"p{n}@s{number}.example").id
            for n in range(3)
        ]
        sandbox.state.enroll(sequence.id, people)
    # Each request takes a little while, so that a worker is often found in mid-poll.
    sandbox.fail("*", delay=0.03, times=None)


async def make_traffic(sandbox: Sandbox) -> None:
    """New rows and new versions, some forty a second."""
    state = sandbox.state
    enrolled = [row.contact_id for sequence in state.sequences for row in state.enrollments(sequence)]
    for number in count():
        state.add_reply(enrolled[number % len(enrolled)])
        deals = state.rows("deals")
        state.touch("deals", deals[number % len(deals)].id, {"value": number})
        if number % 4 == 0:
            state.add("companies", {"name": f"Company {number}"})
        await asyncio.sleep(0.05)
