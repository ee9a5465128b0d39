"""The route table: the contract's 29 endpoints, in its order."""

from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import unquote

from attrs import define, field, frozen

from impactive_async.sandbox.api import agent, zapier
from impactive_async.sandbox.api.exchange import Call, RouteAnswer
from impactive_async.sandbox.dialect.dialect import Dialect

__all__ = ["ROUTES", "Found", "Route", "RouteTable", "check_pattern"]

_AGENT, _ZAPIER = "/api/agent", "/api/zapier"
_SEQUENCE = _AGENT + "/sequences/:id"


@frozen
class Route:
    """One endpoint.

    Attributes:
        number: Its row in the contract.
        operation: Its name in profiles.
        method: HTTP verb of the contract.
        template: Path with `:name` for each id.
        handler: What answers it.
        query: The query parameters it knows.
        body: Whether it reads one.
    """

    number: int
    operation: str
    method: str
    template: str
    handler: Callable[[Call], RouteAnswer]
    query: frozenset[str] = frozenset()
    body: Literal["none", "optional", "required"] = "none"

    @property
    def name(self) -> str:
        """Verb and template of the contract, as faults and the journal name the route in every dialect."""
        return f"{self.method} {self.template}"


_LIMIT, _SINCE = frozenset({"limit"}), frozenset({"since"})

ROUTES = (
    Route(1, "contacts.list", "GET", _AGENT + "/contacts", agent.list_contacts, _LIMIT),
    Route(2, "contacts.create", "POST", _AGENT + "/contacts", agent.create_contacts, body="required"),
    Route(3, "contacts.update", "PATCH", _AGENT + "/contacts/:id", agent.update_contact, body="required"),
    Route(4, "contacts.replies", "GET", _AGENT + "/contacts/:id/replies", agent.list_contact_replies),
    Route(5, "sending_accounts.list", "GET", _AGENT + "/sending-accounts", agent.list_sending_accounts),
    Route(6, "sequences.create", "POST", _AGENT + "/sequences", agent.create_sequence, body="required"),
    Route(7, "sequences.list", "GET", _AGENT + "/sequences", agent.list_sequences),
    Route(8, "sequences.get", "GET", _SEQUENCE, agent.get_sequence),
    Route(9, "sequences.update", "PATCH", _SEQUENCE, agent.update_sequence, body="required"),
    Route(10, "sequences.steps.create", "POST", _SEQUENCE + "/steps", agent.create_step, body="required"),
    Route(11, "sequences.steps.update", "PATCH", _SEQUENCE + "/steps/:stepId", agent.update_step, body="required"),
    Route(12, "sequences.steps.delete", "DELETE", _SEQUENCE + "/steps/:stepId", agent.delete_step),
    Route(13, "sequences.enroll", "POST", _SEQUENCE + "/enroll", agent.enroll, body="required"),
    Route(14, "sequences.enrollments", "GET", _SEQUENCE + "/enrollments", agent.list_enrollments, _SINCE),
    Route(15, "sequences.sends", "GET", _SEQUENCE + "/sends", agent.list_sends, _SINCE),
    Route(16, "sequences.replies", "GET", _SEQUENCE + "/replies", agent.list_sequence_replies, _SINCE),
    Route(17, "sequences.pause", "POST", _SEQUENCE + "/pause", agent.pause, body="optional"),
    Route(18, "sequences.unenroll", "DELETE", _SEQUENCE + "/contacts/:contactId", agent.unenroll),
    Route(19, "bookings.list", "GET", _AGENT + "/bookings", agent.list_bookings),
    Route(20, "bookings.create", "POST", _AGENT + "/bookings", agent.create_booking, body="required"),
    Route(21, "zapier.auth_test", "GET", _ZAPIER + "/auth/test", zapier.auth_test),
    Route(22, "zapier.companies.list", "GET", _ZAPIER + "/companies", zapier.list_companies, _SINCE),
    Route(23, "zapier.companies.create", "POST", _ZAPIER + "/companies", zapier.create_company, body="required"),
    Route(24, "zapier.contacts.list", "GET", _ZAPIER + "/contacts", zapier.list_contacts, _SINCE),
    Route(
        25, "zapier.contacts.create", "POST", _ZAPIER + "/contacts", zapier.create_zapier_contact, body="required"
    ),
    Route(26, "zapier.deals.list", "GET", _ZAPIER + "/deals", zapier.list_deals, _SINCE),
    Route(27, "zapier.deals.create", "POST", _ZAPIER + "/deals", zapier.create_deal, body="required"),
    Route(28, "zapier.invoices.list", "GET", _ZAPIER + "/invoices", zapier.list_invoices, _SINCE),
    Route(29, "zapier.projects.list", "GET", _ZAPIER + "/projects", zapier.list_projects, _SINCE),
)


@frozen
class Found:
    """A route and the ids that the path gave it."""

    route: Route
    params: Mapping[str, str]


@define(eq=False)
class RouteTable:
    """The endpoints by the verbs of a dialect, in which updates may have another verb."""

    _by_shape: dict[tuple[str, int], list[Route]] = field(init=False, factory=dict)
    _dialect: Dialect

    def __attrs_post_init__(self) -> None:
        for route in ROUTES:
            shape = (self._verb(route), len(_SEGMENTS[route.number]))
            self._by_shape.setdefault(shape, []).append(route)

    def _verb(self, route: Route) -> str:
        return self._dialect.settings(route.operation).update_verb if route.method == "PATCH" else route.method

    def find(self, method: str, raw_path: str) -> Found | None:
        """The endpoint for this verb and percent-encoded path; `None`: there is none."""
        segments = raw_path.split("/")
        for route in self._by_shape.get((method, len(segments)), ()):
            params = _match(_SEGMENTS[route.number], segments)
            if params is not None:
                return Found(route, params)
        return None

    def verbs_of(self, raw_path: str) -> list[str]:
        """The verbs that this path knows; empty if the path itself is unknown."""
        return [verb for verb in ("GET", "POST", "PUT", "PATCH", "DELETE") if self.find(verb, raw_path)]


def check_pattern(pattern: str) -> None:
    """Check that a pattern is the name of an endpoint, or `"*"` for all of them.

    Raises:
        ValueError: It is neither; such a pattern would never match a request.
    """
    if pattern not in _NAMES:
        raise ValueError(f"{pattern!r} is no endpoint; write 'GET /api/agent/sequences/:id', or '*' for all")


def _match(template: list[str], segments: list[str]) -> dict[str, str] | None:
    params = {}
    for wanted, given in zip(template, segments, strict=True):
        if wanted.startswith(":") and given:
            params[wanted[1:]] = unquote(given)
        elif wanted != given:
            return None
    return params


_NAMES = {"*", *(route.name for route in ROUTES)}
_SEGMENTS = {route.number: route.template.split("/") for route in ROUTES}
