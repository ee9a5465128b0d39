"""Bodies as they arrive and as they leave: JSON documents, HTML, or nothing."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from attrs import define, evolve, frozen

from impactive_async.sandbox.dialect.answers import Printed
from impactive_async.sandbox.dialect.poison import inject
from impactive_async.sandbox.http import _json

__all__ = ["ReceivedBody", "RenderedAnswer", "encode", "receive", "with_etag"]


@define
class ReceivedBody:
    """A request body, parsed once: for the journal and for the handler, neither of which changes it."""

    value: Any
    valid: bool = True
    empty: bool = False


def receive(raw: bytes) -> ReceivedBody:
    """Parse a request body; one that is not JSON is kept as text."""
    if not raw:
        return ReceivedBody(None, valid=False, empty=True)
    try:
        return ReceivedBody(_json.loads(raw))
    except ValueError:
        return ReceivedBody(raw.decode("utf-8", "replace"), valid=False)


@frozen
class RenderedAnswer:
    """An answer in bytes, with the headers that belong to it."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def encode(printed: Printed) -> RenderedAnswer:
    """Turn what the dialect has printed into bytes."""
    if printed.kind == "none":
        return RenderedAnswer(printed.status, b"", printed.headers)
    if printed.kind == "html":
        headers = {"Content-Type": "text/html; charset=utf-8", **printed.headers}
        return RenderedAnswer(printed.status, printed.content.encode(), headers)
    headers = {"Content-Type": "application/json", **printed.headers}
    body = _json.dumps(printed.content)
    return RenderedAnswer(printed.status, inject(body) if printed.poisoned else body, headers)


def with_etag(answer: RenderedAnswer, known: str | None) -> RenderedAnswer:
    """Add a weak `ETag` to an answer; where `known` (`If-None-Match`) names it, answer 304 without the body."""
    tag = f'W/"{len(answer.body):x}-{blake2b(answer.body, digest_size=12).hexdigest()}"'
    if known is not None and (known.strip() == "*" or tag in known):
        return RenderedAnswer(304, b"", {"ETag": tag})
    return evolve(answer, headers={**answer.headers, "ETag": tag})
