"""The tree of errors: as drawn, picklable, and saying what happened without showing too much."""

from __future__ import annotations

import base64
import copy
import inspect
import pickle
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from impactive_async import errors
from impactive_async.models import Gap
from tests.support import KEY

COMMON: dict[str, Any] = {"method": "POST", "attempts": 3, "outcome_unknown": True}
STATUS: dict[str, Any] = {
    **COMMON,
    "status": 418,
    "path": "/x/1",
    "body": "b" * 4096,
    "headers": {"X-A": "1"},
    "request_id": "req_7",
    "retry_after": 1.5,
}


def made(cls: type[errors.ImpactiveError]) -> errors.ImpactiveError:
    """An instance with every attribute set."""
    if issubclass(cls, errors.APIStatusError):
        return cls("m", **STATUS)
    if issubclass(cls, errors.DecodeError):
        return cls("m", path="/x/1", json_path="$[0].id", snippet="{}", request_id="req_7", **COMMON)
    if issubclass(cls, errors.APIConnectionError):
        return cls("m", path="/x/1", request_sent=False, **COMMON)
    if issubclass(cls, errors.APIError):
        return cls("m", path="/x/1", **COMMON)
    if issubclass(cls, errors.FeedGapError):
        return cls(Gap("sequences/1/replies", "overflow", datetime(2026, 5, 1, tzinfo=UTC), None))
    if issubclass(cls, errors.BulkError):
        report: Any = {"enrolled": 3}  # whatever it is, it must travel
        return cls("m", report=report)
    return cls("m")


EVERY = [made(getattr(errors, name)) for name in errors.__all__]


def drawn() -> dict[str, str]:
    """Child → parent, as the module's docstring draws it."""
    tree, branch = {}, ["ImpactiveError"]
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([│ ]*)[├└]── (\w+)", line)
        if found:
            depth = len(found[1]) // 4 + 1
            branch[depth:] = [found[2]]
            tree[found[2]] = branch[depth - 1]
    return tree


def test_the_tree_is_as_drawn() -> None:
    """The drawing at the top of the module is the inheritance, with every public error in it."""
    real = {name: getattr(errors, name).__bases__[0].__name__ for name in errors.__all__}
    assert real.pop("ImpactiveError") == "Exception"
    assert drawn() == real


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    "twin", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"]
)
def test_an_error_travels_whole(error: errors.ImpactiveError, twin: Callable[[Any], Any]) -> None:
    """Pickled (as by a process pool) or copied, an error keeps class, text and every attribute, notes included."""
    error.add_note("seen by worker 3")
    other = twin(error)
    assert type(other) is type(error)
    assert vars(other) == vars(error)
    assert other.__notes__[0] == "seen by worker 3"
    assert (other.args, str(other), repr(other)) == (error.args, str(error), repr(error))


def test_every_argument_becomes_an_attribute() -> None:
    """What an error is made with can be asked of it."""
    for error in EVERY:
        if type(error).__init__ is not Exception.__init__:
            names = set(inspect.signature(type(error)).parameters) - {"message", "request_path"}
            assert names <= set(vars(error))
    status = next(error for error in EVERY if type(error) is errors.APIStatusError)
    assert {name: getattr(status, name) for name in STATUS} == STATUS


def test_the_path_is_the_requests_on_every_api_error() -> None:
    """`.path` means the same on each class; the path into a document has a name of its own."""
    failed = [error for error in EVERY if isinstance(error, errors.APIError)]
    assert len(failed) == 13
    assert {error.path for error in failed} == {"/x/1"}
    assert [error.json_path for error in failed if isinstance(error, errors.DecodeError)] == ["$[0].id"]


def test_the_names_of_0_1_still_work_with_a_warning() -> None:
    """`request_path` is `path`; a path into a document that is passed as `path=` becomes `json_path`."""
    with pytest.warns(DeprecationWarning, match="`request_path=` of an APIError is called `path=`") as warned:
        error = errors.APIError("m", request_path="/x/1")
    assert error.path == "/x/1"
    with pytest.warns(DeprecationWarning, match="`request_path` of an APIError is called `path`.*in 0.3"):
        assert error.request_path == "/x/1"
    assert warned[0].filename == __file__
    for cls in (errors.APIConnectionError, errors.APITimeoutError):
        with pytest.warns(DeprecationWarning, match="request_path="):
            assert cls("m", request_path="/x/1").path == "/x/1"
    with pytest.warns(DeprecationWarning, match="is called `(json_)?path=`") as both:
        unread = errors.DecodeError("m", request_path="/x/1", path="$[0].id")
    assert (unread.path, unread.json_path, len(both)) == ("/x/1", "$[0].id", 2)


