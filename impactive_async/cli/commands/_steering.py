"""`impactive sandbox advance` and the like: steer a sandbox that another process serves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from impactive_async.cli.kit.arguments import moment, span
from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.errors import UnreachableError, UsageError
from impactive_async.cli.kit.options import LOCAL, argument, option
from impactive_async.cli.kit.words.wording import count as counted

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run
    from impactive_async.sandbox import RecordedRequest, SandboxControl
    from impactive_async.sandbox.control.client import ClockState


def steers(body: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which sandbox it steers."""
    url = option(
        "--url",
        envvar="IMPACTIVE_BASE_URL",
        default="http://127.0.0.1:8080",
        show_envvar=True,
        metavar="URL",
        help="Where the sandbox listens.",
    )
    token = option(
        "--token",
        envvar="IMPACTIVE_SANDBOX_TOKEN",
        show_envvar=True,
        metavar="WORD",
        help="The word that it was started with.",
    )
    return url(token(body))


@asynccontextmanager
async def reached(url: str, token: str | None) -> AsyncIterator[SandboxControl]:
    from impactive_async.sandbox import SandboxControl, SandboxControlError

    async with SandboxControl(url, token=token) as control:
        try:
            yield control
        except SandboxControlError as error:
            if error.status is None:
                way_out = "Start one with `impactive sandbox`, or name it with --url"
                raise UnreachableError(f"{error}. {way_out}.") from error
            raise UsageError(f"{error}.") from error


def _told(run: Run, state: ClockState) -> None:
    speed = "it stands still" if state.speed is None else f"{state.speed:g} virtual second(s) per second"
    due = "nothing is due" if state.next_due is None else f"next due {state.next_due:%Y-%m-%d %H:%M:%S} UTC"
    run.out.text(f"It is {state.now:%Y-%m-%d %H:%M:%S} UTC; {speed}; {due}.")


@command("status", example="impactive sandbox status", shared=LOCAL)
@steers
async def status(run: Run, url: str, token: str | None) -> None:
    """Show the sandbox at a glance: time, rows of each kind, faults, requests."""
    async with reached(url, token) as sandbox:
        found = await sandbox.overview()
        _told(run, await sandbox.clock())
    run.out.text(f"Dialect {found['dialect'] or 'of a profile'}, seed {found['seed']}.")
    run.out.text("Rows: " + ", ".join(f"{number:,} {kind}" for kind, number in found["rows"].items()) + ".")
    faults = found["faults"]
    run.out.text(
        f"{counted(len(faults['armed']), 'fault')} armed, chaos {faults['chaos']['rate']:.0%}; "
        f"{counted(found['requests'], 'request')} so far."
    )


@command("advance", example="impactive sandbox advance 3d12h", shared=LOCAL)
@argument("by", metavar="[SPAN]", required=False)
@option("--to", metavar="MOMENT", help="To this moment instead, as 2026-05-04T09:00Z.")
@steers
async def advance(run: Run, by: str | None, to: str | None, url: str, token: str | None) -> None:
    """Move the clock forward by a SPAN such as 3d, 36h or 1d12h: due emails go out, answers come in."""
    if (by is None) == (to is None):
        raise UsageError("Say by how much, as 3d, or --to which moment.")
    async with reached(url, token) as sandbox:
        if to is not None:
            _told(run, await sandbox.advance(to=moment(to)))
        else:
            _told(run, await sandbox.advance(seconds=span(by or "").total_seconds()))


@command("speed", example="impactive sandbox speed 3600", shared=LOCAL)
@argument("speed", metavar="SPEED")
@steers
async def speed(run: Run, speed: str, url: str, token: str | None) -> None:
    """Let the clock run at SPEED virtual seconds per second, or `stop` it."""
    try:
        wanted = None if speed == "stop" else float(speed)
    except ValueError:
        raise UsageError(f"{speed!r} is neither a number nor `stop`.") from None
    async with reached(url, token) as sandbox:
        _told(run, await sandbox.set_speed(wanted))


@command("reply", example="impactive sandbox reply con_1 --body 'Tell me more'", shared=LOCAL)
@argument("contact", metavar="CONTACT")
@option("--body", default="Sounds good!", metavar="TEXT", help="What they write.")
@option("--subject", default="Re: Hello", metavar="TEXT", help="The subject.")
@option("--date", metavar="MOMENT", help="The date of the email; default: now.")
@option("--visible", metavar="MOMENT", help="Lists show it from this moment on; default: at once.")
@steers
async def reply(
    run: Run,
    contact: str,
    body: str,
    subject: str,
    date: str | None,
    visible: str | None,
    url: str,
    token: str | None,
) -> None:
    """Let CONTACT, an id, write back."""
    dated, visible_at = moment(date), moment(visible)
    async with reached(url, token) as sandbox:
        row = await sandbox.reply(contact, body=body, subject=subject, email_date=dated, visible_at=visible_at)
    run.out.text(f"{row['from_address']} wrote back: {row['id']}.")


@command("burst", example="impactive sandbox burst deals 250", shared=LOCAL)
@argument("kind", metavar="KIND")
@argument("count", type=click.IntRange(0), metavar="COUNT")
@steers
async def burst(run: Run, kind: str, count: int, url: str, token: str | None) -> None:
    """Make COUNT rows of a KIND at once, such as deals or replies, to overflow a list."""
    async with reached(url, token) as sandbox:
        await sandbox.burst(kind, count)
    run.out.text(f"Made: {count:,} {kind}.")


