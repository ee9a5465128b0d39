"""Rows as CloudEvents, in structured JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

from attrs import field, frozen
from attrs.validators import min_len

CONTENT_TYPE = "application/cloudevents+json"
"""The media type of what `Event.to_json` gives."""

_SPEC_VERSION = "1.0"
_LONGEST_PART = 500


@frozen(kw_only=True)
class Event:
    """A CloudEvent (https://github.com/cloudevents/spec, version 1.0).

    Attributes:
        id: The same for the same version of the same row, however often it is polled or delivered: see `event_id`.
        source: The workspace it comes from, as a URI reference.
        type: What has happened, in reverse-DNS form.
        subject: What it has happened to.
        time: When, by the API's own timestamp; aware.
        data: The row, as JSON values.
    """

    id: str = field(validator=min_len(1))
    source: str = field(validator=min_len(1))
    type: str = field(validator=min_len(1))
    subject: str
    time: datetime = field()
    data: Mapping[str, Any]

    @time.validator
    def _aware(self, _: object, value: datetime) -> None:
        if value.tzinfo is None:
            raise ValueError(f"an event's time needs a time zone: {value!r}")

    def to_json(self) -> str:
        """The event as one line of ASCII."""
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
        return json.dumps(document, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Event:
        """The event that `to_json` made the text of.

        Raises:
            ValueError: It is not such a text.
        """
        try:
            document = json.loads(text)
            names = ("id", "source", "type", "subject", "data")
            return cls(time=datetime.fromisoformat(document["time"]), **{name: document[name] for name in names})
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"not a CloudEvent of a hub: {error!r}") from error


def event_id(feed: str, row_id: str, version: str) -> str:
    """The id of one version of one row of one feed; no two triples share one.

    It has a bounded length, as engines bound what they index: an overlong part is its beginning and its digest.
    """
    return "/".join(_bounded(quote(part, safe=":+", errors="surrogatepass")) for part in (feed, row_id, version))


def _bounded(part: str) -> str:
    if len(part) <= _LONGEST_PART:
        return part
    # A quoted part holds no "=", and one that is short is no longer than this beginning.
    return f"{part[:_LONGEST_PART]}={blake2b(part.encode(), digest_size=20).hexdigest()}"
