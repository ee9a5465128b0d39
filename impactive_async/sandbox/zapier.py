"""Handlers of `/api/zapier`: contract rows 21 to 29."""

from itertools import islice

from . import bodies, render
from .agent import create_contact
from .exchange import Answer, Call
from .rows import Kind


def auth_test(call: Call) -> Answer:
    """Row 21."""
    workspace = call.world.workspace
    return Answer(200, {"id": workspace.id, "name": workspace.name})


def list_companies(call: Call) -> Answer:
    """Row 22."""
    return _page(call, "companies")


def create_company(call: Call) -> Answer:
    """Row 23."""
    body = bodies.read(call.world, bodies.COMPANY, call.body)
    return Answer(201, render.record(call.world, "companies", call.world.write("companies", body.all)))


def list_contacts(call: Call) -> Answer:
    """Row 24."""
    return _page(call, "contacts")


def create_zapier_contact(call: Call) -> Answer:
    """Row 25: one object, no batch."""
    return Answer(201, create_contact(call.world, bodies.read(call.world, bodies.CONTACT, call.body)))


def list_deals(call: Call) -> Answer:
    """Row 26."""
    return _page(call, "deals")


def create_deal(call: Call) -> Answer:
    """Row 27; without a stage, the first of the pipeline."""
    body = bodies.read(call.world, bodies.DEAL, call.body).all
    if body.get("stageId") is None:
        body["stageId"] = next(iter(call.world.deal_stages))
    return Answer(201, render.record(call.world, "deals", call.world.write("deals", body)))


def list_invoices(call: Call) -> Answer:
    """Row 28."""
    return _page(call, "invoices")


def list_projects(call: Call) -> Answer:
    """Row 29."""
    return _page(call, "projects")


def _page(call: Call, kind: Kind) -> Answer:
    rows = islice(call.world.recent(kind, call.since()), call.world.rules.zapier_cap)
    return Answer(200, [render.record(call.world, kind, row) for row in rows])
