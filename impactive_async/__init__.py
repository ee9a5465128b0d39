"""Asyncio-first SDK for ImpactiveAI CRM: typed calls, and event streams that lose nothing.

Everything public is importable from here; `models`, `errors`, `sandbox` and `hub` hold the rest. A name is
imported when it is first asked for (PEP 562), so that a program pays only for what it uses (docs/performance).
"""

from importlib import import_module
from typing import Any

from impactive_async._version import __version__

# The module of each public name. Type checkers read `__init__.pyi` instead; a test compares the two.
_LAZY = {
    "._clock": "Clock",
    "._codec.interchange.dicts": "to_dict",
    "._codec.interchange.reading": "from_dict",
    "._codec.interchange.schema": "json_schema",
    ".models.row_list": "RowList",
    "._http.observers": "RequestEvent ResponseEvent RetryEvent",
    "._http.recording": "RawResponse",
    "._http.retry": "RetryPolicy",
    "._http.stats": "ClientStats",
    "._unset": "UNSET Unset",
    ".bulk.journal.created": "created_ids",
    ".bulk.progress": "Progress",
    ".bulk.report": "BulkError CreateReport EnrollReport Outcome RowFailure RowResult",
    ".client": "AsyncClient",
    ".errors": (
        "APIConnectionError APIError APIStatusError APITimeoutError AuthenticationError BadRequestError "
        "ConfigurationError ConflictError CursorError DecodeError FeedGapError FencedError HubError "
        "ImpactiveError InvalidArgumentError JournalError NotFoundError PermissionDeniedError RateLimitError "
        "ServerError UnprocessableEntityError"
    ),
    ".feeds.cursor.quarantine": "BadRow",
    ".feeds.cursor.rules": "NOW",
    ".feeds.delivery.batches": "FeedBatch",
    ".feeds.delivery.poll": "Poll",
    ".feeds.delivery.stats": "FeedStats",
    ".feeds.feed": "Feed",
    ".feeds.steering.archive": "CursorArchive ImportedCursors",
    ".feeds.steering.reading": "CursorSummary",
    ".feeds.steering.rewinding": "Rewound",
    ".feeds.steering.stores": "ListedStore StoredCursor export_cursors import_cursors list_cursors rewind_cursor",
    ".feeds.workspace.events": (
        "BookingEvent CompanyEvent ContactEvent DealEvent EnrollmentEvent Event InvoiceEvent ProjectEvent "
        "ReplyEvent SendEvent"
    ),
    ".feeds.workspace.stream": "WorkspaceWatch",
    ".models": (
        "Booking Company Contact ContactDraft Coverage Deal EnrollResult EnrolledContact Enrollment "
        "EnrollmentCounts EnrollmentStatus Gap Invoice PauseResult Project Removed Reply Send SendingAccount "
        "Sequence SequenceStatus SkipReason SkippedContact Step StepDraft Workspace"
    ),
    ".profile": "Profile",
    ".stores": "CursorStore FileCursorStore MemoryCursorStore SqliteCursorStore",
}
_HOME = {name: module for module, names in _LAZY.items() for name in names.split()}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name in ("errors", "models"):
        return import_module(f".{name}", __name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
