"""A small, believable workspace to start with, the same for the same seed."""

from datetime import timedelta
from typing import Any

from .clock import VirtualClock
from .ids import Mint
from .rows import Stage
from .rules import Rules
from .state import State
from .world import Workspace, World

__all__ = ["fill", "new_world"]

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


def new_world(seed: str, clock: VirtualClock, rules: Rules, workspace_id: str | None = None) -> World:
    """What every workspace has from the start: the stages of its pipeline and of its project board."""
    mint = Mint(seed)
    world = World(clock, rules, mint, Workspace(id=workspace_id or mint.new("wsp"), name=f"Sandbox {seed}"))
    for name in ("Lead", "Qualified", "Proposal", "Won", "Lost"):
        stage = Stage(id=world.mint.new("stg"), name=name)
        world.deal_stages[stage.id] = stage
    for name in ("Planned", "In progress", "Done"):
        stage = Stage(id=world.mint.new("pst"), name=name)
        world.project_stages[stage.id] = stage
    return world


def fill(world: World) -> None:
    """Rows of every kind, dated over the two days before now."""
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
