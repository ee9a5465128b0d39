"""Building requests: what stands in path, query and body, and what is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from impactive_async._codec.scalars import read_moment
from impactive_async._http import wire
from impactive_async._http.wire import Repeat, ServerId, build_custom_request, build_request, check_id
from tests.support import KEY

STEP = wire.write("PATCH", "/api/agent/sequences/:id/steps/:stepId")
LIST = wire.get("/api/agent/contacts")


def test_ids_fill_their_places_in_order() -> None:
    """The nth id stands where the nth `:place` of the template is; the template itself is kept for logs."""
    request = build_request(STEP, ("seq_1", "stp-2"))
    assert (request.method, request.path) == ("PATCH", "/api/agent/sequences/seq_1/steps/stp-2")
    assert request.template == "/api/agent/sequences/:id/steps/:stepId"
    assert request.body is None


def test_an_id_is_percent_encoded_and_cannot_open_another_place() -> None:
    """Whatever an id holds stays within its own segment of the path."""
    request = build_request(STEP, (":stepId", "a b?c#d%&é"))
    assert request.path == "/api/agent/sequences/%3AstepId/steps/a%20b%3Fc%23d%25%26%C3%A9"
    assert request.bare_path == request.path


@pytest.mark.parametrize("value", [KEY, KEY + KEY, f"?{KEY}"])
def test_a_key_taken_for_an_id_is_not_shown(value: str) -> None:
    """It is sent, for the server to refuse; what errors name is without it."""
    request = build_request(STEP, (value, value))
    assert KEY not in request.bare_path
    assert request.bare_path.count("icrm_…") == 2
    refusals: list[Callable[[], object]] = [
        lambda: check_id(f"/{value}"),
        lambda: build_custom_request("GET", f"/ {value}", None, None, repeatable=False),
        lambda: build_custom_request("GET", "/x", {"a": [value]}, None, repeatable=False),  # type: ignore[dict-item]
        lambda: read_moment(value, "since"),
    ]
    for refuse in refusals:
        with pytest.raises(ValueError, match="icrm_…") as caught:
            refuse()
        assert KEY[:20] not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        " a",
        "a ",
        "a\n",
        "..",
        ".",
        "a/b",
        "../contacts",
        "a\\b",
        "a\x00b",
        "a\tb",
        "a\x7f",
        "a\x85b",
    ],
)
def test_an_id_that_could_mean_another_resource_is_refused(value: str) -> None:
    """Empty ids, dot segments, white space at an end, slashes and control characters are a `ValueError`."""
    with pytest.raises(ValueError, match="is not an id"):
        check_id(value)


@pytest.mark.parametrize(
    ("value", "encoded"), [("v1.2", "v1.2"), ("a/b", "a%2Fb"), ("../x", "..%2Fx"), (" ?#", "%20%3F%23")]
)
def test_an_id_of_the_server_is_percent_encoded(value: str, encoded: str) -> None:
    """Whatever the server calls its rows, a path can hold it."""
    assert check_id(ServerId(value)) == encoded


@pytest.mark.parametrize(("value", "encoded"), [("v1.2", "v1.2"), ("a b", "a%20b"), ("a?b#%2e", "a%3Fb%23%252e")])
def test_an_id_that_stays_within_its_segment_is_percent_encoded(value: str, encoded: str) -> None:
    """A row's `.id` is a plain string: what cannot mean another resource is taken as it is."""
    assert check_id(value) == encoded


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_an_id_of_the_server_that_would_change_the_path_is_refused(value: str) -> None:
    """No encoding keeps a dot segment or an empty one from changing the path."""
    with pytest.raises(ValueError, match="is not an id"):
        check_id(ServerId(value))


@pytest.mark.parametrize("value", [None, 7, b"abc", ["a"], {"id": "a"}])
def test_an_id_that_is_no_string_is_refused(value: object) -> None:
    """An id is a string: nothing else is turned into one, least of all `None` into "None"."""
    with pytest.raises(ValueError, match=f"not {type(value).__name__}"):
        check_id(value)


def test_an_id_with_a_lone_surrogate_is_refused() -> None:
    """What UTF-8 cannot spell is a `ValueError` like any other malformed id."""
    with pytest.raises(ValueError, match="surrogates"):
        check_id("a\ud800")


def test_a_refused_id_is_not_repeated_at_length() -> None:
    """The message shows no more than 40 characters of a bad id."""
    with pytest.raises(ValueError, match="is not an id") as caught:
        check_id("/" + "x" * 1000)
    assert len(str(caught.value)) < 250


