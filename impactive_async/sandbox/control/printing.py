"""What the control API answers with: the records of the sandbox as plain JSON values."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs

from impactive_async.sandbox.http.faults import Armed
from impactive_async.sandbox.http.journal import KeptAnswer, RecordedRequest
from impactive_async.sandbox.world.rows import TableRecord
from impactive_async.sandbox.world.times import print_moment

__all__ = ["answer", "fault", "plain", "request", "row"]


def plain(value: Any) -> Any:
    """Return a value as JSON has it: moments as ISO 8601, tuples as lists, time spans as seconds."""
    if isinstance(value, datetime):
        return print_moment(value, "microseconds")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return value


def row(record: Any) -> dict[str, Any]:
    """Return a row; that of a plain table has its `fields` by the names of the wire."""
    if isinstance(record, TableRecord):
        moments = {"created_at": record.created_at, "updated_at": record.updated_at}
        return {"id": record.id, "fields": plain(record.fields), **plain(moments)}
    printed: dict[str, Any] = plain(attrs.asdict(record, recurse=False))
    return printed


def request(record: RecordedRequest) -> dict[str, Any]:
    """Return a request of the journal."""
    return {name: plain(value) for name, value in attrs.asdict(record, recurse=False).items()}


def answer(kept: KeptAnswer) -> dict[str, Any]:
    """Return what is kept of an answer; `cut` says whether the body is only the beginning of it."""
    body, cut = kept.body.decode("utf-8", "replace"), len(kept.body) < kept.length
    return {"status": kept.status, "headers": dict(kept.headers), "body": body, "cut": cut}


def fault(number: int, armed: Armed) -> dict[str, Any]:
    """Return a fault that is armed, under its number."""
    changed = {
        one.name: plain(value)
        for one in attrs.fields(type(armed.fault))
        if one.name != "hold" and (value := getattr(armed.fault, one.name)) not in (one.default, {}, None)
    }
    return {
        "number": number,
        "pattern": armed.pattern,
        "times": armed.times,
        "after": armed.after,
        "hits": armed.hits,
        **changed,
    }
