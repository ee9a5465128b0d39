"""The endpoints of the control API: one table, from which requests are routed and the OpenAPI document is made."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from attrs import field, frozen

from impactive_async.sandbox.control import handlers, inbox
from impactive_async.sandbox.control.call import ControlCall
from impactive_async.sandbox.control.schema import (
    Body,
    array,
    boolean,
    choice,
    integer,
    moment,
    number,
    objects,
    size,
    text,
)
from impactive_async.sandbox.http.faults import CHAOS_KINDS
from impactive_async.sandbox.state import POLLED
from impactive_async.sandbox.triggers import TRIGGERS
from impactive_async.sandbox.world.rows import KINDS

__all__ = ["ENDPOINTS", "MARK", "PREFIX", "ControlRoute", "find"]

PREFIX: Final = "/_sandbox"
MARK: Final = "x-sandbox-control"
"""A header of all answers of the control API: its version."""


@frozen
class ControlRoute:
    """One endpoint.

    Attributes:
        method: HTTP verb.
        template: Path below the prefix, with `:name` for each parameter.
        handler: Does what is asked; what it returns is the answer.
        summary: What it does, in a sentence.
        body: The members of the request body; `None`: it has none.
        query: The query parameters, with what they mean.
        status: Of the answer.
    """

    method: str
    template: str
    handler: Callable[[ControlCall], Any | Awaitable[Any]]
    summary: str
    body: Body | None = None
    query: Mapping[str, str] = field(factory=dict)
    status: int = 200

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches its paths below the prefix."""
        return re.compile(re.sub(r":(\w+)", r"(?P<\1>[^/]+)", self.template))


_FAULT: Final[Body] = {
    "pattern": text("Verb and path template, such as `GET /api/agent/sequences/:id`, or `*`.", required=True),
    "times": integer("How many requests fail; null: all. Default: 1.", null=True),
    "after": integer("How many requests pass before. Default: 0."),
    "commit": boolean("Handle the request first."),
    "delay": number("Real seconds to wait before the answer."),
    "disconnect": boolean("Close the connection without an answer."),
    "drop_after_commit": boolean("Handle the request, then close the connection without an answer."),
    "status": integer("Answer with this status."),
    "retry_after": text("The `Retry-After` header."),
    "headers": objects("More headers of the answer."),
    "redirect_to": text("Answer 302 with this `Location`."),
    "truncate": boolean("Cut the body of the answer in half."),
    "die_mid_body": boolean("Promise the whole body, send half of it, close the connection."),
    "ahead": number("Seconds by which `Date` and all moments of the answer are ahead."),
    "drop_keepalive": choice("Close the connection unannounced.", "at_once", "on_reuse"),
}
_ROW: Final[Body] = {
    "fields": objects("Fields of the row, by the names of the wire.", required=True),
    "at": moment("The moment it is stamped with. Default: now."),
    "visible_at": moment("Lists show it from this moment on. Default: at once."),
}
_ROWS: Final = ", ".join((*KINDS, *handlers.OTHER_KINDS))

