"""What the control API does: a function for each endpoint."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final, cast

from impactive_async.sandbox import triggers
from impactive_async.sandbox.control import printing
from impactive_async.sandbox.control.call import ControlCall, RawJson
from impactive_async.sandbox.http.faults import CHAOS_KINDS
from impactive_async.sandbox.state import POLLED, State
from impactive_async.sandbox.world.rows import KINDS, Kind

OTHER_KINDS: Final = ("sequences", "steps", "enrollments", "sends", "replies", "tags", "lists", "sending_accounts")
_MOST: Final = 10_000


def overview(call: ControlCall) -> dict[str, Any]:
    """Count everything."""
    sandbox = call.sandbox
    return {
        "seed": sandbox.seed,
        "dialect": sandbox.profile.get("name"),
        "clock": clock(call),
        "rows": {kind: sum(1 for _ in _all(sandbox.state, kind)) for kind in (*KINDS, *OTHER_KINDS)},
        "faults": faults(call),
        "requests": sandbox.journal.count,
    }


def clock(call: ControlCall) -> dict[str, Any]:
    """Tell the time."""
    time = call.sandbox.clock
    told = {"now": time.now(), "speed": call.sandbox.speed, "next_due": time.next_due()}
    return cast("dict[str, Any]", printing.plain(told))


async def advance(call: ControlCall) -> dict[str, Any]:
    """Move the clock forward."""
    steps = dict(call.body)
    to = steps.pop("to", None)
    if to is not None and steps:
        raise ValueError("to stands alone")
    if to is not None:
        await call.sandbox.clock.advance_to(to)
    else:
        await call.sandbox.clock.advance(**steps)
    return clock(call)


async def set_speed(call: ControlCall) -> dict[str, Any]:
    """Let the clock run, or stop it."""
    await call.sandbox.set_speed(call.body["speed"])
    return clock(call)


def faults(call: ControlCall) -> dict[str, Any]:
    """List the faults."""
    plan = call.sandbox.plan
    armed = [printing.fault(number, one) for number, one in plan.armed.items()]
    return {"armed": armed, "chaos": {"rate": plan.rate, "kinds": list(plan.kinds)}}


def add_fault(call: ControlCall) -> dict[str, Any]:
    """Arm a fault."""
    armed = call.sandbox.fail(**call.body)
    return printing.fault(armed.number, armed)


def clear_faults(call: ControlCall) -> None:
    """Remove all faults."""
    call.sandbox.plan.clear()


def remove_fault(call: ControlCall) -> None:
    """Remove one fault."""
    call.sandbox.plan.remove(int(call.params["number"]) if call.params["number"].isdigit() else -1)


def chaos(call: ControlCall) -> dict[str, Any]:
    """Let a share of all requests fail."""
    call.sandbox.plan.chaos(call.body["rate"], call.body.get("kinds", CHAOS_KINDS))
    return faults(call)


def requests(call: ControlCall) -> list[dict[str, Any]]:
    """List requests."""
    route, status = call.query.get("route"), call.whole("status", 0)
    after, limit = call.whole("after", 0), call.whole("limit", 100)
    found = [
        record
        for record in call.sandbox.journal
        if record.number > after and route in (None, record.route) and status in (0, record.status)
    ]
    return [printing.request(record) for record in found[len(found) - min(limit, len(found)) :]]


def request(call: ControlCall) -> dict[str, Any]:
    """Show one request with its answer."""
    number = call.params["number"]
    found, answer = call.sandbox.journal.find(int(number) if number.isdecimal() else -1)
    return {"request": printing.request(found), "answer": answer and printing.answer(answer)}


def forget_requests(call: ControlCall) -> None:
    """Forget the requests so far."""
    call.sandbox.journal.forget()


def rows(call: ControlCall) -> list[dict[str, Any]]:
    """List rows."""
    wanted, limit = call.query.get("contains", ""), call.whole("limit", 100)
    found = list(_all(call.sandbox.state, call.params["kind"]))
    if wanted:
        found = [one for one in found if wanted.casefold() in str(printing.row(one)).casefold()]
    return [printing.row(one) for one in found[len(found) - min(limit, len(found)) :]]


def add_row(call: ControlCall) -> dict[str, Any]:
    """Add a row."""
    given = dict(call.body)
    return printing.row(call.sandbox.state.add(_table(call), given.pop("fields"), **given))


def change_row(call: ControlCall) -> dict[str, Any]:
    """Change a row."""
    given = dict(call.body)
    changed = call.sandbox.state.touch(_table(call), call.params["id"], given.pop("fields"), **given)
    return printing.row(changed)


def remove_row(call: ControlCall) -> None:
    """Delete a row."""
    call.sandbox.state.remove(_table(call), call.params["id"])


def reply(call: ControlCall) -> dict[str, Any]:
    """Let a contact write back."""
    given = dict(call.body)
    return printing.row(call.sandbox.state.add_reply(given.pop("contact_id"), **given))


def trigger(call: ControlCall) -> dict[str, Any]:
    """Make a row that somebody who follows the workspace hears of."""
    noun = call.params["noun"]
    return {"noun": noun, "id": triggers.trigger(call.sandbox.state, noun)}


def burst(call: ControlCall) -> dict[str, Any]:
    """Make many rows at once."""
    kind, number, state = call.body["kind"], call.body["count"], call.sandbox.state
    if not 0 <= number <= _MOST:
        raise ValueError(f"count is from 0 to {_MOST:,}")
    if kind == "replies":
        people = [row.id for row in state.rows("contacts")]
        if not people:
            raise ValueError("there is no contact who could reply")
        for place in range(number):
            state.add_reply(people[place % len(people)], body=f"Reply {place + 1} of {number}")
    else:
        for place in range(number):
            state.add(kind, _made_up(kind, place + 1))
    return {"kind": kind, "count": number}


def lateness(call: ControlCall) -> dict[str, Any]:
    """Show rows later."""
    seconds = call.body["seconds"]
    kinds = call.body.get("kinds", POLLED)
    call.sandbox.state.late_rows(None if seconds is None else timedelta(seconds=seconds), kinds)
    return {"seconds": seconds, "kinds": list(kinds)}


async def reset(call: ControlCall) -> dict[str, Any]:
    """Begin anew."""
    await call.sandbox.reset(**call.body)
    return overview(call)


def snapshot(call: ControlCall) -> RawJson:
    """Write down everything that the next answers depend on."""
    return RawJson(call.sandbox.snapshot())


async def restore(call: ControlCall) -> dict[str, Any]:
    """Go on from a snapshot."""
    await call.sandbox.restore(call.body)
    return overview(call)


def _table(call: ControlCall) -> Kind:
    kind = call.params["kind"]
    if kind not in KINDS:
        raise LookupError(f"rows of {kind!r} cannot be written here, but of {', '.join(KINDS)}")
    return kind


def _all(state: State, kind: str) -> Iterable[Any]:
    if kind in KINDS:
        return state.rows(kind)
    if kind == "enrollments":
        return (row for sequence in state.sequences for row in state.enrollments(sequence))
    if kind == "steps":
        return (row for sequence in state.sequences for row in state.steps(sequence))
    if kind in {"sends", "replies"}:
        return cast("Iterable[Any]", getattr(state, kind))
    if kind in OTHER_KINDS:
        return cast("Iterable[Any]", getattr(state, kind).values())
    raise LookupError(f"there are no rows of {kind!r}, but of {', '.join((*KINDS, *OTHER_KINDS))}")


def _made_up(kind: str, number: int) -> dict[str, Any]:
    if kind == "contacts":
        return {"firstName": "Burst", "lastName": f"Number {number}", "email": f"burst.{number}@burst.example"}
    if kind == "invoices":
        return {"invoiceNumber": f"BURST-{number}", "status": "draft", "currency": "USD", "total": number}
    name = "title" if kind == "bookings" else "name"
    return {name: f"Burst {number}"}