PICKLED_BY_0_1 = {
    "DecodeError": ""
    "gASVzgAAAAAAAACMFmltcGFjdGl2ZV9hc3luYy5lcnJvcnOUjAhfcmVidWlsZJSTlGgAjAtEZWNvZGVFcnJvcpSTlIwBbZSFlH2U"
    "KIwHbWVzc2FnZZRoBYwGbWV0aG9klIwEUE9TVJSMDHJlcXVlc3RfcGF0aJSMBC94LzGUjAhhdHRlbXB0c5RLA4wPb3V0Y29tZV91"
    "bmtub3dulIiMBHBhdGiUjAckWzBdLmlklIwHc25pcHBldJSMAnt9lIwKcmVxdWVzdF9pZJSMBXJlcV83lHWHlFKULg==",
    "APITimeoutError": ""
    "gASVrQAAAAAAAACMFmltcGFjdGl2ZV9hc3luYy5lcnJvcnOUjAhfcmVidWlsZJSTlGgAjA9BUElUaW1lb3V0RXJyb3KUk5SMAW2U"
    "hZR9lCiMB21lc3NhZ2WUaAWMBm1ldGhvZJSMBFBPU1SUjAxyZXF1ZXN0X3BhdGiUjAQveC8xlIwIYXR0ZW1wdHOUSwOMD291dGNv"
    "bWVfdW5rbm93bpSIjAxyZXF1ZXN0X3NlbnSUiXWHlFKULg==",
    "NotFoundError": ""
    "gASV+gAAAAAAAACMFmltcGFjdGl2ZV9hc3luYy5lcnJvcnOUjAhfcmVidWlsZJSTlGgAjA1Ob3RGb3VuZEVycm9ylJOUjAFtlIWU"
    "fZQojAdtZXNzYWdllGgFjAZtZXRob2SUjARQT1NUlIwMcmVxdWVzdF9wYXRolIwEL3gvMZSMCGF0dGVtcHRzlEsDjA9vdXRjb21l"
    "X3Vua25vd26UiIwGc3RhdHVzlE2UAYwEcGF0aJRoDIwEYm9keZSMAWKUjAdoZWFkZXJzlH2UjANYLUGUjAExlHOMCnJlcXVlc3Rf"
    "aWSUjAFylIwLcmV0cnlfYWZ0ZXKURz/4AAAAAAAAdYeUUpQu",
}


@pytest.mark.parametrize("name", PICKLED_BY_0_1)
def test_an_error_that_0_1_pickled_is_read_under_the_present_names(name: str) -> None:
    """A queue of failed jobs outlives an upgrade: every attribute arrives, none under two names."""
    error = pickle.loads(base64.b64decode(PICKLED_BY_0_1[name]))
    cls = getattr(errors, name)
    given = {**STATUS, "status": 404, "body": "b", "request_id": "r"} if name == "NotFoundError" else COMMON
    if name == "DecodeError":
        given = {**COMMON, "json_path": "$[0].id", "snippet": "{}", "request_id": "req_7"}
    if name == "APITimeoutError":
        given = {**COMMON, "request_sent": False}
    assert type(error) is cls
    assert vars(error) == vars(cls("m", **{**given, "path": "/x/1"}))


def test_the_text_says_what_happened_and_what_is_known() -> None:
    """Request, what happened, number of attempts, a warning if it may have happened all the same, request id."""
    error = errors.ServerError("It failed.", **STATUS)
    assert str(error) == (
        "POST /x/1: It failed. (after 3 attempts) The server may or may not have carried this write out: "
        "look before you repeat it. [request req_7]"
    )
    assert repr(error) == f"ServerError({str(error)!r})"
    assert str(errors.APIError("It failed.")) == "It failed."


def test_neither_body_nor_headers_are_in_the_text() -> None:
    """A whole body is on the error, not in its text."""
    error = errors.BadRequestError("no", status=400, body="secret body", headers={"X-A": "secret header"})
    assert "secret" not in str(error) + repr(error) + repr(error.args)


def test_a_key_in_a_message_or_snippet_is_blotted_out() -> None:
    """Whoever composes a message from what a server sent need not think of it."""
    error = errors.DecodeError(f"got {KEY}!", snippet=f"{{'k': '{KEY}'}}")
    assert error.message == "got icrm_…!"
    assert error.snippet == "{'k': 'icrm_…'}"
    assert KEY not in repr((error, error.args, vars(error)))


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        KEY + KEY,
        f"{KEY}_{KEY}",
        KEY.upper(),
        KEY.replace("_", "%5F"),
        KEY.replace("_", "%5f") + KEY,
        KEY + KEY.replace("_", "%5F"),
        KEY.replace("_", "\\u005f"),
        KEY.replace("_", "\\\\u005F"),
    ],
)
def test_nothing_of_a_key_is_left(text: str) -> None:
    """Also of keys without a gap, or with their underscore escaped; redacting twice is redacting once."""
    assert errors.redact(f"<{text}>") == "<icrm_…>"
    assert errors.redact("<icrm_…> icrm_") == "<icrm_…> icrm_"


def test_settling_records_attempts_and_outcome() -> None:
    """What only the retry loop knows is recorded on the error itself."""
    error = errors.APITimeoutError("late")
    assert error.settle(attempts=2, outcome_unknown=True) is error
    assert (error.attempts, error.outcome_unknown, error.request_sent) == (2, True, True)


def test_headers_are_the_errors_own() -> None:
    """Changing the mapping that an error was made from does not change the error."""
    headers = {"X-A": "1"}
    error = errors.APIStatusError("no", status=400, headers=headers)
    headers["X-A"] = "2"
    assert error.headers == {"X-A": "1"}


@pytest.mark.parametrize(
    ("after", "before", "words"),
    [
        (datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC), ("2026-05-01", "2026-05-02")),
        (None, None, ("the beginning", "now")),
    ],
)
def test_a_gap_is_told_in_words(after: datetime | None, before: datetime | None, words: tuple[str, str]) -> None:
    """A gap's error names feed, kind, both ends, and what to do."""
    text = str(errors.FeedGapError(Gap("zapier/deals", "overflow", after, before)))
    for word in ("zapier/deals", "overflow", "on_gap='continue'", *words):
        assert word in text


def test_catching_the_root_catches_everything() -> None:
    """One `except ImpactiveError` is enough for whatever the package raises on its own account."""
    assert all(isinstance(error, errors.ImpactiveError) for error in EVERY)
    system: list[type] = [type(error) for error in EVERY if isinstance(error, ValueError | OSError)]
    # A `TimeoutError`, as of `asyncio.timeout`, and the `ValueError` that 0.1 raised.
    assert system == [errors.APITimeoutError, errors.InvalidArgumentError]