@command("fail", example="impactive sandbox fail 'POST /api/agent/contacts' --status 503 --times 3", shared=LOCAL)
@argument("route", metavar="ROUTE")
@option("--status", type=click.IntRange(100, 599), metavar="N", help="Answer with this status.")
@option("--times", type=click.IntRange(1), default=1, metavar="N", help="How many requests fail.")
@option("--always", is_flag=True, help="All requests fail, until `clear`.")
@option("--after", type=click.IntRange(0), default=0, metavar="N", help="How many requests pass before.")
@option("--retry-after", metavar="VALUE", help="The header Retry-After.")
@option("--delay", type=float, default=0.0, metavar="SECONDS", help="Answer so much later.")
@option("--commit", is_flag=True, help="Handle the request first: a write takes effect.")
@option("--disconnect", is_flag=True, help="Close the connection without an answer.")
@steers
async def fail(
    run: Run,
    route: str,
    status: int | None,
    times: int,
    always: bool,
    after: int,
    retry_after: str | None,
    delay: float,
    commit: bool,
    disconnect: bool,
    url: str,
    token: str | None,
) -> None:
    """Make the next requests of a ROUTE fail: verb and path, as 'GET /api/agent/sequences/:id', or '*'."""
    chosen = {"status": status, "retry_after": retry_after, "delay": delay, "disconnect": disconnect}
    fault = {name: value for name, value in chosen.items() if value}
    if not fault:
        raise UsageError("Say how it fails: --status, --delay or --disconnect.")
    fault["commit"] = commit
    async with reached(url, token) as sandbox:
        number = await sandbox.fail(route, times=None if always else times, after=after, **fault)
    run.out.text(f"Fault {number} is armed; `impactive sandbox clear {number}` removes it.")


@command("chaos", example="impactive sandbox chaos 0.1", shared=LOCAL)
@argument("rate", type=click.FloatRange(0, 1), metavar="RATE")
@option("--kind", "kinds", multiple=True, metavar="NAME", help="Fail only so, as 503 or disconnect. Repeatable.")
@steers
async def chaos(run: Run, rate: float, kinds: Sequence[Any], url: str, token: str | None) -> None:
    """Let a share of all requests fail, from 0 to 1, in all ways that servers and networks do."""
    from impactive_async.sandbox import CHAOS_KINDS

    async with reached(url, token) as sandbox:
        await sandbox.chaos(rate, kinds or CHAOS_KINDS)
    run.out.text(f"{rate:.0%} of all requests fail from now on.")


@command("clear", example="impactive sandbox clear", shared=LOCAL)
@argument("number", type=int, required=False, metavar="[FAULT]")
@steers
async def clear(run: Run, number: int | None, url: str, token: str | None) -> None:
    """Remove all faults, those of chaos included, or the one of this number."""
    async with reached(url, token) as sandbox:
        await sandbox.clear_faults(number)
    run.out.text("No request fails any more." if number is None else f"Fault {number} is removed.")


@command("requests", example="impactive sandbox requests --follow", shared=LOCAL)
@option("--follow", is_flag=True, help="Go on with those that arrive, until Ctrl-C.")
@option("--limit", type=click.IntRange(0), default=20, metavar="N", help="How many of those so far.")
@steers
async def requests(run: Run, follow: bool, limit: int, url: str, token: str | None) -> None:
    """Show the requests that arrived at the sandbox, and what became of them."""
    async with reached(url, token) as sandbox:
        found = await sandbox.requests(limit=limit)
        for one in found:
            run.out.text(_line(one))
        last = found[-1].number if found else None
        if follow:
            async for one in sandbox.follow_requests(after=last):
                if one.status is not None:
                    run.out.text(_line(one))


def _line(one: RecordedRequest) -> str:
    query = "&".join(f"{name}={value}" for name, value in one.query.items())
    path = f"{one.path}?{query}" if query else one.path
    return f"{one.at:%Y-%m-%d %H:%M:%S}  {one.status or 'none'}  {one.method} {path}"


@command("snapshot", example="impactive sandbox snapshot before.json", shared=LOCAL)
@argument("file", metavar="FILE")
@steers
async def snapshot(run: Run, file: str, url: str, token: str | None) -> None:
    """Write all that the next answers depend on into a new FILE, for `restore` or `sandbox --snapshot`."""
    async with reached(url, token) as sandbox:
        taken = await sandbox.snapshot()
    _write_new(file, taken)
    run.out.text(f"Written: {file}, {len(taken):,} bytes; `impactive sandbox restore {file}` goes back to it.")


def _write_new(file: str, content: bytes) -> None:
    try:
        with Path(file).open("xb") as new:
            new.write(content)
    except FileExistsError:
        raise UsageError(f"{file} is there already, and is left as it is: choose another name.") from None
    except OSError as error:
        raise UsageError(f"Cannot write {file}: {error.strerror or error}.") from error


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"Cannot read {file}: {error.strerror or error}.") from error


@command("restore", example="impactive sandbox restore before.json", shared=LOCAL)
@argument("file", metavar="FILE")
@steers
async def restore(run: Run, file: str, url: str, token: str | None) -> None:
    """Go on from a FILE that `snapshot` wrote. The key stays valid, the requests so far are forgotten."""
    taken = _read(file)
    async with reached(url, token) as sandbox:
        await sandbox.restore(taken)
        _told(run, await sandbox.clock())


@command("reset", example="impactive sandbox reset --seed other", shared=LOCAL)
@option("--seed", metavar="TEXT", help="What the made-up data follows from; default: as before.")
@option("--empty", is_flag=True, help="Begin without rows.")
@option(
    "--populate", metavar="SIZE", help="The rows to begin with: none, small, demo or large; default: as before."
)
@steers
async def reset(run: Run, seed: str | None, empty: bool, populate: Any, url: str, token: str | None) -> None:
    """Begin anew: rows, clock, faults and requests. The key stays valid."""
    async with reached(url, token) as sandbox:
        await sandbox.reset(seed=seed, populate=False if empty else populate)
        _told(run, await sandbox.clock())
