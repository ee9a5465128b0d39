"""An emulator of the ImpactiveAI API to develop and test against: no account, no network, no real time.

It knows the HTTP contract and nothing of the SDK beside it, so that no misreading is made on both sides alike.
Its parts: a route table (`routes`), thin handlers (`agent`, `zapier`), one state (`world`), as in moto.
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
