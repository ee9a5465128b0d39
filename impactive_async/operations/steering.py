"""The forms of the page: who may use them, and what they do."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from impactive_async.errors import ImpactiveError, InvalidArgumentError
from impactive_async.operations.access import SIGNED_IN, HostNames, Sessions
from impactive_async.operations.actions import AskedAction, Done, carry_out, plan
from impactive_async.operations.page.document import render_question, render_refusal
from impactive_async.operations.shown import Shown

COOKIE: Final = "impactive_actions"
_FORM: Final = "application/x-www-form-urlencoded"
_LONGEST: Final = 20_000
"""Bytes of a form."""

_log = logging.getLogger("impactive_async.operations")


class SteeringForms:
    """Signs browsers in, and takes what they ask for.

    Three things are needed of whoever acts, and no page elsewhere has one of them: a request from a page of this
    port, the cookie of somebody who knew the token, and the key in its forms.

    Args:
        shown: The process, whose hub is steered.
        names: The names that the port has.
        token: What allows actions; None: nothing does.
    """

    def __init__(self, shown: Shown, names: HostNames, token: str | None) -> None:
        self._shown = shown
        self._names = names
        self._sessions = None if token is None else Sessions(token)

    @property
    def is_allowed(self) -> bool:
        """Whether anybody may act at all."""
        return self._sessions is not None

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; none if nobody may act."""
        if self._sessions is None:
            return []
        return [web.post("/session", self._session), web.post("/actions", self._actions)]

    def form_key(self, request: web.Request) -> str | None:
        """Return what the forms of this browser's page hold; None if it may not act."""
        cookie = request.cookies.get(COOKIE)
        if self._sessions is None or cookie is None or not self._sessions.is_good(cookie):
            return None
        return self._sessions.form_key(cookie)

    async def _session(self, request: web.Request) -> web.Response:
        """Sign a browser in or out."""
        form = await self._form(request)
        done = web.HTTPSeeOther("./")
        if form.get("end"):
            done.del_cookie(COOKIE, path="/")
            return _answer(done)
        cookie = self._sessions.begin(form.get("token", "")) if self._sessions and form else None
        if cookie is None:
            return _refused("This is not the token." if form else _FOREIGN, 403)
        done.set_cookie(COOKIE, cookie, max_age=int(SIGNED_IN), path="/", httponly=True, samesite="Strict")
        return _answer(done)

    async def _actions(self, request: web.Request) -> web.Response:
        """Do what a form asks for; ask back first where something cannot be taken back."""
        form, key = await self._form(request), self.form_key(request)
        if key is None or not form:
            return _refused(_FOREIGN if key else "Sign in first: what you did was not done.", 403)
        if not self._sessions or not self._sessions.is_form_key(request.cookies[COOKIE], form.get("form_key", "")):
            return _refused(_FOREIGN, 403)
        try:
            asked = AskedAction.of(form)
            said = None if form.get("agreed") else await plan(self._shown.view.hub, asked)
        except ImpactiveError as error:
            status = 400 if isinstance(error, InvalidArgumentError) else 502
            return _refused(f"Nothing was changed: {error}", status)
        if said is not None:
            return web.Response(text=render_question(asked, said, key), content_type="text/html")
        await self._carry_out(asked)
        return _answer(web.HTTPSeeOther("./"))

    async def _carry_out(self, asked: AskedAction) -> None:
        outcome = await carry_out(self._shown.view.hub, asked)
        self._shown.view.forget()
        self._shown.actions.append(Done(at=time.time(), action=asked.action, what=asked.what, outcome=outcome))
        _log.warning("on the page: %s %s: %s", asked.action, asked.what, outcome)

    async def _form(self, request: web.Request) -> Mapping[str, str]:
        """Return a form of this port's page; an empty one if it comes from elsewhere."""
        if not self._names.may_act(request.headers) or (request.content_length or 0) > _LONGEST:
            return {}
        if request.content_type != _FORM:
            return {}
        try:
            fields = await request.post()
        except (ValueError, LookupError):  # no UTF-8, or of an encoding that is none
            return {}
        return {name: value for name, value in fields.items() if isinstance(value, str)}


_FOREIGN: Final = "This did not come from the page of this port, so nothing was done."


def _refused(reason: str, status: int) -> web.Response:
    return web.Response(text=render_refusal(reason), content_type="text/html", status=status)


def _answer(redirect: web.HTTPSeeOther) -> web.Response:
    answer = web.Response(status=redirect.status, headers={"Location": redirect.headers["Location"]})
    answer.cookies.update(redirect.cookies)
    return answer
