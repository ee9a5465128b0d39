"""An emulator of the ImpactiveAI API to develop and test against: no account, no network, no real time.

It knows the HTTP contract and nothing of the SDK beside it, so that no misreading is made on both sides alike.
It has three parts, as moto's emulators have: a route table, thin handlers, one state.

- `server`, `pipeline`: from a socket to an answer; `faults` strike and the `journal` records on the way.
- `routes`, `agent`, `zapier`: the contract's 29 rows; `bodies` reads and `render` prints what they exchange.
- `world`: the state; `sequences`, `enrollments` and `mailer` change it, `clock` makes it change by itself,
  `timeline` lists it newest first, `state` is the handle for tests, `seeds` the first rows.
- `openapi.json`: the contract again, by hand, to hold all this to.
"""

from .clock import VirtualClock
from .enrollments import Enrolled, Skipped
from .faults import CHAOS_KINDS, Armed, ChaosKind, Fault
from .journal import RecordedRequest
from .openapi import openapi_document
from .routes import ROUTES, Route
from .rows import Audience, Enrollment, Record, Reply, Send, SendingAccount, Sequence, Step
from .serve import main, serve
from .server import DEFAULT_NOW, Sandbox
from .state import State

__all__ = [
    "CHAOS_KINDS",
    "DEFAULT_NOW",
    "ROUTES",
    "Armed",
    "Audience",
    "ChaosKind",
    "Enrolled",
    "Enrollment",
    "Fault",
    "Record",
    "RecordedRequest",
    "Reply",
    "Route",
    "Sandbox",
    "Send",
    "SendingAccount",
    "Sequence",
    "Skipped",
    "State",
    "Step",
    "VirtualClock",
    "main",
    "openapi_document",
    "serve",
]
