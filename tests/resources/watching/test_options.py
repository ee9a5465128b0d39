"""The `watch*` methods: every option can be seen, and what is seen is what is taken."""

from __future__ import annotations

import inspect
import pickle
import pydoc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_origin, get_type_hints

import attrs
import pytest

from impactive_async import AsyncClient, Feed, Removed
from impactive_async.feeds.cursor.rules import Now
from impactive_async.feeds.delivery.source import FeedOptions
from impactive_async.feeds.pacing.pace import INTERVAL
from impactive_async.models import Booking, Reply
from impactive_async.sandbox import Sandbox
from tests.support import KEY

METHODS = (
    "sequences.watch",
    "sequences.watch_enrollments",
    "sequences.watch_sends",
    "sequences.watch_replies",
    "contacts.watch_replies",
    "bookings.watch",
    "zapier.companies.watch",
    "zapier.contacts.watch",
    "zapier.deals.watch",
    "zapier.invoices.watch",
    "zapier.projects.watch",
)
OPTIONS = ["since", "store", "key", "interval", "max_interval", "overlap", "on_gap", "on_bad_row", "ack"]
BY_CONTENT = ("bookings.watch", "sequences.watch")
LEFT = (*BY_CONTENT, "sequences.watch_enrollments")
"""Those whose rows may leave the list."""
WITHOUT_SINCE = [*(name for name in OPTIONS if name != "overlap"), "ignore"]


def method(path: str) -> Callable[..., Feed[Any]]:
    found: Any = AsyncClient(KEY)
    for name in path.split("."):
        found = getattr(found, name)
    return found  # type: ignore[no-any-return]


def ids_of(path: str) -> tuple[str, ...]:
    return ("id_1",) if path.partition(".")[0] != "zapier" and path not in BY_CONTENT else ()


@pytest.mark.parametrize("path", METHODS)
def test_the_signature_shows_every_option(path: str) -> None:
    """Ids come first, then each option by name, with its type and the default that a feed really has."""
    signature = inspect.signature(method(path))
    assert get_origin(signature.return_annotation) is Feed
    parameters = dict(signature.parameters)
    for _ in ids_of(path):
        assert parameters.pop(next(iter(parameters))).annotation is str
    options = OPTIONS if "contacts.watch_r" not in path and path not in BY_CONTENT else WITHOUT_SINCE
    assert list(parameters) == [*options, *(["removals"] if path in LEFT else [])]
    defaults = FeedOptions()
    for name, parameter in parameters.items():
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert parameter.default == getattr(defaults, name)
    assert parameters["interval"].default == INTERVAL
    assert {*OPTIONS, *WITHOUT_SINCE, "removals"} == {field.name for field in attrs.fields(FeedOptions)}


@pytest.mark.parametrize("path", METHODS)
def test_help_explains_every_option(path: str) -> None:
    """`help` begins with what is special about the list, and has a line for each parameter and for the errors."""
    text = pydoc.plain(pydoc.render_doc(method(path)))
    assert "Follow " in text
    for name in inspect.signature(method(path)).parameters:
        assert f"    {name}: " in text
    assert "Raises:\n        InvalidArgumentError: " in text
    assert max(map(len, (inspect.getdoc(method(path)) or "").splitlines())) <= 115


def test_annotations_can_be_evaluated() -> None:
    """`typing.get_type_hints` gives real types, whichever module a method is written in."""
    crm = AsyncClient(KEY)
    assert get_type_hints(crm.sequences.watch_replies)["return"] == Feed[Reply]
    assert get_type_hints(crm.bookings.watch)["return"] == Feed[Booking | Removed]
    assert get_type_hints(crm.bookings.watch)["since"] == Now | None
    assert get_type_hints(crm.zapier.deals.watch)["since"] == datetime | str | Now | None


@pytest.mark.parametrize("path", METHODS)
def test_a_method_is_found_where_it_says_that_it_is(path: str) -> None:
    """Its module and its qualified name lead to it, so `pickle` takes it."""
    function = getattr(method(path), "__func__")  # noqa: B009 - a type checker sees a callable
    assert pickle.loads(pickle.dumps(function)) is function


@pytest.mark.parametrize("path", METHODS)
async def test_what_is_not_in_the_signature_is_refused(path: str) -> None:
    """A misspelt option, an option by position or a missing id is a `TypeError` that names the method."""
    follow, ids = method(path), ids_of(path)
    with pytest.raises(TypeError, match=r"watch\w*\(\) got an unexpected keyword argument 'sinse'"):
        follow(*ids, sinse=None)
    with pytest.raises(TypeError, match=r"watch\w*\(\) takes \d positional arguments? but \d were given"):
        follow(*ids, None)
    if ids:
        with pytest.raises(TypeError, match=r"watch\w*\(\) missing 1 required positional argument: '\w+_id'"):
            follow()


async def test_an_id_may_be_given_by_name() -> None:
    """Positional or by name, an id means the same, as in version 0.1."""
    crm = AsyncClient(KEY)
    assert crm.sequences.watch_sends(sequence_id="s").name == crm.sequences.watch_sends("s").name
    assert crm.contacts.watch_replies(contact_id="c").name == "contacts/c/replies"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"since": "2026-05-01"}, "'2026-05-01', without an offset: 2026-05-01T00:00:00Z"),
        ({"since": "soon"}, "since is an aware datetime or an ISO 8601 string"),
        ({"overlap": -1}, "overlap is a number of seconds of at least 0"),
        ({"interval": 0}, "interval is a positive number of seconds"),
        ({"max_interval": 10}, "max_interval is at least interval"),
        ({"on_gap": "ignore"}, "on_gap is 'raise', 'continue' or a callable"),
        ({"on_bad_row": "continue"}, "on_bad_row is 'raise' or a callable"),
    ],
)
async def test_an_option_out_of_range_is_refused(options: dict[str, Any], reason: str) -> None:
    """What can never be right is a `ValueError` when the feed is made, before any request."""
    with pytest.raises(ValueError, match=reason):
        AsyncClient(KEY).zapier.deals.watch(**options)


async def test_since_reaches_the_request_as_text_or_as_a_moment(sandbox: Sandbox, crm: AsyncClient) -> None:
    """The first request asks for what was changed from then on."""
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    for since in (moment, "2026-05-01T02:00+02:00"):
        await crm.zapier.deals.watch(since=since).poll()
    asked = [datetime.fromisoformat(request.query["since"]) for request in sandbox.requests]
    assert asked[0] == asked[1]
    assert abs(asked[0] - moment) < timedelta(seconds=1)


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
async def test_overlap_reaches_the_request(sandbox: Sandbox, crm: AsyncClient) -> None:
    """The second request asks for rows from `overlap` seconds before the newest ones on, or from before."""
    await sandbox.clock.advance(hours=3)
    for number in range(40):
        await sandbox.clock.advance(seconds=1)
        sandbox.state.add("deals", {"name": f"Deal {number}"})
    asked = []
    for overlap in (0, 3600):
        feed = crm.zapier.deals.watch(overlap=overlap)
        await feed.poll((await feed.poll()).cursor)
        asked.append(datetime.fromisoformat(sandbox.requests[-1].query["since"]))
    assert asked[0] - asked[1] > timedelta(minutes=59)
