"""Where a feed keeps its cursor between runs."""

from impactive_async.stores.base import CursorStore
from impactive_async.stores.file import FileCursorStore
from impactive_async.stores.memory import MemoryCursorStore
from impactive_async.stores.sqlite import SqliteCursorStore

__all__ = ["CursorStore", "FileCursorStore", "MemoryCursorStore", "SqliteCursorStore"]
