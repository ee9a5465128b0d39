"""The right to poll a feed."""

from __future__ import annotations

from attrs import frozen

from impactive_async.errors import FencedError

_REASON_LENGTH = 500


@frozen(kw_only=True)
class Claim:
    """The right to poll one feed, for `lease` seconds by the engine's clock.

    Attributes:
        feed: The feed's name.
        cursor: What was last committed; "" at first.
        token: The fencing token.
        failures: How many claims in a row have failed before this one.
        lease: Seconds the claim was given for.
        permitted: Whether its poll needs no permit: no rate limit was set when it was given.
    """

    feed: str
    cursor: str
    token: int
    failures: int
    lease: float
    permitted: bool = False


@frozen
class IdlePoll:
    """A poll that brought nothing, to be committed.

    Attributes:
        claim: What it was made for.
        cursor: The feed's cursor after it, in which nothing but times has changed.
        again_in: Seconds after which the feed is due again.
    """

    claim: Claim
    cursor: str
    again_in: float


def fenced(claim: Claim) -> FencedError:
    """Return the error for a claim that is no longer held."""
    return FencedError(
        f"feed {claim.feed!r} is no longer held under token {claim.token}: its lease of {claim.lease:g} s has "
        "ended, another worker has it, or the engine has lost the cursor that it began from. Nothing was "
        "committed. Drop the rows: whoever holds the feed now delivers them."
    )


def storable(reason: str) -> str:
    """Return a reason as every engine can keep it: 500 characters, no NUL, no lone surrogates."""
    return reason.replace("\0", "").encode("utf-8", "backslashreplace").decode()[:_REASON_LENGTH]
