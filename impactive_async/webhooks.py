"""Webhooks by the Standard Webhooks specification: the sender's signature, and its verification by a receiver.

    event = verify(await request.read(), request.headers, os.environ["WEBHOOK_SECRET"])
    print(event.type, event.row)

https://www.standardwebhooks.com says how a message is signed. The body is a CloudEvent in structured JSON.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets as random_source
import time
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b, sha256
from typing import Final

from attrs import field, frozen

from impactive_async._checks import check_seconds
from impactive_async.errors import ConfigurationError, ImpactiveError, InvalidArgumentError
from impactive_async.hub.contract.events import HubEvent

__all__ = ["TOLERANCE", "WebhookSecret", "WebhookVerificationError", "sign", "verify", "webhook_id"]

TOLERANCE: Final = 300.0
"""Seconds by which a message's time may differ from the receiver's clock."""

_PREFIX: Final = "whsec_"
_VERSION: Final = "v1"
_SHORTEST, _LONGEST = 24, 64
"""Bytes of a secret, as the specification bounds them."""


class WebhookVerificationError(ImpactiveError):
    """A message is not what the sender signed with this secret, or it is too old. Answer 401, and drop it."""


@frozen
class WebhookSecret:
    """A secret that sender and receiver share. Neither `str()` nor `repr()` shows it."""

    key: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> WebhookSecret:
        """Return the secret of a text: base64 of 24 to 64 bytes, with or without `whsec_` before it.

        Raises:
            ConfigurationError: The text is no such secret. The error does not show it.
        """
        try:
            key = base64.b64decode(text.strip().removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise ConfigurationError(
                f"A webhook's secret is `{_PREFIX}` and base64, and this is not. {_MAKE}"
            ) from None
        if not _SHORTEST <= len(key) <= _LONGEST:
            raise ConfigurationError(
                f"A webhook's secret has {_SHORTEST} to {_LONGEST} bytes, and this one has {len(key)}. {_MAKE}"
            )
        return cls(key)

    @classmethod
    def generate(cls) -> WebhookSecret:
        """Return a new secret of 32 random bytes."""
        return cls(random_source.token_bytes(32))

    def reveal(self) -> str:
        """Return the text to give to the other side: `whsec_` and base64."""
        return _PREFIX + base64.b64encode(self.key).decode()

    def signature(self, message_id: str, timestamp: str, body: bytes) -> str:
        """Return the signature of a message, as the header has it."""
        signed = b".".join((message_id.encode("utf-8", "backslashreplace"), timestamp.encode(), body))
        digest = hmac.digest(self.key, signed, sha256)
        return f"{_VERSION},{base64.b64encode(digest).decode()}"


_MAKE: Final = "`impactive forward secret` prints a good one."

Secrets = str | WebhookSecret | Sequence[str | WebhookSecret]
"""One secret, or several while it is being changed."""


def webhook_id(event_id: str) -> str:
    """Return the `webhook-id` of an event: the same in each attempt, so that receivers can tell a repetition."""
    return f"msg_{blake2b(event_id.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def sign(body: bytes, message_id: str, secrets: Secrets, *, now: float | None = None) -> dict[str, str]:
    """Return the three headers of a message.

    Args:
        body: What is sent, byte for byte.
        message_id: The `webhook-id`, without dots.
        secrets: Each gives a signature. Name the new one and the old one while receivers change over.
        now: Seconds since 1970; by default the machine's clock says.

    Raises:
        ConfigurationError: There is no secret, or one is none.
    """
    timestamp = str(int(time.time() if now is None else now))
    signatures = [secret.signature(message_id, timestamp, body) for secret in parse_secrets(secrets)]
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": " ".join(signatures)}


def verify(
    body: bytes | bytearray | memoryview | str,
    headers: Mapping[str, str],
    secrets: Secrets,
    *,
    tolerance: float = TOLERANCE,
    now: float | None = None,
) -> HubEvent:
    """Return the event that a message brings, if the sender has signed it lately.

    A sender repeats a message whose answer it did not get. The repetition has the same `event.id`: handle events
    idempotently by that. Nobody without the secret can repeat a message later than `tolerance` seconds.

    Args:
        body: What arrived, byte for byte: not parsed and printed again.
        headers: Those of the request, in any case.
        secrets: One is enough that fits.
        tolerance: Seconds by which the message's time may differ from `now`, before and after.
        now: Seconds since 1970; by default the machine's clock says.

    Raises:
        WebhookVerificationError: A header is missing, the signature fits no secret, the message is too old or from
            the future, or what was signed is no event.
        ConfigurationError: There is no secret, or one is none.
        InvalidArgumentError: The body is neither bytes nor text, as it was parsed already; or the headers are no
            mapping.
    """
    known = parse_secrets(secrets)
    message = _bytes(body)
    message_id, timestamp, signatures = _headers(headers)
    _check_time(timestamp, time.time() if now is None else now, check_seconds(tolerance, "tolerance"))
    expected = [secret.signature(message_id, timestamp, message) for secret in known]
    if not _any_equal(expected, signatures.split()):
        raise WebhookVerificationError(
            "The signature fits no secret: the message is not the sender's, its body was changed on the way "
            "(verify the bytes that arrived), or the secret is another one."
        )
    try:
        return HubEvent.from_json(message.decode())
    except ValueError as error:
        raise WebhookVerificationError(f"The message was signed, and is no event of a hub: {error}") from error


def parse_secrets(secrets: Secrets) -> list[WebhookSecret]:
    """Return secrets, each checked.

    Raises:
        ConfigurationError: There is none, or one is none.
    """
    given = [secrets] if isinstance(secrets, str | WebhookSecret) else _listed(secrets)
    known = [one if isinstance(one, WebhookSecret) else WebhookSecret.parse(one) for one in given]
    if not known:
        raise ConfigurationError(f"A webhook needs a secret. {_MAKE}")
    return known


def _listed(secrets: object) -> list[str | WebhookSecret]:
    """Return what should be several secrets: `None` is an environment variable that is not set."""
    given = list(secrets) if isinstance(secrets, Iterable) else [secrets]
    texts = [one for one in given if isinstance(one, str | WebhookSecret)]
    if len(texts) != len(given):
        raise ConfigurationError(f"A webhook's secret is a text that begins with {_PREFIX}. {_MAKE}")
    return texts


def _bytes(body: object) -> bytes:
    if isinstance(body, str):
        return body.encode("utf-8", "backslashreplace")
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    raise InvalidArgumentError(
        f"verify needs the body as it arrived, in bytes, and this is of type {type(body).__name__}: what was "
        "parsed has another signature"
    )


def _headers(headers: Mapping[str, str]) -> tuple[str, str, str]:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    if not callable(getattr(headers, "items", None)):
        raise InvalidArgumentError(
            "verify needs the headers by their names, as request.headers has them, and this is of type "
            f"{type(headers).__name__}"
        )
    given = {str(name).lower(): value for name, value in headers.items()}
    found = {name: given[name] for name in names if isinstance(given.get(name), str)}
    if missing := [name for name in names if not found.get(name)]:
        raise WebhookVerificationError(f"The message lacks {', '.join(missing)}: it is no signed webhook.")
    return found[names[0]], found[names[1]], found[names[2]]


def _check_time(timestamp: str, now: float, tolerance: float) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _DIGITS):
        raise WebhookVerificationError("The message's time is no number of seconds since 1970.")
    age = now - int(timestamp)
    if not abs(age) <= tolerance:
        where = "before" if age > 0 else "after"
        raise WebhookVerificationError(
            f"The message was signed {abs(age):.0f} s {where} this machine's time, and {tolerance:g} s are "
            "accepted: it was kept back, or one of the two clocks is wrong."
        )


_DIGITS: Final = 15


def _any_equal(expected: Iterable[str], given: Sequence[str]) -> bool:
    """Compare all with all, in a time that does not tell how much of one is right."""
    offered = [one.encode("utf-8", "backslashreplace") for one in given]
    fits = [hmac.compare_digest(one.encode(), other) for one in expected for other in offered]
    return any(fits)
