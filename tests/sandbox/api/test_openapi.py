"""The written contract: is it sound, does it agree with the routes, and does the sandbox keep it."""

import asyncio
import copy
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from openapi_spec_validator import validate
from schemathesis.config import (
    GenerationConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.core.parameters import ParameterLocation

from impactive_async.sandbox import ROUTES, Sandbox, openapi_document

pytest_plugins = ["schemathesis.pytest.plugin"]  # not loaded everywhere, because importing it takes a second

DOCUMENT = openapi_document()

# The contract's table (rows 1 to 29), a second time by hand: three sources must agree.
CONTRACT = {
    ("GET", "/api/agent/contacts"),
    ("POST", "/api/agent/contacts"),
    ("PATCH", "/api/agent/contacts/{id}"),
    ("GET", "/api/agent/contacts/{id}/replies"),
    ("GET", "/api/agent/sending-accounts"),
    ("POST", "/api/agent/sequences"),
    ("GET", "/api/agent/sequences"),
    ("GET", "/api/agent/sequences/{id}"),
    ("PATCH", "/api/agent/sequences/{id}"),
    ("POST", "/api/agent/sequences/{id}/steps"),
    ("PATCH", "/api/agent/sequences/{id}/steps/{stepId}"),
    ("DELETE", "/api/agent/sequences/{id}/steps/{stepId}"),
    ("POST", "/api/agent/sequences/{id}/enroll"),
    ("GET", "/api/agent/sequences/{id}/enrollments"),
    ("GET", "/api/agent/sequences/{id}/sends"),
    ("GET", "/api/agent/sequences/{id}/replies"),
    ("POST", "/api/agent/sequences/{id}/pause"),
    ("DELETE", "/api/agent/sequences/{id}/contacts/{contactId}"),
    ("GET", "/api/agent/bookings"),
    ("POST", "/api/agent/bookings"),
    ("GET", "/api/zapier/auth/test"),
    ("GET", "/api/zapier/companies"),
    ("POST", "/api/zapier/companies"),
    ("GET", "/api/zapier/contacts"),
    ("POST", "/api/zapier/contacts"),
    ("GET", "/api/zapier/deals"),
    ("POST", "/api/zapier/deals"),
    ("GET", "/api/zapier/invoices"),
    ("GET", "/api/zapier/projects"),
}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield method.upper(), path, operation


def test_the_document_is_valid_openapi() -> None:
    """The document is well-formed OpenAPI 3.1."""
    validate(openapi_document())


def test_contract_document_and_routes_agree() -> None:
    """All three name the same 29 endpoints, and the route table has them in the contract's numbers."""
    routes = {(route.method, re.sub(r":(\w+)", r"{\1}", route.template)) for route in ROUTES}
    assert routes == CONTRACT == {(method, path) for method, path, _ in operations()}
    assert [route.number for route in ROUTES] == list(range(1, 30))


def test_document_and_routes_agree_on_numbers_queries_and_bodies() -> None:
    """An endpoint has the same row number, the same query parameters and the same need of a body in both."""
    written = {}
    for method, path, operation in operations():
        refs = [DOCUMENT["components"]["parameters"][one["$ref"].rpartition("/")[2]] if "$ref" in one else one
                for one in operation.get("parameters", ())]  # fmt: skip
        body = operation.get("requestBody")
        needs = "none" if body is None else "required" if body["required"] else "optional"
        number = int(operation["summary"].partition(".")[0])
        written[method, path] = (number, {one["name"] for one in refs}, needs)
    known = {
        (route.method, re.sub(r":(\w+)", r"{\1}", route.template)): (route.number, set(route.query), route.body)
        for route in ROUTES
    }
    assert written == known


def test_answers_may_always_have_more_fields() -> None:
    """No schema that answers use forbids fields it does not list."""
    closed = {name for name, schema in DOCUMENT["components"]["schemas"].items() if _closes(schema)}
    assert closed == {"EnrollRequest", "PauseRequest"}
    assert not any(_closes(operation["responses"]) for _, _, operation in operations())


def _closes(node: Any) -> bool:
    if isinstance(node, dict):
        return node.get("additionalProperties") is False or any(_closes(value) for value in node.values())
    return isinstance(node, list) and any(_closes(value) for value in node)


def test_the_document_given_out_is_a_copy() -> None:
    """Who changes the document changes his own."""
    openapi_document()["paths"].clear()
    assert openapi_document() == DOCUMENT


# Schemathesis speaks through a blocking client, so the sandbox lives on a loop of its own in another thread.


class Live:
    """A sandbox with rows of every kind, and ids for the path parameters of every operation."""

    def __init__(self) -> None:
        self.sb = Sandbox("openapi", reply_rate=1, journal_limit=0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def start(self) -> None:
        self._thread.start()
        self.run(self._prepare())

    async def _prepare(self) -> None:
        await self.sb.start()
        state = self.sb.state
        self.sequence_id = state.create_sequence("Rich", [0, 1, 400]).id
        self.contact_ids = [row.id for row in state.rows("contacts")]
        state.enroll(self.sequence_id, self.contact_ids)
        await self.sb.clock.advance(days=5)
        state.pause(self.sequence_id, self.contact_ids[:2])
        state.unsubscribe(self.sequence_id, self.contact_ids[2])
        state.unenroll(self.sequence_id, self.contact_ids[3])

    def run(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def stop(self) -> None:
        self.run(self.sb.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def path_ids(self, path: str) -> dict[str, str]:
        """Ids that exist, made afresh where the operation deletes."""
        state = self.sb.state
        if path.startswith("/api/agent/contacts"):
            return {"id": self.contact_ids[0]}
        sequence = state.create_sequence("Fresh", [0, 0]) if "{stepId}" in path or "{contactId}" in path else None
        if sequence is None:
            return {"id": self.sequence_id}
        state.enroll(sequence.id, self.contact_ids[:1])
        step = state.steps(sequence.id)[0]
        return {"id": sequence.id, "stepId": step.id, "contactId": self.contact_ids[0]}

    def references(self) -> dict[str, str]:
        state = self.sb.state
        return {
            "companyId": state.rows("companies")[0].id,
            "contactId": self.contact_ids[0],
            "stageId": next(iter(state.deal_stages)),
            "sendingAccountId": next(iter(state.sending_accounts)),
            "tagIds": next(iter(state.tags)),
            "listIds": next(iter(state.lists)),
        }


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    live = Live()
    live.start()
    try:
        yield live
    finally:
        live.stop()


CONFIG = SchemathesisConfig(
    seed=20260501,
    projects=ProjectsConfig(
        default=ProjectConfig(
            generation=GenerationConfig(
                deterministic=True, max_examples=12, database="none", with_security_parameters=False
            ),
        )
    ),
)
schema = schemathesis.openapi.from_dict(copy.deepcopy(DOCUMENT), config=CONFIG)


def ground(case: schemathesis.Case[Any], live: Live) -> None:
    """Give the valid parts of a case ids that exist, so that it gets further than to a 404."""
    if case.path_parameters and not negative(case, ParameterLocation.PATH):
        ids = live.path_ids(case.path)
        case.path_parameters = {name: ids[name] for name in case.path_parameters}
    if isinstance(case.body, dict | list) and not negative(case, ParameterLocation.BODY):
        case.body = with_real_ids(case.body, live.references())


def negative(case: schemathesis.Case[Any], location: ParameterLocation) -> bool:
    return case.meta is not None and case.meta.is_negative_at(location)


def with_real_ids(body: Any, real: dict[str, str]) -> Any:
    if isinstance(body, list):
        return [with_real_ids(item, real) for item in body]
    if isinstance(body, dict):
        return {name: _real(value, real.get(name)) for name, value in body.items()}
    return body


def _real(value: Any, real: str | None) -> Any:
    if real is not None and isinstance(value, str):
        return real
    return [real for _ in value] if real is not None and isinstance(value, list) else value


@schema.parametrize()
def test_the_sandbox_keeps_the_document(case: schemathesis.Case[Any], live: Live) -> None:
    """Whatever is sent, valid or not: answers, refusals and headers are as the document says."""
    ground(case, live)
    case.call_and_validate(base_url=live.sb.url, headers={"x-api-key": live.sb.api_key})
