"""What an answer means: data, or the error that its status stands for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from multidict import CIMultiDict

from impactive_async import errors
from impactive_async._codec.bodies import json_of
from impactive_async._codec.json_bytes import dumps
from impactive_async._codec.lists import rows_of
from impactive_async._codec.shapes import many_exactly
from impactive_async._http.decipher import BODY_KEPT, decipher, http_date, request_id_of, retry_after
from impactive_async._http.wire import Request, Response, build_custom_request, build_request, delete, get
from impactive_async.models import Contact
from tests.support import KEY

REQUEST = build_request(get("/api/agent/contacts/:id/replies"), ("con_1",), query={"limit": "1"})
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def response(status: int, body: bytes = b"", **headers: str) -> Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, CIMultiDict(names), body)


def plain(request: Request, answer: Response) -> Any:
    """The JSON itself."""
    return decipher(request, answer, json_of)


def error_of(answer: Response) -> errors.APIStatusError:
    with pytest.raises(errors.APIStatusError) as caught:
        plain(REQUEST, answer)
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 202, 206, 299])
def test_any_success_is_its_json(status: int) -> None:
    """Every 2xx with a JSON body is the body's value, and its byte order mark is no part of it."""
    assert plain(REQUEST, response(status, b'\xef\xbb\xbf{"a": [1, null]}')) == {"a": [1, None]}


@pytest.mark.parametrize("status", [200, 204])
@pytest.mark.parametrize("body", [b"", b" ", b"\r\n\t "])
def test_an_empty_success_is_none(status: int, body: bytes) -> None:
    """An empty body, or one of white space, is `None`, whatever the status says it should be (A4)."""
    assert plain(REQUEST, response(status, body)) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (429, errors.RateLimitError),
        (500, errors.ServerError),
        (502, errors.ServerError),
        (524, errors.ServerError),
        (302, errors.APIStatusError),
        (405, errors.APIStatusError),
        (418, errors.APIStatusError),
    ],
)
def test_a_status_has_its_class(status: int, kind: type[errors.APIStatusError]) -> None:
    """Each status of the table is its own class, any other an `APIStatusError`, and the path has no query."""
    error = error_of(response(status, b'{"error": "why"}'))
    assert type(error) is kind
    assert (error.status, error.method, error.path) == (status, "GET", "/api/agent/contacts/con_1/replies")
    assert str(error).startswith(f"GET /api/agent/contacts/con_1/replies: HTTP {status}. ")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": "no such tag"}', "The server says: 'no such tag'"),
        (b'{"message": "no such tag"}', "The server says: 'no such tag'"),
        (b'{"error": {"code": 7}, "message": "no such tag"}', "The server says: 'no such tag'"),
        (b"no such tag", "The server says: 'no such tag'"),
        (b"\xff\xfeno", "The server says: '\ufffd\ufffdno'"),
        (b"   ", ""),
        (b"", ""),
        (b'{"error": "Bad Request", "message": "no such tag"}', "The server says: 'Bad Request: no such tag'"),
        (b'{"error": "no such tag", "message": "no such tag"}', "The server says: 'no such tag'"),
        (b'{"error": {"message": "no such tag"}}', "The server says: 'no such tag'"),
        (b'{"error": {"code": 7, "message": "no"}, "message": "tag"}', "The server says: 'no: tag'"),
        (b'{"errors": ["no such tag"]}', "The server says: 'no such tag'"),
        (b'{"errors": [{"status": "400", "detail": "no such tag"}]}', "The server says: 'no such tag'"),
        (
            b'{"type": "about:blank", "title": "Bad", "detail": "no such tag"}',
            "The server says: 'Bad: no such tag'",
        ),
        (b'{"detail": [{"loc": ["body"], "msg": "no such tag"}]}', "The server says: 'no such tag'"),
        (b'{"errors": {"tagIds": ["no such tag"]}}', "The server says: 'tagIds: no such tag'"),
        (b'{"error": {"issues": [{"message": "no such tag"}]}}', "The server says: 'no such tag'"),
        (b'{"errors": [], "error": {}}', """The server says: '{"errors": [], "error": {}}'"""),
        (b'["no such tag"]', """The server says: '["no such tag"]'"""),
        (b'{"code": 7}', """The server says: '{"code": 7}'"""),
        (b'{"error": ""}', ""),
    ],
)
def test_the_servers_own_words_are_passed_on(body: bytes, said: str) -> None:
    """An error's message ends with what the server said, in a documented form or as it stands (A5)."""
    message = error_of(response(400, body)).message
    assert message.endswith(said or "of this workspace.")


