# What type checkers see of the package. At run time `__init__.py` imports each name when it is first asked for.

from typing import TypeAlias

from impactive_async import errors as errors, models as models
from impactive_async._clock import Clock as Clock
from impactive_async._codec.interchange.dicts import to_dict as to_dict
from impactive_async._codec.interchange.reading import from_dict as from_dict
from impactive_async._codec.interchange.schema import json_schema as json_schema
from impactive_async.models.row_list import RowList as RowList
from impactive_async._http.observers import (
    RequestEvent as RequestEvent,
    ResponseEvent as ResponseEvent,
    RetryEvent as RetryEvent,
)
from impactive_async._http.recording import RawResponse as RawResponse
from impactive_async._http.retry import RetryPolicy as RetryPolicy
from impactive_async._http.stats import ClientStats as ClientStats
from impactive_async._unset import UNSET as UNSET, Unset as Unset
from impactive_async._version import __version__ as __version__
from impactive_async.bulk.journal.created import created_ids as created_ids
from impactive_async.bulk.progress import Progress as Progress
from impactive_async.bulk.report import (
    BulkError as BulkError,
    CreateReport as CreateReport,
    EnrollReport as EnrollReport,
    Outcome as Outcome,
    RowFailure as RowFailure,
    RowResult as RowResult,
)
from impactive_async.client import AsyncClient as AsyncClient
from impactive_async.errors import *
from impactive_async.feeds.cursor.quarantine import BadRow as BadRow
from impactive_async.feeds.cursor.rules import NOW as NOW
from impactive_async.feeds.delivery.batches import FeedBatch as FeedBatch
from impactive_async.feeds.delivery.poll import Poll as Poll
from impactive_async.feeds.delivery.stats import FeedStats as FeedStats
from impactive_async.feeds.feed import Feed as Feed
from impactive_async.feeds.steering.archive import (
    CursorArchive as CursorArchive,
    ImportedCursors as ImportedCursors,
)
from impactive_async.feeds.steering.reading import CursorSummary as CursorSummary
from impactive_async.feeds.steering.rewinding import Rewound as Rewound
from impactive_async.feeds.steering.stores import (
    ListedStore as ListedStore,
    StoredCursor as StoredCursor,
    export_cursors as export_cursors,
    import_cursors as import_cursors,
    list_cursors as list_cursors,
    rewind_cursor as rewind_cursor,
)
from impactive_async.feeds.workspace.events import (
    AnyEvent,
    BookingEvent as BookingEvent,
    CompanyEvent as CompanyEvent,
    ContactEvent as ContactEvent,
    DealEvent as DealEvent,
    EnrollmentEvent as EnrollmentEvent,
    InvoiceEvent as InvoiceEvent,
    ProjectEvent as ProjectEvent,
    ReplyEvent as ReplyEvent,
    SendEvent as SendEvent,
)
from impactive_async.feeds.workspace.stream import WorkspaceWatch as WorkspaceWatch
from impactive_async.models import *
from impactive_async.profile import Profile as Profile
from impactive_async.stores import (
    CursorStore as CursorStore,
    FileCursorStore as FileCursorStore,
    MemoryCursorStore as MemoryCursorStore,
    SqliteCursorStore as SqliteCursorStore,
)

# At run time the class that all events are of. Here any one of its subclasses, so that `event.kind` narrows.
Event: TypeAlias = AnyEvent
