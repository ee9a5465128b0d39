"""The route table: the contract's 29 rows, in its order, and nothing else."""

from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import unquote

from attrs import frozen

from . import agent, zapier
from .exchange import Answer, Call

__all__ = ["ROUTES", "Found", "Route", "check_pattern", "find_route", "methods_of"]

_AGENT, _ZAPIER = "/api/agent", "/api/zapier"
_SEQUENCE = _AGENT + "/sequences/:id"


@frozen
class Route:
    """One endpoint.

    Attributes:
        number: Its row in the contract.
        method: HTTP verb.
        template: Path with `:name` for each id.
        handler: What answers it.
        query: The query parameters it knows.
        body: Whether it reads one.
    """

    number: int
    method: str
    template: str
    handler: Callable[[Call], Answer]
    query: frozenset[str] = frozenset()
    body: Literal["none", "optional", "required"] = "none"

    @property
    def name(self) -> str:
        """Verb and template, as faults and the journal know the route."""
        return f"{self.method} {self.template}"


_LIMIT, _SINCE = frozenset({"limit"}), frozenset({"since"})

ROUTES = (
    Route(1, "GET", _AGENT + "/contacts", agent.list_contacts, _LIMIT),
    Route(2, "POST", _AGENT + "/contacts", agent.create_contacts, body="required"),
    Route(3, "PATCH", _AGENT + "/contacts/:id", agent.update_contact, body="required"),
    Route(4, "GET", _AGENT + "/contacts/:id/replies", agent.list_contact_replies),
    Route(5, "GET", _AGENT + "/sending-accounts", agent.list_sending_accounts),
    Route(6, "POST", _AGENT + "/sequences", agent.create_sequence, body="required"),
    Route(7, "GET", _AGENT + "/sequences", agent.list_sequences),
    Route(8, "GET", _SEQUENCE, agent.get_sequence),
    Route(9, "PATCH", _SEQUENCE, agent.update_sequence, body="required"),
    Route(10, "POST", _SEQUENCE + "/steps", agent.create_step, body="required"),
    Route(11, "PATCH", _SEQUENCE + "/steps/:stepId", agent.update_step, body="required"),
    Route(12, "DELETE", _SEQUENCE + "/steps/:stepId", agent.delete_step),
    Route(13, "POST", _SEQUENCE + "/enroll", agent.enroll, body="required"),
    Route(14, "GET", _SEQUENCE + "/enrollments", agent.list_enrollments, _SINCE),
    Route(15, "GET", _SEQUENCE + "/sends", agent.list_sends, _SINCE),
    Route(16, "GET", _SEQUENCE + "/replies", agent.list_sequence_replies, _SINCE),
    Route(17, "POST", _SEQUENCE + "/pause", agent.pause, body="optional"),
    Route(18, "DELETE", _SEQUENCE + "/contacts/:contactId", agent.unenroll),
    Route(19, "GET", _AGENT + "/bookings", agent.list_bookings),
    Route(20, "POST", _AGENT + "/bookings", agent.create_booking, body="required"),
    Route(21, "GET", _ZAPIER + "/auth/test", zapier.auth_test),
    Route(22, "GET", _ZAPIER + "/companies", zapier.list_companies, _SINCE),
    Route(23, "POST", _ZAPIER + "/companies", zapier.create_company, body="required"),
    Route(24, "GET", _ZAPIER + "/contacts", zapier.list_contacts, _SINCE),
    Route(25, "POST", _ZAPIER + "/contacts", zapier.create_zapier_contact, body="required"),
    Route(26, "GET", _ZAPIER + "/deals", zapier.list_deals, _SINCE),
    Route(27, "POST", _ZAPIER + "/deals", zapier.create_deal, body="required"),
    Route(28, "GET", _ZAPIER + "/invoices", zapier.list_invoices, _SINCE),
    Route(29, "GET", _ZAPIER + "/projects", zapier.list_projects, _SINCE),
)


@frozen
class Found:
    """A route and the ids that the path gave it."""

    route: Route
    params: Mapping[str, str]


def find_route(method: str, raw_path: str) -> Found | None:
    """The endpoint that answers this verb and (still percent-encoded) path, if any."""
    segments = raw_path.split("/")
    for route in _BY_SHAPE.get((method, len(segments)), ()):
        params = _match(_SEGMENTS[route.number], segments)
        if params is not None:
            return Found(route, params)
    return None


def methods_of(raw_path: str) -> list[str]:
    """The verbs that this path knows; empty if the path itself is unknown."""
    return [method for method in ("GET", "POST", "PATCH", "DELETE") if find_route(method, raw_path)]


def check_pattern(pattern: str) -> None:
    """Make sure that a fault or a search for requests is about an endpoint there is, or about all (`"*"`).

    Raises:
        ValueError: It is not; a misspelt one would never match, and say nothing.
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
_BY_SHAPE: dict[tuple[str, int], list[Route]] = {}
for _route in ROUTES:
    _BY_SHAPE.setdefault((_route.method, len(_SEGMENTS[_route.number])), []).append(_route)