def test_an_html_page_is_named_as_one_and_kept() -> None:
    """A proxy's error page does not flood the message, and hints at a wrong host."""
    page = b"<html>" + b"x" * 10_000
    error = error_of(response(502, page, Content_Type="text/html; charset=utf-8"))
    assert "is base_url the host of the API?" in str(error)
    assert "<html>" not in str(error)
    assert error.body == page[:BODY_KEPT].decode()


def test_a_redirect_names_its_target() -> None:
    """A 3xx is an error that says where it points and what to change."""
    error = error_of(response(301, Location="https://crm.example/api"))
    assert "redirects to https://crm.example/api" in str(error)
    assert "base_url" in str(error)


@pytest.mark.parametrize("status", [300, 304, 399])
def test_a_redirect_without_a_target_says_so(status: int) -> None:
    """A 3xx that points nowhere is not said to point somewhere."""
    message = error_of(response(status)).message
    assert "leads nowhere" in message
    assert "redirects to" not in message


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (REQUEST, "no such id in this workspace."),
        (build_request(get("/api/agent/contacts")), "is base_url the host of the API?"),
        (
            build_custom_request("GET", "/api/x", None, None, repeatable=False),
            "no such address on this server, or no",
        ),
    ],
    ids=["with an id", "without", "custom"],
)
def test_a_404_says_what_was_not_found(request_: Request, words: str) -> None:
    """Only a path with an id in it can lack the id; any other is there, or this is not the API."""
    with pytest.raises(errors.NotFoundError) as caught:
        plain(request_, response(404))
    assert words in caught.value.message
    assert ("no such id" in caught.value.message) is (":id" in request_.template or "custom" in request_.template)


@pytest.mark.parametrize(("value", "said"), [("999", "asks to wait 999 s"), ("0.2", "asks to wait 1 s")])
def test_the_wait_that_the_server_asks_for_is_said(value: str, said: str) -> None:
    """Whoever gives up on a 429 reads for how long."""
    assert said in error_of(response(429, Retry_After=value)).message
    assert "asks to wait" not in error_of(response(429)).message


def test_what_helps_support_is_kept() -> None:
    """Headers, request id and body travel with the error; the request id shows in its text."""
    error = error_of(response(500, b'{"error": "boom"}', x_request_id="req_7", X_Other="1"))
    assert (error.request_id, error.body) == ("req_7", '{"error": "boom"}')
    assert error.headers["X-Other"] == "1"
    assert str(error).endswith("[request req_7]")
    assert error_of(response(500, cf_ray="ray-1")).request_id == "ray-1"
    assert error_of(response(500)).request_id is None
    assert request_id_of(CIMultiDict({"X-Request-ID": f"r {KEY}"})) == "r icrm_…"


def test_an_echoed_key_is_blotted_out_everywhere() -> None:
    """A server that echoes the key in body, headers or request id does not bring it into the error."""
    headers = {"x_request_id": KEY, "X_Echo": f"key={KEY}", "Location": f"https://evil.example/?k={KEY}"}
    for status in (302, 400, 500):
        error = error_of(response(status, f'{{"error": "bad key {KEY}"}}'.encode(), **headers))
        assert KEY not in repr((str(error), error.args, vars(error)))
        assert "icrm_…" in error.body


@pytest.mark.parametrize("body", [b"{", b"<html></html>", b"\xff", b"nul", b'{"a": NaN}', b"[1, 2", b"1 2"])
def test_a_success_that_is_not_json_is_a_decode_error(body: bytes) -> None:
    """The error names endpoint, size and type, and shows the beginning."""
    with pytest.raises(errors.DecodeError, match=rf"{len(body)} bytes of text/plain\) is not JSON") as caught:
        plain(REQUEST, response(200, body, Content_Type="text/plain"))
    assert (caught.value.method, caught.value.path) == ("GET", "/api/agent/contacts/con_1/replies")
    assert caught.value.snippet


def test_a_success_that_is_not_json_names_its_request() -> None:
    """What to quote to support is on every error that an answer came with."""
    with pytest.raises(errors.DecodeError, match=r"\[request req_7\]$") as caught:
        plain(REQUEST, response(200, b"{", x_request_id="req_7"))
    assert caught.value.request_id == "req_7"


@pytest.mark.parametrize("body", [b"OK", b"<p>", b"", b"{}"])
def test_the_answer_to_a_delete_is_not_read(body: bytes) -> None:
    """That it is a success is all there is to know: its body cannot make it an error (A4)."""
    assert plain(build_request(delete("/x/:id"), ("7",)), response(200, body)) is None


