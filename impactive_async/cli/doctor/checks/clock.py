"""Headers that feeds and calls go by: `Date`, caching, `ETag`, rate limits; and how long answers take."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Final

from impactive_async.cli.doctor.answers import named
from impactive_async.cli.doctor.examination import Examination, Listed, Verdict
from impactive_async.cli.doctor.places import CONTACTS
from impactive_async.cli.doctor.stamps import MICROSECOND, Stamp, read_stamp

REQUESTS: Final = 1
_SECONDS: Final = 30
_SLOW: Final = 10.0


async def check_clock(examination: Examination) -> None:
    """Look at the headers of all answers so far, and ask whether a list has changed."""
    _check_date(examination)
    _check_caching(examination)
    await _check_etag(examination)
    _check_limits(examination)
    _check_latency(examination)


def _check_date(examination: Examination) -> None:
    answered = [one for one in examination.prober.exchanges if 200 <= one.status < 300]
    dates = [date for one in answered if (date := one.date) is not None]
    present = "present" if dates else "missing"
    examination.learn("*", date=bool(dates))
    examination.compare("Date", "present", present)
    if not dates:
        return
    skew = statistics.median(date - one.at for one in answered if (date := one.date) is not None)
    near = "within 30 s of this machine"
    examination.compare("Date: skew", near, near if abs(skew) <= _SECONDS else f"{_span(skew)} this machine")
    newest = max(
        (ahead for listed in examination.lists.values() for ahead in _ahead(listed, examination.ahead)),
        default=None,
    )
    if newest is not None:
        ahead = newest > 1
        advice = "Give feeds an overlap= of at least so long." if ahead else ""
        seen = f"the newest row is {_span(newest)} Date" if ahead else "not before the newest row"
        verdict = Verdict.HANDLED if ahead else Verdict.AS_ASSUMED
        examination.tell("Date: rows", "not before the newest row", seen, verdict, advice)


def _ahead(listed: Listed, local: int) -> Iterator[float]:
    """Yield by how many seconds each row is ahead of the answer's `Date`."""
    date = listed.exchange.date
    if date is None or listed.place.stamp is None:
        return
    for row in listed.found.rows:
        stamp: Stamp | None = read_stamp(row.get(listed.place.stamp))
        if stamp is not None:
            at = stamp.at if stamp.offset is not None else stamp.at - local
            yield at * MICROSECOND.total_seconds() - date


def _span(seconds: float) -> str:
    size = abs(seconds)
    text = f"{size:.0f} s" if size < 120 else f"{size / 60:.0f} min" if size < 7200 else f"{size / 3600:.0f} h"
    return f"{text} {'ahead of' if seconds > 0 else 'behind'}"


def _check_caching(examination: Examination) -> None:
    lists = [listed.exchange for listed in examination.lists.values()]
    aged = any(one.headers.get("age", "0").strip() not in ("", "0") for one in lists)
    stored = any(
        "max-age" in (value := one.headers.get("cache-control", "")) and "max-age=0" not in value for one in lists
    )
    if aged:
        advice = "A cache stands before the service: polls may see old rows. Have it pass /api/ by."
        examination.tell("caching", "none", "answers have an Age", Verdict.BREAKS, advice)
    else:
        examination.compare("caching", "none", "answers may be kept" if stored else "none")


async def _check_etag(examination: Examination) -> None:
    listed = examination.lists.get(CONTACTS.operation)
    tag = listed.exchange.headers.get("etag") if listed else None
    if tag is None:
        examination.learn("*", etag=False)
        examination.tell("ETag", "not used", "none", Verdict.AS_ASSUMED)
        return
    again = await examination.prober.ask("GET", CONTACTS.template, headers={"If-None-Match": tag})
    examination.learn("*", etag=again.status == 304)
    seen = "304 for If-None-Match" if again.status == 304 else "If-None-Match has no effect"
    examination.tell("ETag", "not used", seen, Verdict.AS_ASSUMED)


def _check_limits(examination: Examination) -> None:
    exchanges = examination.prober.exchanges
    names = sorted({name for one in exchanges for name in named(one.headers, "ratelimit", "x-ratelimit")})
    limited = sum(one.status == 429 for one in exchanges)
    if limited:
        advice = "Give the client a rate_limit= below 5."
        examination.tell("rate limit", "5 requests a second", f"{limited} times 429", Verdict.HANDLED, advice)
    else:
        told = f", headers {', '.join(names)}" if names else ""
        examination.tell("rate limit", "5 requests a second", f"no 429{told}", Verdict.AS_ASSUMED)


def _check_latency(examination: Examination) -> None:
    took = sorted(one.seconds for one in examination.prober.exchanges if one.status)
    if not took:
        return
    seen = f"median {statistics.median(took) * 1000:.0f} ms, slowest {took[-1] * 1000:.0f} ms"
    slow = took[-1] > _SLOW
    advice = "Raise timeout= of the client." if slow else ""
    examination.tell("latency", "under 10 s", seen, Verdict.HANDLED if slow else Verdict.AS_ASSUMED, advice)
