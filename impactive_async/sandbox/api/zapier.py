"""Handlers of `/api/zapier`: contract rows 21 to 29."""

from impactive_async.sandbox.api import bodies, render
from impactive_async.sandbox.api.agent import create_contact
from impactive_async.sandbox.api.exchange import Call, RouteAnswer
from impactive_async.sandbox.api.pages import page_of_timeline
from impactive_async.sandbox.world.rows import Kind


def auth_test(call: Call) -> RouteAnswer:
    """Row 21."""
    workspace = call.world.workspace
    return RouteAnswer({"id": workspace.id, "name": workspace.name})


def list_companies(call: Call) -> RouteAnswer:
    """Row 22."""
    return _page(call, "companies")


def create_company(call: Call) -> RouteAnswer:
    """Row 23."""
    body = bodies.read(call.world, bodies.COMPANY, call.body)
    return RouteAnswer(render.record(call.world, "companies", call.world.write("companies", body.all)))


def list_contacts(call: Call) -> RouteAnswer:
    """Row 24."""
    return _page(call, "contacts")


def create_zapier_contact(call: Call) -> RouteAnswer:
    """Row 25: one object, no batch."""
    return RouteAnswer(create_contact(call.world, bodies.read(call.world, bodies.CONTACT, call.body)))


def list_deals(call: Call) -> RouteAnswer:
    """Row 26."""
    return _page(call, "deals")


def create_deal(call: Call) -> RouteAnswer:
    """Row 27; without a stage, the first of the pipeline."""
    body = bodies.read(call.world, bodies.DEAL, call.body).all
    if body.get("stageId") is None:
        body["stageId"] = next(iter(call.world.deal_stages))
    return RouteAnswer(render.record(call.world, "deals", call.world.write("deals", body)))


def list_invoices(call: Call) -> RouteAnswer:
    """Row 28."""
    return _page(call, "invoices")


def list_projects(call: Call) -> RouteAnswer:
    """Row 29."""
    return _page(call, "projects")


def _page(call: Call, kind: Kind) -> RouteAnswer:
    world = call.world
    return page_of_timeline(call, world.tables[kind], lambda row: render.record(world, kind, row))