def test_a_success_that_is_html_hints_at_the_host() -> None:
    """A 200 with a web page usually means a wrong base_url; a key in it is blotted out."""
    page = f"<html>{KEY}</html>".encode()
    with pytest.raises(errors.DecodeError, match="Is base_url the host of the API") as caught:
        plain(REQUEST, response(200, page, Content_Type=f"text/html; k={KEY}"))
    assert KEY not in repr((str(caught.value), vars(caught.value)))


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ([], []),
        ([1], [1]),
        ({"contacts": [1], "total": 1}, [1]),
        ({"data": []}, []),
        ({"data": [], "error": None}, []),
        ({"people": [1], "errors": [], "warnings": ["slow"]}, [1]),
    ],
)
def test_rows_are_a_bare_array_or_the_only_one_of_an_object(data: Any, rows: list[Any]) -> None:
    """Both envelopes are read alike (A2)."""
    assert rows_of(data) == rows


@pytest.mark.parametrize(
    "data", [None, {}, {"a": [1], "b": [2]}, {"a": {"rows": [1]}}, {"errors": []}, "rows", 7, True]
)
def test_rows_that_are_not_to_be_found_are_an_error(data: Any) -> None:
    """No array, or more than one, is never taken for an empty list."""
    with pytest.raises(errors.DecodeError, match="no list of rows found"):
        rows_of(data)


@pytest.mark.parametrize(
    "data", [{"error": "no", "rows": []}, {"errors": ["no"]}, {"errors": {"a": 1}, "rows": [1]}]
)
def test_an_object_that_speaks_of_an_error_is_no_list(data: Any) -> None:
    """What went wrong is not an empty list, nor are its reasons rows."""
    with pytest.raises(errors.DecodeError, match="the server refused"):
        rows_of(data)


def test_a_deep_or_large_document_is_shown_in_brief() -> None:
    """Neither depth nor size of a wrong answer makes its error another error, or a long one."""
    for wrong in (b'{"a":' + b"[" * 900 + b"]" * 900 + b',"b":[]}', b'{"a":[' + b"1," * 10**5 + b'1],"b":[]}'):
        with pytest.raises(errors.DecodeError) as caught:
            rows_of(plain(REQUEST, response(200, wrong)))
        assert len(caught.value.snippet) <= 80
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_batch_is_answered_row_by_row(count: int) -> None:
    """Fewer rows than drafts, or more, is not for a caller to find out by counting."""
    body = dumps([{"id": "1", "firstName": "A", "lastName": "B"}] * 2)
    assert [row.id for row in many_exactly(Contact, 2)(body)] == ["1", "1"]
    with pytest.raises(errors.DecodeError, match=f"{count} drafts were sent, and 2 rows came back"):
        many_exactly(Contact, count)(body)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (" 7 ", 7.0),
        ("-3", 0.0),
        ("Fri, 01 May 2026 12:00:30 GMT", 30.0),
        ("Fri, 01 May 2026 11:59:00 GMT", 0.0),
        ("Friday, 01-May-26 12:00:30 GMT", 30.0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("1_0", None),
        ("1e3", None),
        ("+7", None),
        ("٣", None),
        ("9" * 400, None),
        ("Fri, 01 May 2026 12:00:3٣ GMT", None),
        ("Fri, 99 May 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_in_all_its_forms(value: str, seconds: float | None) -> None:
    """Seconds are seconds, a date counts from now, the past is now, and the unreadable is as if absent (A12)."""
    assert retry_after(CIMultiDict({"retry-after": value}), NOON) == seconds


def test_a_retry_after_date_counts_from_the_answers_own_date() -> None:
    """The local clock may be wrong by hours: only the server's own `Date` goes with its date."""
    headers = CIMultiDict(
        {"Retry-After": "Fri, 01 May 2026 12:00:30 GMT", "Date": "Fri, 01 May 2026 12:00:10 GMT"}
    )
    assert retry_after(headers, datetime(2030, 1, 1, tzinfo=UTC)) == 20.0
    assert retry_after(CIMultiDict()) is None


def test_a_retry_after_date_without_a_date_counts_from_the_local_clock() -> None:
    """Without a readable `Date` the present moment stands in: a date long past means now."""
    past = CIMultiDict({"Retry-After": "Fri, 01 May 1992 12:00:30 GMT", "Date": "today"})
    assert retry_after(past) == 0.0


def test_http_dates_are_aware() -> None:
    """A date is an aware datetime, even where its zone is unknown; what is none is `None`."""
    assert http_date("Fri, 01 May 2026 12:00:00 GMT") == NOON
    assert http_date("Fri, 01 May 2026 12:00:00 -0000") == NOON
    assert http_date("Friday, 01-May-26 12:00:00 GMT") == NOON
    assert http_date("yesterday") is None
    assert http_date("Fri, 01 Mai 2026 12:00:00 GMT") is None
    assert http_date("Fri, 31 Feb 2026 12:00:00 GMT") is None