ENDPOINTS: Final = (
    ControlRoute("GET", "", handlers.overview, "The sandbox at a glance: time, counts of rows, faults, requests."),
    ControlRoute("GET", "/clock", handlers.clock, "The virtual time, its speed, and when something is due next."),
    ControlRoute(
        "POST",
        "/clock/advance",
        handlers.advance,
        "Move the clock forward, and do what becomes due on the way.",
        {
            "days": number("Days."),
            "hours": number("Hours."),
            "minutes": number("Minutes."),
            "seconds": number("Seconds."),
            "to": moment("Move to this moment instead."),
        },
    ),
    ControlRoute(
        "PUT",
        "/clock/speed",
        handlers.set_speed,
        "Let the clock run, or stop it.",
        {"speed": number("Virtual seconds per real second; null: it stands still.", null=True, required=True)},
    ),
    ControlRoute("GET", "/faults", handlers.faults, "The faults that are armed, and the share of chaos."),
    ControlRoute("POST", "/faults", handlers.add_fault, "Make requests of a route fail.", _FAULT, status=201),
    ControlRoute("DELETE", "/faults", handlers.clear_faults, "Remove all faults and chaos.", status=204),
    ControlRoute("DELETE", "/faults/:number", handlers.remove_fault, "Remove one fault.", status=204),
    ControlRoute(
        "PUT",
        "/chaos",
        handlers.chaos,
        "Let a share of all requests fail.",
        {
            "rate": number("The share, from 0 to 1.", required=True),
            "kinds": array("How they may fail. Default: in all these ways.", *CHAOS_KINDS),
        },
    ),
    ControlRoute(
        "GET",
        "/requests",
        handlers.requests,
        "The requests that arrived at the API, in order.",
        query={
            "route": "Only those of this route, such as `POST /api/agent/contacts`.",
            "status": "Only those answered with this status.",
            "after": "Only those with a higher number.",
            "limit": "The latest so many. Default: 100.",
        },
    ),
    ControlRoute("GET", "/requests/:number", handlers.request, "One request, and its answer if it is still kept."),
    ControlRoute("DELETE", "/requests", handlers.forget_requests, "Forget the requests so far.", status=204),
    ControlRoute(
        "GET",
        "/threads",
        inbox.threads,
        "People, those with the latest mail first.",
        query={
            "limit": "The first so many. Default: 100.",
            "contains": "Only with this text in name, address or mails.",
        },
    ),
    ControlRoute("GET", "/threads/:id", inbox.thread, "The mails of a contact, and the sequences it is on."),
    ControlRoute("GET", "/sequences", inbox.sequences, "Sequences with their steps and counts."),
    ControlRoute(
        "GET",
        "/due",
        inbox.due,
        "The emails that are due, the next one first.",
        query={"limit": "The first so many. Default: 100."},
    ),
    ControlRoute(
        "GET",
        "/rows/:kind",
        handlers.rows,
        f"Rows of a kind, the newest last: {_ROWS}.",
        query={"limit": "The last so many. Default: 100.", "contains": "Only rows with this text in a field."},
    ),
    ControlRoute("POST", "/rows/:kind", handlers.add_row, "Add a row of a plain table.", _ROW, status=201),
    ControlRoute("PATCH", "/rows/:kind/:id", handlers.change_row, "Change a row: it becomes newer.", _ROW),
    ControlRoute("DELETE", "/rows/:kind/:id", handlers.remove_row, "Delete a row, as the app does.", status=204),
    ControlRoute(
        "POST",
        "/replies",
        handlers.reply,
        "Let a contact write back.",
        {
            "contact_id": text("Who writes.", required=True),
            "body": text("What they write."),
            "subject": text("The subject."),
            "email_date": moment("The date of the email. Default: now."),
            "visible_at": moment("Lists show it from this moment on. Default: at once."),
        },
        status=201,
    ),
    ControlRoute(
        "POST",
        "/triggers/:noun",
        handlers.trigger,
        f"Make a row, with what it needs: {', '.join(TRIGGERS)}.",
        status=201,
    ),
    ControlRoute(
        "POST",
        "/bursts",
        handlers.burst,
        "Make many rows at once, to overflow a list.",
        {
            "kind": choice("Of which kind.", *KINDS, "replies", required=True),
            "count": integer("How many, at most 10,000.", required=True),
        },
        status=201,
    ),
    ControlRoute(
        "PUT",
        "/lateness",
        handlers.lateness,
        "Show rows later than their timestamps say, from now on.",
        {
            "seconds": number("How much later; null: at once again.", null=True, required=True),
            "kinds": array("Of which kinds. Default: all.", *POLLED),
        },
    ),
    ControlRoute("GET", "/snapshot", handlers.snapshot, "All that the next answers depend on, as a file to keep."),
    ControlRoute(
        "PUT",
        "/snapshot",
        handlers.restore,
        "Go on from such a file. The key stays valid.",
        {
            "snapshot": integer("The version of the file.", required=True),
            "check": text("The checksum of `state`.", required=True),
            "state": objects("What the sandbox holds.", required=True),
        },
    ),
    ControlRoute(
        "POST",
        "/reset",
        handlers.reset,
        "Begin anew: rows, clock, faults and requests. The key stays valid.",
        {
            "seed": text("What the made-up data follows from. Default: as before."),
            "populate": size("The rows to begin with: `none`, `small`, `demo` or `large`. Default: as before."),
            "now": moment("The first time of the clock. Default: as before."),
        },
    ),
)


def find(method: str, path: str) -> tuple[ControlRoute | None, dict[str, str], list[str]]:
    """Return the endpoint of a path below the prefix, the parameters in the path, and the verbs it also has."""
    verbs = list[str]()
    for endpoint in ENDPOINTS:
        found = endpoint.pattern.fullmatch(path)
        if found and endpoint.method == method:
            return endpoint, found.groupdict(), verbs
        if found:
            verbs.append(endpoint.method)
    return None, {}, verbs