def test_the_query_is_percent_encoded() -> None:
    """A `+` in a timestamp must not arrive as a space, nor a name or value open another parameter."""
    query = {"since": "2026-01-02T03:04:05+02:00", "q&a": "1=2&3"}
    request = build_request(LIST, query=query)
    assert request.path == "/api/agent/contacts?since=2026-01-02T03:04:05%2B02:00&q%26a=1%3D2%263"
    assert request.bare_path == "/api/agent/contacts"


def test_a_body_is_compact_json_in_utf8() -> None:
    """The body is exactly the value's JSON; an empty object is a body too."""
    assert build_request(LIST, body={"a": None, "b": "é"}).body == '{"a":null,"b":"é"}'.encode()
    assert build_request(LIST, body={}).body == b"{}"


def test_a_body_that_json_would_alter_is_refused() -> None:
    """A value that JSON cannot carry is a `ValueError` before any request."""
    with pytest.raises(ValueError, match="JSON"):
        build_request(LIST, body={"a": float("nan")})


@pytest.mark.parametrize(
    ("endpoint", "method", "repeat"),
    [
        (wire.get("/x"), "GET", Repeat.READ),
        (wire.create("/x"), "POST", Repeat.NEVER),
        (wire.write("PATCH", "/x"), "PATCH", Repeat.WRITE),
        (wire.delete("/x"), "DELETE", Repeat.DELETE),
    ],
)
def test_an_endpoint_says_what_repeating_it_does(endpoint: wire.Endpoint, method: str, repeat: Repeat) -> None:
    """A request takes verb and repeatability from its endpoint, and an argument may narrow the latter."""
    assert (build_request(endpoint).method, build_request(endpoint).repeat) == (method, repeat)
    assert build_request(endpoint, repeat=Repeat.NEVER).repeat is Repeat.NEVER


@pytest.mark.parametrize(
    ("method", "repeatable", "repeat"),
    [
        ("GET", False, Repeat.READ),
        ("HEAD", False, Repeat.READ),
        ("GET", True, Repeat.READ),
        ("POST", False, Repeat.NEVER),
        ("PUT", False, Repeat.NEVER),
        ("DELETE", False, Repeat.NEVER),
        ("POST", True, Repeat.WRITE),
        ("DELETE", True, Repeat.WRITE),
    ],
)
def test_a_custom_write_is_repeatable_only_if_its_caller_says_so(
    method: str, repeatable: bool, repeat: Repeat
) -> None:
    """Reads may be repeated; of any other custom request only its caller can know."""
    assert build_custom_request(method, "/api/x", None, None, repeatable=repeatable).repeat is repeat


def test_a_custom_request_is_sent_as_given_and_not_logged_by_path() -> None:
    """The path may hold ids, so the log gets a placeholder."""
    request = build_custom_request("PUT", "/api/x/7%2F8", {"a": "b c"}, [1], repeatable=False)
    assert (request.path, request.body) == ("/api/x/7%2F8?a=b%20c", b"[1]")
    assert request.template == "(custom path)"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "api/x",
        "//evil.example/x",
        "https://evil.example/x",
        "/a b",
        "/a\r\nX: y",
        "/é",
        "/a/../b",
        "/..",
        "/./a",
        "/a/..?b=1",
        "/a#b",
        "@evil.example/",
    ],
)
def test_a_custom_path_cannot_leave_the_host_or_break_the_request(path: str) -> None:
    """Only an absolute, encoded path without dot segments and fragment is one."""
    with pytest.raises(ValueError, match="is not a path"):
        build_custom_request("GET", path, None, None, repeatable=False)


@pytest.mark.parametrize("method", ["get", "", "GET ", "GET\r\n", "G1"])
def test_a_custom_method_is_a_word_in_capitals(method: str) -> None:
    """Anything else could break out of the request line, or be another method to aiohttp than to us."""
    with pytest.raises(ValueError, match="HTTP method"):
        build_custom_request(method, "/x", None, None, repeatable=False)


def test_a_custom_query_comes_from_one_place() -> None:
    """A query both in the path and as params is ambiguous, and refused."""
    assert build_custom_request("GET", "/x?a=1", None, None, repeatable=False).path == "/x?a=1"
    with pytest.raises(ValueError, match="not both"):
        build_custom_request("GET", "/x?a=1", {"b": "2"}, None, repeatable=False)


def test_requests_and_responses_are_values() -> None:
    """Equal requests are equal, and none can be changed under way."""
    one: Any = build_request(LIST)
    assert one == build_request(LIST)
    with pytest.raises(AttributeError):
        one.path = "/elsewhere"
