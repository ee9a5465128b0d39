"""What a sandbox may do differently from the next one: caps, boundaries, precision, traffic."""

from typing import Literal

from attrs import field, frozen, validators

from .times import Precision

__all__ = ["Rules"]

_cap = validators.and_(validators.instance_of(int), validators.ge(1))


@frozen(kw_only=True)
class Rules:
    """The knobs of one workspace.

    The defaults are the contract; the others exist because the vendor's page leaves room for them, or so that a
    test reaches a cap with six rows.

    Attributes:
        contacts_default: Page of GET contacts without `limit`.
        contacts_max: Largest `limit` of GET contacts.
        contact_replies_cap: Page of one contact's replies.
        sends_cap: Page of a sequence's sends.
        replies_cap: Page of a sequence's replies.
        enrollments_cap: Page of a sequence's enrollments; the contract names none.
        zapier_cap: Page of every Zapier list.
        max_batch: Largest batch of contacts; the contract names none.
        zapier_since: Whether a Zapier row exactly at `since` is left out or comes again.
        precision: Digits of printed timestamps.
        stored_precision: Digits of stored ones. Storing more than is printed makes a strict `>` return the
            boundary row again, as such servers do.
        audience: Whether the Audience module (tags and lists) is enabled.
        reply_rate: Share of sends that are answered, 0 to 1.
    """

    contacts_default: int = field(default=100, validator=_cap)
    contacts_max: int = field(default=500, validator=_cap)
    contact_replies_cap: int = field(default=100, validator=_cap)
    sends_cap: int = field(default=500, validator=_cap)
    replies_cap: int = field(default=500, validator=_cap)
    enrollments_cap: int | None = field(default=None, validator=validators.optional(_cap))
    zapier_cap: int = field(default=100, validator=_cap)
    max_batch: int | None = field(default=None, validator=validators.optional(_cap))
    zapier_since: Literal["exclusive", "inclusive"] = field(
        default="exclusive", validator=validators.in_(("exclusive", "inclusive"))
    )
    precision: Precision = field(
        default="milliseconds", validator=validators.in_(("milliseconds", "microseconds"))
    )
    stored_precision: Precision = field(
        default="milliseconds", validator=validators.in_(("milliseconds", "microseconds"))
    )
    audience: bool = True
    reply_rate: float = field(default=0.2, validator=[validators.ge(0), validators.le(1)])
