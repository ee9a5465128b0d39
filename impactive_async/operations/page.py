"""The page of a worker, as HTML. Every text in it that comes from elsewhere is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from html import escape
from typing import Final

from impactive_async.errors import HubError
from impactive_async.hub import HubStatus
from impactive_async.operations.activity import Activity
from impactive_async.operations.probes import why_not_ready

STYLE: Final = """
:root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: Canvas; color: CanvasText; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; }
.state { border-left: .5rem solid; padding: .5rem .8rem; font-weight: 600; overflow-wrap: anywhere; }
.good { border-color: #1a7f37; } .bad { border-color: #cf222e; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .8rem; margin: 0; }
dt { font-size: .85rem; opacity: .8; } dd { margin: 0; font-size: 1.2rem; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; }
th, td { padding: .25rem .6rem .25rem 0; border-bottom: 1px solid GrayText; vertical-align: top;
  overflow-wrap: anywhere; }
"""

SCRIPT: Final = """
const lost = document.getElementById("lost");
const source = new EventSource("live");
source.onmessage = (event) => { document.querySelector("main").innerHTML = event.data; lost.hidden = true; };
source.onerror = () => { lost.hidden = false; };
"""

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Impactive worker</title>
<link rel="stylesheet" href="page.css">
<noscript><meta http-equiv="refresh" content="10"></noscript>
<script src="page.js" defer></script>
</head>
<body>
<h1>Impactive worker</h1>
<p id="lost" class="state bad" role="status" hidden>No connection to the worker: what you see is old.</p>
<main>%s</main>
</body>
</html>
"""


def render_page(activity: Activity, hub: HubStatus | HubError) -> str:
    """Return the whole page, which can be read as it is."""
    return _PAGE % render_main(activity, hub)


def render_main(activity: Activity, hub: HubStatus | HubError) -> str:
    """Return what changes on the page."""
    return "".join(_main(activity, hub))


def _main(activity: Activity, hub: HubStatus | HubError) -> Iterator[str]:
    reason = why_not_ready(activity, hub)
    yield _state(reason)
    polls, events = activity.last_hour()
    figures = [("Polls, last hour", f"{polls:,}"), ("Events, last hour", f"{events:,}")]
    if isinstance(hub, HubStatus):
        figures += _figures(hub)
    yield "<dl>" + "".join(f"<div><dt>{escape(n)}</dt><dd>{escape(v)}</dd></div>" for n, v in figures) + "</dl>"
    if isinstance(hub, HubStatus):
        dead = [(feed.feed, feed.error) for feed in hub.dead]
        yield _table("Dead feeds: not polled until they are revived", ("Feed", "Why"), dead)
    failing = [(feed, _time(last.at), last.error) for feed, last in activity.failing.items()]
    yield _table("Failing here", ("Feed", "Last", "Why"), failing)
    steps = [(step, _time(last.at), last.error) for step, last in activity.troubles.items()]
    yield _table("Troubles of this worker", ("Step", "Since", "Why"), steps)
    gaps = [(gap.feed, str(gap).removeprefix(f"{gap.feed}: ")) for gap in reversed(activity.recent_gaps)]
    yield _table("Gaps found lately", ("Feed", "What"), gaps)
    if isinstance(hub, HubStatus):
        groups = [
            (group.name, "?" if group.behind is None else group.behind, group.in_flight, group.dead_letters)
            for group in hub.groups
        ]
        yield _table("Consumer groups", ("Group", "Backlog", "In flight", "Dead letters"), groups)
    last = [(kind, _time(at), activity.events[kind]) for kind, at in sorted(activity.last_poll.items())]
    yield _table("Kinds", ("Kind", "Last good poll", "Events"), last)


def _state(reason: str | None) -> str:
    if reason is None:
        return '<p class="state good" role="status">Working</p>'
    return f'<p class="state bad" role="status">Not ready: {escape(reason)}</p>'


def _figures(hub: HubStatus) -> list[tuple[str, str]]:
    return [
        ("Feeds", f"{hub.feeds:,}"),
        ("Due", f"{hub.due:,}"),
        ("Latest is late by", f"{hub.lag:.0f} s"),
        ("Failing", f"{hub.failing:,}"),
        ("Dead", f"{hub.dead_count:,}"),
        ("Gaps", f"{hub.gaps:,}"),
        ("Events in the log", f"{hub.events:,}"),
        ("Requests a second", "no limit" if hub.rate_limit is None else f"at most {hub.rate_limit:g}"),
    ]


def _table(title: str, heads: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """Return a table under its title; nothing where there is nothing to tell."""
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<h2>{escape(title)}</h2>{table}" if body else ""


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%m-%d %H:%M:%SZ}"
