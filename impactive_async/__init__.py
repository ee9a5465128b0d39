"""Asyncio-first SDK for ImpactiveAI CRM: typed calls, and event streams that lose nothing.

Everything public is importable from here; `models`, `errors`, `sandbox` and `hub` hold the rest. All of it is
imported when it is first asked for (PEP 562): see docs/performance. So the command line, too, begins before
anything is loaded, and ends quietly on Ctrl-C.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from impactive_async._version import __version__

if TYPE_CHECKING:
    from impactive_async._clock import Clock
    from impactive_async._http.retry import RetryPolicy
    from impactive_async._unset import UNSET, Unset
    from impactive_async.bulk.created import created_ids
    from impactive_async.bulk.progress import Progress
    from impactive_async.bulk.report import CreateReport, EnrollReport, Outcome, RowFailure, RowResult
    from impactive_async.client import AsyncClient, ClientStats
    from impactive_async.errors import (
        APIConnectionError,
        APIError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        BulkError,
        ConfigurationError,
        ConflictError,
        CursorError,
        DecodeError,
        FeedGapError,
        FencedError,
        HubError,
        ImpactiveError,
        JournalError,
        NotFoundError,
        PermissionDeniedError,
        RateLimitError,
        ServerError,
    )
    from impactive_async.feeds.feed import Feed, Poll
    from impactive_async.feeds.quarantine import BadRow
    from impactive_async.feeds.rules import NOW
    from impactive_async.feeds.stats import FeedStats
    from impactive_async.feeds.workspace import Event, WorkspaceWatch
    from impactive_async.models import (
        Booking,
        Company,
        Contact,
        ContactDraft,
        Deal,
        EnrolledContact,
        Enrollment,
        EnrollmentCounts,
        EnrollmentStatus,
        EnrollResult,
        Gap,
        Invoice,
        PauseResult,
        Project,
        Reply,
        Send,
        SendingAccount,
        Sequence,
        SequenceStatus,
        SkippedContact,
        SkipReason,
        Step,
        StepDraft,
        Workspace,
    )
    from impactive_async.stores import CursorStore, FileCursorStore, MemoryCursorStore, SqliteCursorStore

__all__ = [
    "NOW",
    "UNSET",
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncClient",
    "AuthenticationError",
    "BadRequestError",
    "BadRow",
    "Booking",
    "BulkError",
    "ClientStats",
    "Clock",
    "Company",
    "ConfigurationError",
    "ConflictError",
    "Contact",
    "ContactDraft",
    "CreateReport",
    "CursorError",
    "CursorStore",
    "Deal",
    "DecodeError",
    "EnrollReport",
    "EnrollResult",
    "EnrolledContact",
    "Enrollment",
    "EnrollmentCounts",
    "EnrollmentStatus",
    "Event",
    "Feed",
    "FeedGapError",
    "FeedStats",
    "FencedError",
    "FileCursorStore",
    "Gap",
    "HubError",
    "ImpactiveError",
    "Invoice",
    "JournalError",
    "MemoryCursorStore",
    "NotFoundError",
    "Outcome",
    "PauseResult",
    "PermissionDeniedError",
    "Poll",
    "Progress",
    "Project",
    "RateLimitError",
    "Reply",
    "RetryPolicy",
    "RowFailure",
    "RowResult",
    "Send",
    "SendingAccount",
    "Sequence",
    "SequenceStatus",
    "ServerError",
    "SkipReason",
    "SkippedContact",
    "SqliteCursorStore",
    "Step",
    "StepDraft",
    "Unset",
    "Workspace",
    "WorkspaceWatch",
    "__version__",
    "created_ids",
]

if not TYPE_CHECKING:  # type checkers see the names above, and no others
    _LAZY = {
        "._clock": ("Clock",),
        "._http.retry": ("RetryPolicy",),
        "._unset": ("UNSET", "Unset"),
        ".client": ("AsyncClient", "ClientStats"),
        ".errors": (
            "APIConnectionError",
            "APIError",
            "APIStatusError",
            "APITimeoutError",
            "AuthenticationError",
            "BadRequestError",
            "BulkError",
            "ConfigurationError",
            "ConflictError",
            "CursorError",
            "DecodeError",
            "FeedGapError",
            "FencedError",
            "HubError",
            "ImpactiveError",
            "JournalError",
            "NotFoundError",
            "PermissionDeniedError",
            "RateLimitError",
            "ServerError",
        ),
        ".bulk.created": ("created_ids",),
        ".bulk.progress": ("Progress",),
        ".bulk.report": ("CreateReport", "EnrollReport", "Outcome", "RowFailure", "RowResult"),
        ".feeds.stats": ("FeedStats",),
        ".feeds.feed": ("Feed", "Poll"),
        ".feeds.quarantine": ("BadRow",),
        ".feeds.rules": ("NOW",),
        ".feeds.workspace": ("Event", "WorkspaceWatch"),
        ".models": (
            "Booking",
            "Company",
            "Contact",
            "ContactDraft",
            "Deal",
            "EnrolledContact",
            "Enrollment",
            "EnrollmentCounts",
            "EnrollmentStatus",
            "EnrollResult",
            "Gap",
            "Invoice",
            "PauseResult",
            "Project",
            "Reply",
            "Send",
            "SendingAccount",
            "Sequence",
            "SequenceStatus",
            "SkippedContact",
            "SkipReason",
            "Step",
            "StepDraft",
            "Workspace",
        ),
        ".stores": ("CursorStore", "FileCursorStore", "MemoryCursorStore", "SqliteCursorStore"),
    }
    _HOME = {name: module for module, names in _LAZY.items() for name in names}

    def __getattr__(name: str) -> Any:
        if name in ("errors", "models"):
            return import_module(f".{name}", __name__)
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_HOME[name], __name__), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
