"""Who may read a port, and who may act."""

from __future__ import annotations

import pytest

from impactive_async.operations.access import SIGNED_IN, HostNames, Sessions

TOKEN = "correct horse battery"


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:9464", True),
        ("localhost:9464", True),
        ("LOCALHOST", True),
        ("worker.localhost:9464", True),
        ("[::1]:9464", True),
        ("10.1.2.3:9464", True),  # whoever has a page there has that address, and not ours
        ("ops.example.com", True),
        ("ops.example.com.", True),
        ("evil.example:9464", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example@127.0.0.1", True),
        ("127.0.0.1@evil.example", False),
        ("[::1", False),
        ("", False),
        (None, False),
    ],
)
def test_a_name_that_resolves_to_this_machine_is_not_enough(host: str | None, known: bool) -> None:
    """Only addresses, localhost, and what the operator told."""
    assert HostNames({"ops.example.com"}).know(host) is known


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ({"Host": "127.0.0.1:1", "Origin": "http://127.0.0.1:1"}, True),
        ({"Host": "127.0.0.1:1", "Origin": "http://127.0.0.1:2"}, False),
        ({"Host": "127.0.0.1:1", "Origin": "http://evil.example"}, False),
        ({"Host": "127.0.0.1:1", "Origin": "null"}, False),
        ({"Host": "127.0.0.1:1", "Origin": ""}, False),
        ({"Host": "127.0.0.1:1", "Origin": "http://[::1"}, False),
        ({"Host": "127.0.0.1:1"}, True),
        ({"Host": "127.0.0.1:1", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Host": "127.0.0.1:1", "Sec-Fetch-Site": "same-site"}, False),
        ({"Host": "127.0.0.1:1", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Host": "worker:9464", "Origin": "https://ops.example.com"}, True),
    ],
)
def test_pages_of_other_origins_may_not_act(headers: dict[str, str], may: bool) -> None:
    """A proxy that the operator told of may have another name than it asks by."""
    assert HostNames({"ops.example.com"}).may_act(headers) is may


def test_a_cookie_is_good_for_a_while() -> None:
    """It is given for the token alone, and none can be made from another."""
    time = [1_000_000.0]
    sessions = Sessions(TOKEN, lambda: time[0])
    assert sessions.begin("wrong") is None
    assert sessions.begin("") is None
    cookie = sessions.begin(TOKEN)
    assert cookie is not None
    assert cookie != sessions.begin(TOKEN)
    assert sessions.is_good(cookie)
    later = f"9{cookie}"
    for other in (None, "", ".", later, cookie[:-1], Sessions(TOKEN).begin(TOKEN)):
        assert not sessions.is_good(other)
    time[0] += SIGNED_IN + 1
    assert not sessions.is_good(cookie)


def test_the_key_of_a_form_belongs_to_one_cookie() -> None:
    """And is not the cookie's own signature."""
    sessions = Sessions(TOKEN)
    cookie, other = sessions.begin(TOKEN), sessions.begin(TOKEN)
    assert cookie
    assert other
    key = sessions.form_key(cookie)
    assert sessions.is_form_key(cookie, key)
    assert not sessions.is_form_key(other, key)
    assert not sessions.is_form_key(cookie, "")
    assert key not in cookie


def test_the_token_is_never_shown() -> None:
    """In no text of an object that holds it."""
    assert TOKEN not in repr(Sessions(TOKEN))
