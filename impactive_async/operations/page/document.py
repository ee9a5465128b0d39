"""The page around its sections: signing in, steering any feed, and a question before what cannot be undone."""

from __future__ import annotations

from html import escape
from typing import Final

from impactive_async.operations.actions import HOURS, AskedAction
from impactive_async.operations.page.markup import hidden
from impactive_async.operations.page.sections import Moment, render_sections

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%(title)s</title>
<link rel="stylesheet" href="page.css">
%(head)s
</head>
<body>
<h1>%(title)s</h1>
%(body)s
</body>
</html>
"""
_LIVE: Final = """<noscript><meta http-equiv="refresh" content="10"></noscript>
<script src="page.js" defer></script>"""
_LOST: Final = (
    '<p id="lost" class="state bad" role="status" hidden>No connection to this process: what you see is old.</p>'
)
_SIGN_IN: Final = """<details class="actions"><summary>Actions</summary>
<form method="post" action="session">
<label>Token <input type="password" name="token" autocomplete="current-password" required></label>
<button>Allow actions</button>
</form></details>"""
_STEER: Final = """<details class="actions" open><summary>Actions</summary>
<form method="post" action="actions">%(key)s
<label>Feed <input name="feed" required placeholder="zapier/deals" autocapitalize="none" spellcheck="false">
</label>
<button name="action" value="poll-now">Poll now</button>
<button name="action" value="pause">Pause</button>
<button name="action" value="resume">Resume</button>
<button name="action" value="revive">Revive</button>
<span><label>by <select name="hours">%(hours)s</select></label>
<button name="action" value="rewind">Rewind</button></span>
</form>
<form method="post" action="session">%(key)s<button name="end" value="yes">No more actions</button></form>
</details>"""


def render_page(now: Moment, *, may_sign_in: bool = False) -> str:
    """Return the whole page, which can be read as it is.

    Args:
        now: What is shown.
        may_sign_in: Whether there is a token by which actions are allowed.
    """
    actions = _SIGN_IN if may_sign_in else ""
    if now.form_key is not None:
        actions = _STEER % {"key": hidden(form_key=now.form_key), "hours": _hours()}
    body = f"{_LOST}\n<main>{render_sections(now)}</main>\n{actions}"
    return _PAGE % {"title": escape(now.shown.name), "head": _LIVE, "body": body}


def render_question(asked: AskedAction, plan: str, form_key: str) -> str:
    """Return the page that says what will happen, before it does."""
    since = asked.moment().isoformat() if asked.action == "rewind" else ""
    fields = hidden(
        form_key=form_key,
        action=asked.action,
        feed=asked.feed,
        group=asked.group,
        position=asked.position,
        since=since,
        agreed="yes",
    )
    body = (
        f'<p class="state">{escape(plan)}</p><form method="post" action="actions">{fields}'
        f'<button autofocus>{escape(asked.action.capitalize())}</button> <a href="./">Change nothing</a></form>'
    )
    return _PAGE % {"title": f"{escape(asked.action.capitalize())} {escape(asked.what)}", "head": "", "body": body}


def render_refusal(reason: str) -> str:
    """Return the page that says why nothing was done."""
    body = f'<p class="state bad" role="alert">{escape(reason)}</p><p><a href="./">Back to the page</a></p>'
    return _PAGE % {"title": "Nothing was done", "head": "", "body": body}


def _hours() -> str:
    return "".join(
        f'<option value="{hours}">{f"{hours} h" if hours < 48 else f"{hours // 24} days"}</option>'
        for hours in HOURS
    )
