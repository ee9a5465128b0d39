"""Requests for the pages of a list, as a schedule repeats them."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any, Final

import attrs

from impactive_async._codec.bodies import Recognizing, Shape
from impactive_async._codec.page import Rows
from impactive_async._http.caller import Answer, Caller
from impactive_async._http.wire import Endpoint, build_request
from impactive_async.feeds.delivery.last_page import UNCHANGED, LastPage, Unchanged

UNCACHED: Final[Mapping[str, str]] = {"Cache-Control": "no-cache"}
"""What each poll asks of shared caches. They know nothing of `x-api-key`, and may give one workspace the answer to
another, or an old one."""


@attrs.frozen(kw_only=True)
class PageRequest:
    """Fetches the pages of one list.

    Attributes:
        caller: Makes the requests.
        endpoint: The list.
        ids: The ids in its path.
        shape: Reads an answer.
        timeout: Seconds for a request; `None`: the client's.
        patient: Whether a request that fails is sent again as often as the client's calls are. Otherwise it is
            sent once, because a schedule repeats it.
    """

    caller: Caller
    endpoint: Endpoint
    ids: tuple[str, ...]
    shape: Shape[Rows]
    timeout: float | None = None
    patient: bool = False

    def __call__(self, since: str | None, last: LastPage | None = None) -> Awaitable[Answer[Rows | Unchanged]]:
        """Fetch the page of the rows since a moment; `None`: of all rows.

        Args:
            since: The moment.
            last: The answer before. If it comes again, or a 304 in its place, the value is `UNCHANGED`.
        """
        shape: Shape[Any] = self.shape
        headers = UNCACHED
        if last is not None:
            headers = {**UNCACHED, **last.headers(since)}
            shape = Recognizing(shape, partial(last.is_answered_again, since), UNCHANGED)
        query = None if since is None else {"since": since}
        request = build_request(self.endpoint, self.ids, query=query, headers=headers)
        if self.patient and self.caller.max_retries:
            return self.caller.answer(request, shape, self.timeout)
        return self.caller.poll(request, shape, self.timeout)
