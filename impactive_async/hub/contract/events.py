"""Rows as CloudEvents, in structured JSON."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from urllib.parse import quote, unquote

from attrs import field, frozen
from attrs.validators import min_len

from impactive_async import from_dict
from impactive_async._codec.codec import dumps
from impactive_async.errors import InvalidArgumentError

CONTENT_TYPE = "application/cloudevents+json"
"""The media type of what `HubEvent.to_json` gives."""

_SPEC_VERSION = "1.0"
_SEQUENCES = "sequenceids"
"""The extension attribute that names sequences: quoted as in URLs, with commas between them."""
_LONGEST_PART = 500
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


@frozen(kw_only=True)
class HubEvent:
    """A CloudEvent (https://github.com/cloudevents/spec, version 1.0).

    Attributes:
        id: One id for each version of each row, however often it is polled or delivered; see `event_id`.
        source: The workspace, as a URI reference.
        type: What has happened, in reverse-DNS form.
        subject: The row that it has happened to.
        time: When it has happened, by the API's timestamp; aware.
        data: The row as `to_dict` gives it; see docs/events.
        sequence_ids: The sequence whose list showed the row first, for lists that each sequence has. An email that
            belongs to several sequences is one event.
    """

    id: str = field(validator=min_len(1))
    source: str = field(validator=min_len(1))
    type: str = field(validator=min_len(1))
    subject: str
    time: datetime = field()
    data: Mapping[str, Any]
    sequence_ids: tuple[str, ...] = ()

    @time.validator
    def _aware(self, _: object, value: datetime) -> None:
        if value.tzinfo is None:
            raise InvalidArgumentError(f"an event's time needs a time zone: {value!r}")

    @property
    def row(self) -> Any:
        """The row as an object, such as a `Deal`; None where the event is of no row: a gap, or an unreadable row.

        Raises:
            InvalidArgumentError: The data is not that of a row of this package's version.
        """
        cls = row_class(self)
        if cls is None:
            return None
        try:
            return from_dict(cls, self.data)
        except InvalidArgumentError:
            return _of_older_log(cls, self.data)

    def to_json(self) -> str:
        """Return the event as one line of ASCII."""
        document = {
            "specversion": _SPEC_VERSION,
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": self.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": dict(self.data),
        }
        if self.sequence_ids:
            document[_SEQUENCES] = ",".join(
                quote(one, safe="", errors="surrogatepass") for one in self.sequence_ids
            )
        # What JSON in general can hold, such as an integer beyond 64 bits, is left to the standard library.
        with contextlib.suppress(ValueError):
            text = dumps(document)
            if text.isascii():
                return text.decode()
        return _ENCODER.encode(document)

    @classmethod
    def from_json(cls, text: str) -> HubEvent:
        """Return the event that `to_json` wrote.

        Raises:
            ValueError: The text is not such an event.
        """
        try:
            document = json.loads(text)
            fields = {name: _of_kind(document, name, kind) for name, kind in _FIELDS.items()}
            text = _of_kind({_SEQUENCES: document.get(_SEQUENCES, "")}, _SEQUENCES, str)
            ids = tuple(unquote(one, errors="surrogatepass") for one in text.split(",")) if text else ()
            return cls(**fields | {"time": datetime.fromisoformat(fields["time"]), "sequence_ids": ids})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a CloudEvent of a hub: {error!r}") from error


def row_class(event: HubEvent) -> type | None:
    """Return the class of an event's row; None where the event is of no row."""
    from impactive_async.resources.watching.lists import LISTS  # the endpoints are of no use to most consumers

    kind, _, row_id = event.subject.partition("/")
    followed = LISTS.get(kind) if row_id and not event.type.startswith("com.impactiveai.feed.") else None
    return followed.row if followed else None


def _of_older_log(cls: type, data: Mapping[str, Any]) -> Any:
    """Return the row of an event that version 0.1 has logged, under the wire's names."""
    with contextlib.suppress(InvalidArgumentError):
        return from_dict(cls, data, wire=True)
    return from_dict(cls, data)  # whose error is about the names of today


_FIELDS = {"id": str, "source": str, "type": str, "subject": str, "time": str, "data": dict}


def _of_kind(document: dict[str, Any], name: str, kind: type) -> Any:
    if not isinstance(document[name], kind):
        raise TypeError(f"{name} is a {type(document[name]).__name__}")
    return document[name]


def event_id(feed: str, row_id: str, version: str) -> str:
    """Return the id of one version of one row of one feed. Different triples have different ids.

    Engines bound the length of what they index, so the id is bounded too: a part of more than 500 characters is
    replaced by its beginning and its digest.
    """
    return "/".join(_bounded(quote(part, safe=":+", errors="surrogatepass")) for part in (feed, row_id, version))


def _bounded(part: str) -> str:
    if len(part) <= _LONGEST_PART:
        return part
    # No other part looks like this: a quoted one holds no "=".
    return f"{part[:_LONGEST_PART]}={blake2b(part.encode(), digest_size=20).hexdigest()}"
