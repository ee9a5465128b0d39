"""An emulator of the ImpactiveAI API to develop and test against: no account, no network, a clock of its own.

The sandbox follows the HTTP contract and imports nothing else of this package, so that the SDK and the sandbox
cannot share one misreading. A request passes through these parts:

- `server` and `http`: from a socket to an answer. `http.faults` causes errors on demand, `http.journal` records
  every request.
- `snapshot`: all of it as a file, and back.
- `control`: the control API, by which other programs steer the sandbox, and its client. `console`: its page.
- `api`: the contract's 29 endpoints. `bodies` checks what arrives, `render` prints rows, `openapi.json` describes
  the contract a second time, by hand, and the tests compare both.
- `dialect`: how values, rows, lists and errors are printed. A profile (`docs/profile.md`) decides it.
- `world`: the state of one workspace. `sequences`, `enrollments` and `mailer` change it, `clock` runs what is due,
  `timeline` lists rows newest first. `state` is the handle for tests, `populations` creates the first rows.
"""

import warnings
from typing import TYPE_CHECKING, Any

from impactive_async.sandbox.api.openapi import openapi_document
from impactive_async.sandbox.api.routes import ROUTES, Route
from impactive_async.sandbox.control.client import ClockState, SandboxControl, SandboxControlError
from impactive_async.sandbox.dialect.poison import Poison
from impactive_async.sandbox.dialect.profile.files import DIALECTS, dialect_profile
from impactive_async.sandbox.dialect.profile.settings import POISONS, PoisonKind
from impactive_async.sandbox.http.faults import CHAOS_KINDS, Armed, ChaosKind, Fault
from impactive_async.sandbox.http.journal import RecordedRequest
from impactive_async.sandbox.populations import POPULATIONS, Population
from impactive_async.sandbox.serve import main, serve
from impactive_async.sandbox.server import DEFAULT_NOW, Sandbox
from impactive_async.sandbox.snapshot.document import SnapshotError
from impactive_async.sandbox.state import State
from impactive_async.sandbox.world.clock import VirtualClock
from impactive_async.sandbox.world.enrollments import Enrolled, Skipped
from impactive_async.sandbox.world.rows import (
    Audience,
    EnrollmentRecord,
    ReplyRecord,
    SendingAccountRecord,
    SendRecord,
    SequenceRecord,
    StepRecord,
    TableRecord,
)

__all__ = [
    "CHAOS_KINDS",
    "DEFAULT_NOW",
    "DIALECTS",
    "POISONS",
    "POPULATIONS",
    "ROUTES",
    "Armed",
    "Audience",
    "ChaosKind",
    "ClockState",
    "Enrolled",
    "EnrollmentRecord",
    "Fault",
    "Poison",
    "PoisonKind",
    "Population",
    "RecordedRequest",
    "ReplyRecord",
    "Route",
    "Sandbox",
    "SandboxControl",
    "SandboxControlError",
    "SendRecord",
    "SendingAccountRecord",
    "SequenceRecord",
    "Skipped",
    "SnapshotError",
    "State",
    "StepRecord",
    "TableRecord",
    "VirtualClock",
    "dialect_profile",
    "main",
    "openapi_document",
    "serve",
]

if TYPE_CHECKING:
    Enrollment = EnrollmentRecord
    Record = TableRecord
    Reply = ReplyRecord
    Send = SendRecord
    SendingAccount = SendingAccountRecord
    Sequence = SequenceRecord
    Step = StepRecord
else:
    _NAMES_OF_0_1 = {
        "Enrollment": "EnrollmentRecord",
        "Record": "TableRecord",
        "Reply": "ReplyRecord",
        "Send": "SendRecord",
        "SendingAccount": "SendingAccountRecord",
        "Sequence": "SequenceRecord",
        "Step": "StepRecord",
    }

    def __getattr__(name: str) -> Any:
        if name not in _NAMES_OF_0_1:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        new = _NAMES_OF_0_1[name]
        text = f"{__name__}.{name} is called {new} now; the old name will be removed in version 0.3"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return globals()[new]
