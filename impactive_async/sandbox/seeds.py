"""What a sandbox begins with, the same for the same seed."""

from datetime import datetime, timedelta

from attrs import evolve, field, frozen

from impactive_async.sandbox.dialect.dialect import Dialect
from impactive_async.sandbox.dialect.values import is_numbered
from impactive_async.sandbox.http.faults import CHAOS_KINDS, FaultPlan
from impactive_async.sandbox.populations import Population, fill, population
from impactive_async.sandbox.world.clock import VirtualClock
from impactive_async.sandbox.world.ids import PREFIXES, IdGenerator
from impactive_async.sandbox.world.rows import Stage
from impactive_async.sandbox.world.rules import SandboxRules
from impactive_async.sandbox.world.world import WorkspaceRecord, World

__all__ = ["Beginning", "change_lateness"]

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


@frozen
class Beginning:
    """What a workspace begins with; the options of `Sandbox` say more."""

    seed: str
    now: datetime
    audience: bool
    reply_rate: float
    workspace_id: str | None
    populate: Population = field(converter=population)
    chaos: float
    strict: bool

    def changed(self, seed: str | None, populate: bool | str | None, now: datetime | None) -> "Beginning":
        """Another beginning; `None` keeps what is there."""
        return evolve(
            self,
            seed=self.seed if seed is None else seed,
            populate=self.populate if populate is None else population(populate),
            now=self.now if now is None else now,
        )

    def world(self, clock: VirtualClock, dialect: Dialect) -> World:
        """Make the workspace, with the stages of its pipeline and of its project board, and its first rows."""
        rules = SandboxRules(
            stored_precision=dialect.stored_precision,
            audience=self.audience,
            reply_rate=self.reply_rate,
            strict=self.strict,
        )
        ids = IdGenerator(self.seed, _numbered_prefixes(dialect))
        workspace = WorkspaceRecord(id=self.workspace_id or ids.new("wsp"), name=f"Sandbox {self.seed}")
        world = World(clock, rules, ids, workspace)
        world.lateness.update(_lateness(dialect))
        _add_stages(world)
        fill(world, self.populate)
        return world

    def plan(self) -> FaultPlan:
        """Make the faults: none but those of chaos.

        Raises:
            ValueError: The rate of chaos is not from 0 to 1.
        """
        plan = FaultPlan(self.seed)
        plan.chaos(self.chaos, CHAOS_KINDS)
        return plan


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
