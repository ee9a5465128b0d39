"""Options of one workspace that no answer shows: modules, precision of the store, traffic."""

from attrs import field, frozen, validators

from impactive_async.sandbox.world.times import PRECISIONS, Precision

__all__ = ["SandboxRules"]


@frozen(kw_only=True)
class SandboxRules:
    """The options of one workspace.

    Attributes:
        stored_precision: Digits of stored timestamps.
        audience: Whether the Audience module (tags and lists) is enabled.
        reply_rate: Share of sends that are answered, 0 to 1.
        strict: Whether ill-formed addresses are refused, and enrolling people without an address.
    """

    stored_precision: Precision = field(default="milliseconds", validator=validators.in_(PRECISIONS))
    audience: bool = True
    reply_rate: float = field(default=0.2, validator=[validators.ge(0), validators.le(1)])
    strict: bool = False
