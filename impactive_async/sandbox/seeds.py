"""The rows that a sandbox starts with, the same for the same seed."""

from datetime import datetime, timedelta
from typing import Any

from attrs import evolve, frozen

from impactive_async.sandbox.dialect.dialect import Dialect
from impactive_async.sandbox.dialect.values import is_numbered
from impactive_async.sandbox.state import State
from impactive_async.sandbox.world.clock import VirtualClock
from impactive_async.sandbox.world.ids import PREFIXES, IdGenerator
from impactive_async.sandbox.world.rows import Stage
from impactive_async.sandbox.world.rules import SandboxRules
from impactive_async.sandbox.world.world import WorkspaceRecord, World

__all__ = ["Beginning", "change_lateness"]

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
_POLLED_BY = {
    "contacts": "zapier.contacts.list",
    "companies": "zapier.companies.list",
    "deals": "zapier.deals.list",
    "invoices": "zapier.invoices.list",
    "projects": "zapier.projects.list",
    "bookings": "bookings.list",
    "enrollments": "sequences.enrollments",
    "sends": "sequences.sends",
    "replies": "sequences.replies",
}
"""The list whose `lag` holds for rows of a kind, wherever they are listed."""
_PROJECTS = ("Onboarding", "Data migration", "Quarterly review")


@frozen
class Beginning:
    """What a workspace begins with; the options of `Sandbox` say more."""

    seed: str
    now: datetime
    audience: bool
    reply_rate: float
    workspace_id: str | None
    populate: bool

    def changed(self, seed: str | None, populate: bool | None, now: datetime | None) -> "Beginning":
        """Another beginning; `None` keeps what is there."""
        return evolve(
            self,
            seed=self.seed if seed is None else seed,
            populate=self.populate if populate is None else populate,
            now=self.now if now is None else now,
        )

    def world(self, clock: VirtualClock, dialect: Dialect) -> World:
        """Make the workspace, with the stages of its pipeline and of its project board, and its first rows."""
        rules = SandboxRules(
            stored_precision=dialect.stored_precision, audience=self.audience, reply_rate=self.reply_rate
        )
        ids = IdGenerator(self.seed, _numbered_prefixes(dialect))
        workspace = WorkspaceRecord(id=self.workspace_id or ids.new("wsp"), name=f"Sandbox {self.seed}")
        world = World(clock, rules, ids, workspace)
        world.lateness.update(_lateness(dialect))
        _add_stages(world)
        if self.populate:
            _fill(world)
        return world


def _add_stages(world: World) -> None:
    for name in ("Lead", "Qualified", "Proposal", "Won", "Lost"):
        stage = Stage(id=world.ids.new("stg"), name=name)
        world.deal_stages[stage.id] = stage
    for name in ("Planned", "In progress", "Done"):
        stage = Stage(id=world.ids.new("pst"), name=name)
        world.project_stages[stage.id] = stage


def _numbered_prefixes(dialect: Dialect) -> frozenset[str]:
    nouns = (noun for noun in PREFIXES if is_numbered(dialect.context.ids, noun))
    return frozenset(prefix for noun in nouns for prefix in PREFIXES[noun])


def _lateness(dialect: Dialect) -> dict[str, timedelta]:
    lags = {kind: dialect.settings(operation).lag for kind, operation in _POLLED_BY.items()}
    return {kind: timedelta(seconds=lag) for kind, lag in lags.items() if lag}


def change_lateness(world: World, old: Dialect, new: Dialect) -> None:
    """Let rows of the kinds whose lag has changed become visible later, or earlier, from now on."""
    before, after = _lateness(old), _lateness(new)
    for kind in before.keys() | after.keys():
        if before.get(kind) != after.get(kind):
            world.lateness.pop(kind, None)
            world.lateness.update({kind: after[kind]} if kind in after else {})


def _fill(world: World) -> None:
    """Add rows of every kind, dated within the two days before now."""
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
