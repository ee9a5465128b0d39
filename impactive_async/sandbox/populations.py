"""The rows that a sandbox starts with, in three sizes, the same for the same seed."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final, Literal, get_args

from impactive_async.sandbox.state import State
from impactive_async.sandbox.world.world import World

__all__ = ["POPULATIONS", "Population", "fill", "population"]

Population = Literal["none", "small", "demo", "large"]
POPULATIONS: Final[tuple[Population, ...]] = get_args(Population)

_COMPANIES = (
    ("Analytical Engines", "analytical.example", "Manufacturing"),
    ("Bletchley Logic", "bletchley.example", "Software"),
    ("Harbour Compilers", "harbour.example", "Software"),
    ("Orbit Mechanics", "orbit.example", "Aerospace"),
)
_PEOPLE = (
    ("Ada", "Lovelace"),
    ("Alan", "Turing"),
    ("Grace", "Hopper"),
    ("Katherine", "Johnson"),
    ("Charles", "Babbage"),
    ("Joan", "Clarke"),
    ("Jean", "Bartik"),
    ("Margaret", "Hamilton"),
    ("Mary", "Somerville"),
    ("Edsger", "Dijkstra"),
    ("Barbara", "Liskov"),
    ("Dorothy", "Vaughan"),
)
_DEALS = (("Pilot", 12000), ("Yearly licence", 48000), ("Training", 3500.5), ("Renewal", 27000), ("Support", 900))
_INVOICES = (("INV-1001", 1200, "paid"), ("INV-1002", 840.5, "sent"), ("INV-1003", 99, "overdue"))
_PROJECTS = ("Onboarding", "Data migration", "Quarterly review")


def population(wanted: bool | str) -> Population:
    """Return the size that is wanted: `True` is a demo, `False` is none.

    Raises:
        ValueError: There is no such size.
    """
    if isinstance(wanted, bool):
        return "demo" if wanted else "none"
    for size in POPULATIONS:
        if size == wanted:
            return size
    raise ValueError(f"a workspace is populated with {', '.join(POPULATIONS)}, not with {wanted!r}")


def fill(world: World, size: Population) -> None:
    """Add the rows of this size."""
    for part in _PARTS[size]:
        part(world)


def _back_then(world: World) -> None:
    """Add rows of every plain kind but bookings, dated within the two days before now."""
    state = State(world)
    companies = _companies(world, state)
    contacts = _contacts(world, state, companies)
    _deals(world, state, companies, contacts)
    _back_office(world, state, companies, contacts)
    state.add_sending_account("Sales", "sales@workspace.example")
    state.add_sending_account("Support", "support@workspace.example", sync_enabled=False)
    state.add_tag("VIP", contacts[:3])
    state.add_tag("Newsletter", contacts[2:8])
    state.add_list("Spring campaign", contacts[4:10])
    state.add_list("Nobody yet", ())


def _companies(world: World, state: State) -> list[str]:
    start = world.clock.now() - timedelta(hours=48)
    rows = (
        state.add(
            "companies",
            {"name": name, "website": f"https://{host}", "industry": industry, "email": f"office@{host}"},
            at=start + timedelta(hours=number),
        )
        for number, (name, host, industry) in enumerate(_COMPANIES)
    )
    return [row.id for row in rows]


def _contacts(world: World, state: State, companies: list[str]) -> list[str]:
    start = world.clock.now() - timedelta(hours=40)
    ids = []
    for number, (first, last) in enumerate(_PEOPLE):
        place = number % len(companies)
        email = f"{first}.{last}@{_COMPANIES[place][1]}".lower()
        at = start + timedelta(hours=number)
        ids.append(state.create_contact(first, last, email=email, company_id=companies[place], at=at).id)
    return ids


def _deals(world: World, state: State, companies: list[str], contacts: list[str]) -> None:
    stages = list(world.deal_stages)
    start = world.clock.now() - timedelta(hours=24)
    for number, (name, value) in enumerate(_DEALS):
        place = number % len(companies)
        fields = {
            "name": f"{name} for {_COMPANIES[place][0]}",
            "value": value,
            "currency": "USD",
            "stageId": stages[number % len(stages)],
            "companyId": companies[place],
            "contactId": contacts[place],
        }
        state.add("deals", fields, at=start + timedelta(hours=number))


def _back_office(world: World, state: State, companies: list[str], contacts: list[str]) -> None:
    now = world.clock.now()
    for number, (name, total, status) in enumerate(_INVOICES):
        extra: dict[str, Any] = {"status": status, "companyId": companies[number], "contactId": contacts[number]}
        extra |= {"subtotal": total, "tax": 0, "dueDate": (now + timedelta(days=number * 7)).date().isoformat()}
        state.add_invoice(name, total, extra=extra, at=now - timedelta(hours=12 - number))
    for number, name in enumerate(_PROJECTS):
        stage = list(world.project_stages)[number]
        place = {"companyId": companies[number], "stageId": stage}
        state.add_project(name, extra=place, at=now - timedelta(hours=6 - number))


def _in_touch(world: World) -> None:
    """Add sequences with their mails and replies of the last 26 hours, and bookings."""
    state, clock, now = State(world), world.clock, world.clock.now()
    people = [row.id for row in state.rows("contacts")]
    account = next(iter(state.sending_accounts))
    clock.set_back(now - timedelta(hours=26))
    welcome = state.create_sequence("Welcome", [0, 1, 3], sending_account_id=account).id
    state.enroll(welcome, people[:6])
    clock.play(now - timedelta(hours=20))
    state.add_reply(people[1], subject="Re: Welcome 1", body="Sounds interesting! Does Thursday work for a call?")
    state.unsubscribe(welcome, people[4])
    state.pause(welcome, people[5:6])
    clock.play(now - timedelta(hours=8))
    followed = state.create_sequence("Conference follow-up", [0], sending_account_id=account).id
    state.enroll(followed, people[6:10])
    clock.play(now - timedelta(hours=1))
    state.add_reply(people[3], subject="Re: Welcome 2", body="Could you send me your price list?")
    clock.play(now)
    state.create_sequence("Wake the quiet ones", [0, 7], status="draft")
    _bookings(world, state, people)


def _bookings(world: World, state: State, people: list[str]) -> None:
    now = world.clock.now()
    for number, (title, guest) in enumerate((("Intro call", 1), ("Demo", 3), ("Kick-off", 7)), 1):
        person, start = state.get("contacts", people[guest]), now + timedelta(days=number)
        name = f"{person.fields['firstName']} {person.fields['lastName']}"
        fields = {
            "title": f"{title} with {name}",
            "startTime": start.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "endTime": (start + timedelta(minutes=30)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "contactId": person.id,
            "guestName": name,
            "guestEmail": person.fields["email"],
            "status": "confirmed",
        }
        state.add("bookings", fields, at=now - timedelta(hours=4 - number))


def _crowd(world: World) -> None:
    """Add more rows than any list shows at once, and a sequence that all these people are on."""
    state, now = State(world), world.clock.now()
    start = now - timedelta(days=60)
    for kind, count, fields in _CROWD:
        for number in range(1, count + 1):
            state.add(kind, fields(number), at=start + timedelta(minutes=number))
    crowd = [row.id for row in state.rows("contacts")][len(_PEOPLE) :]
    world.clock.set_back(now - timedelta(hours=3))
    state.enroll(state.create_sequence("Newsletter", [0, 14]).id, crowd)
    world.clock.play(now)
    for number, person in enumerate(crowd[:300]):
        state.add_reply(person, body=f"Reply {number + 1}: tell me more", subject="Re: Newsletter 1")


_CROWD: Final[tuple[tuple[Any, int, Callable[[int], Mapping[str, Any]]], ...]] = (
    ("companies", 250, lambda number: {"name": f"Company {number}", "website": f"https://c{number}.example"}),
    (
        "contacts",
        1200,
        lambda number: {
            "firstName": "Person",
            "lastName": f"Number {number}",
            "email": f"person.{number}@crowd.example",
        },
    ),
    ("deals", 400, lambda number: {"name": f"Deal {number}", "value": number * 10, "currency": "USD"}),
    (
        "invoices",
        250,
        lambda number: {"invoiceNumber": f"INV-{5000 + number}", "total": number, "status": "sent"},
    ),
    ("projects", 150, lambda number: {"name": f"Project {number}", "status": "active"}),
    ("bookings", 300, lambda number: {"title": f"Call {number}", "status": "confirmed"}),
)
_PARTS: Final[Mapping[Population, tuple[Callable[[World], None], ...]]] = {
    "none": (),
    "small": (_back_then,),
    "demo": (_back_then, _in_touch),
    "large": (_back_then, _in_touch, _crowd),
}
