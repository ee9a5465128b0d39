"""A destination: where events go, which ones, how they are signed, and how often each is tried."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import SplitResult, urlsplit

from attrs import field, frozen

from impactive_async._checks import check_count, check_positive
from impactive_async.errors import ConfigurationError
from impactive_async.forward.settings.addresses import is_address, is_public
from impactive_async.forward.settings.filters import EventFilter
from impactive_async.forward.settings.schedule import RetrySchedule
from impactive_async.webhooks import WebhookSecret

WEB: Final = ("http", "https")
BROKERS: Final = ("nats", "tls", "amqp", "amqps", "kafka", "redis", "rediss")
KNOWN: Final = (
    "https://host/path, nats://host:4222, amqp://user@host:5672, kafka://host:9092 or redis://host:6379/0"
)
_OURS: Final = frozenset(
    {
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "content-type",
        "content-length",
        "host",
        "user-agent",
    }
)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@frozen(kw_only=True)
class Destination:
    """Where events go. `repr` shows no secret, no header and no path of the URL.

    Attributes:
        name: What reports call it.
        url: Of the receiver or the broker.
        secrets: What messages are signed with, the newest first. A receiver by HTTP needs one.
        group: The consumer group of the hub whose position is this destination's. By default made from the name.
        passes: Which events it gets.
        schedule: When an event is tried again.
        headers: Further headers of each request.
        timeout: Seconds for one attempt.
        concurrency: Events under way at once.
        public_only: Whether only addresses of the public internet are connected to.

    Raises:
        ConfigurationError: The name, the URL or a header cannot be used, or a secret is missing.
        InvalidArgumentError: A number is out of range.
    """

    name: str
    url: str = field(repr=False)
    secrets: Sequence[WebhookSecret] = field(default=(), repr=False)
    group: str = ""
    passes: EventFilter = field(factory=EventFilter)
    schedule: RetrySchedule = field(factory=RetrySchedule)
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    timeout: float = 15.0
    concurrency: int = 16
    public_only: bool = False

    def __attrs_post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(
                "A destination's name has at most 64 letters, digits, dots, dashes and underscores, and this is "
                f"{self.name!r}."
            )
        check_positive(self.timeout, "timeout")
        check_count(self.concurrency, "concurrency", most=256)
        parts = _split(self.url, self.name)
        if parts.scheme in WEB:
            self._check_web(parts)
        else:
            self._check_broker()
        for name, value in self.headers.items():
            _check_header(self.name, name, value)
        if not self.group:
            object.__setattr__(self, "group", f"forward:{self.name}")

    @property
    def scheme(self) -> str:
        """The URL's scheme in lower case: how events are sent."""
        return urlsplit(self.url).scheme

    @property
    def place(self) -> str:
        """Scheme, host and port: what may be shown of the URL, whose path and user may be secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def _check_web(self, parts: SplitResult) -> None:
        if not self.secrets:
            raise ConfigurationError(
                f"{self.name}: messages are signed, and there is no secret. Put one into "
                "IMPACTIVE_WEBHOOK_SECRET, or name a file: --secret-file, or secret_file in a configuration. "
                "`impactive forward secret` makes one."
            )
        if self.public_only and _is_private_literal(parts.hostname or ""):
            raise ConfigurationError(f"{self.name}: the URL's address is not public, and no other is allowed.")

    def _check_broker(self) -> None:
        """Refuse what a broker's driver would not heed."""
        if self.public_only:
            raise ConfigurationError(
                f"{self.name}: public_only is for receivers by HTTP. A broker's driver connects where its URL and "
                "the broker say, so a URL that others write must be http or https."
            )
        if self.headers:
            raise ConfigurationError(f"{self.name}: headers are for receivers by HTTP, and this is a broker.")


def check_apart(destinations: Sequence[Destination]) -> None:
    """Check that destinations may be delivered to side by side.

    Raises:
        ConfigurationError: There is none, or two share a name or a group.
    """
    if not destinations:
        raise ConfigurationError("There is no destination to deliver to.")
    for what in ("name", "group"):
        values = [getattr(destination, what) for destination in destinations]
        if doubled := next((value for value in values if values.count(value) > 1), None):
            raise ConfigurationError(
                f"Two destinations have the {what} {doubled!r}: each event would go to one of them."
            )


def _split(url: str, name: str) -> SplitResult:
    """Split a URL; the errors do not show it."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable, parts = "," in url and url.startswith("kafka://"), SplitResult("kafka", "", "", "", "")
    odd = re.search(r"[\s\x00-\x1f]", url) or _is_odd_number(parts.hostname or "")
    if not usable or odd or parts.scheme not in (*WEB, *BROKERS):
        raise ConfigurationError(f"{name}: this is no URL of a receiver or a broker: use {KNOWN}.")
    return parts


def _is_odd_number(host: str) -> bool:
    """Return whether a host is a number that is no address, such as 127.1: some programs take it for one."""
    return bool(re.fullmatch(r"[0-9.]+", host)) and not is_address(host)


def _is_private_literal(host: str) -> bool:
    return is_address(host) and not is_public(host)


def _check_header(destination: str, name: str, value: object) -> None:
    if not _TOKEN.fullmatch(name) or name.lower() in _OURS:
        raise ConfigurationError(f"{destination}: {name!r} is no header that can be added.")
    if not isinstance(value, str) or not value.isprintable() or not value.isascii():
        raise ConfigurationError(f"{destination}: the value of header {name} must be printable ASCII.")
