"""What a client is set up with, checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from multidict import CIMultiDict

from impactive_async import ConfigurationError
from impactive_async._http.settings import Credentials, check_base_url, check_headers, check_key
from tests.support import KEY

OTHER = "icrm_" + "f" * 32


@pytest.mark.parametrize("source", [None, ""])
def test_a_missing_key_says_where_to_get_one(source: str | None) -> None:
    """Without a key the error names the variable, the argument, the place in the app, and the sandbox."""
    with pytest.raises(ConfigurationError) as caught:
        Credentials(source)
    for hint in ("IMPACTIVE_API_KEY", "api_key=", "Workspace Settings → Integrations → API Keys", "sandbox"):
        assert hint in str(caught.value)


@pytest.mark.parametrize(
    "key",
    [KEY[:-1], KEY + "0", KEY.replace("icrm_", "sk_"), "icrm_" + "g" * 32, KEY + "\r\nX: y", "ICRM_" + "0" * 32],
)
def test_an_ill_formed_key_is_refused_and_not_shown(key: str) -> None:
    """The error says what a key looks like and how long this one is, but never the key."""
    with pytest.raises(ConfigurationError, match=f"this one has {len(key)} characters") as caught:
        check_key(key)
    assert key[5:12] not in repr(caught.value)


@pytest.mark.parametrize("key", [7, b"icrm_" + b"0" * 32, ["k"], None])
def test_a_key_that_is_no_string_is_refused(key: object) -> None:
    """Bytes and other things are named by their type alone."""
    with pytest.raises(ConfigurationError, match=f"is a {type(key).__name__}, not a string") as caught:
        check_key(key)
    assert "0000" not in str(caught.value)


@pytest.mark.parametrize("quote", ['"', "'", "`", "\u201c"])
def test_quotes_that_came_along_are_called_by_name(quote: str) -> None:
    """Some readers of `.env` files keep them: neither the length of the key nor the scheme of the URL is wrong."""
    with pytest.raises(ConfigurationError, match=r"API key is in quotes: .* IMPACTIVE_API_KEY") as caught:
        check_key(f" {quote}{KEY}{quote}\n")
    assert KEY[5:12] not in repr(caught.value)
    with pytest.raises(ConfigurationError, match=r"^base_url is in quotes: .* IMPACTIVE_BASE_URL"):
        check_base_url(f"{quote}https://app.impactiveai.com{quote}", allow_insecure_http=False)


async def test_white_space_around_a_key_is_forgiven() -> None:
    """A key read from a file ends in a newline more often than not."""
    assert await Credentials(f" {KEY}\n").key(timeout=1) == KEY


async def _asked() -> str:
    return KEY


@pytest.mark.parametrize("source", [KEY, lambda: KEY, _asked, lambda: _asked()])
async def test_a_key_or_whatever_returns_one(source: Any) -> None:
    """A string, a callable, a coroutine function, and a callable that returns an awaitable are all the same."""
    assert await Credentials(source).key(timeout=1) == KEY


async def test_a_source_is_asked_each_time() -> None:
    """A rotated key is used from the next attempt on."""
    keys = [KEY, OTHER, OTHER, f"{KEY}\n"]
    credentials = Credentials(lambda: keys.pop(0))
    assert [await credentials.key(timeout=1) for _ in range(4)] == [KEY, OTHER, OTHER, KEY]


@pytest.mark.parametrize("answer", [None, "", "nonsense", 7])
async def test_a_source_that_returns_no_key_is_named(answer: Any) -> None:
    """What a source returns is checked like a key given outright, each time."""
    keys = [KEY, answer]
    credentials = Credentials(lambda: keys.pop(0))
    await credentials.key(timeout=1)
    with pytest.raises(ConfigurationError, match="The API key is"):
        await credentials.key(timeout=1)


@pytest.mark.parametrize("source", [KEY, lambda: KEY])
def test_credentials_do_not_show_the_key(source: str | Callable[[], str] | Callable[[], Awaitable[str]]) -> None:
    """A `repr` in a log or a debugger is safe."""
    assert KEY[5:] not in repr(Credentials(source))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://app.impactiveai.com", "https://app.impactiveai.com"),
        ("https://crm.example/", "https://crm.example"),
        ("https://crm.example:8443/crm/v2//", "https://crm.example:8443/crm/v2"),
        (" https://crm.example\n", "https://crm.example"),
        ("HTTPS://CRM.example", "https://crm.example"),
        ("https://crm.exämple/a b", "https://crm.xn--exmple-cua/a%20b"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://crm.localhost", "http://crm.localhost"),
        ("https://my_crm.example.", "https://my_crm.example."),
        ("https://" + "a" * 63 + ".example", "https://" + "a" * 63 + ".example"),
        ("https://[fe80::1%25eth0]", "https://[fe80::1%25eth0]"),
        ("https://10.0.0.7:65535", "https://10.0.0.7:65535"),
    ],
)
def test_base_urls_that_will_do(given: str, kept: str) -> None:
    """Https to any host, with a port and a path; plain http to this machine alone."""
    assert check_base_url(given, allow_insecure_http=False) == kept


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ("https://app.impactiveai.com/api", "https://app.impactiveai.com"),
        ("https://app.impactiveai.com/api/agent/", "https://app.impactiveai.com"),
        ("https://app.impactiveai.com/settings/keys", "https://app.impactiveai.com"),
        ("https://crm.example/api/zapier/deals", "https://crm.example"),
        ("https://crm.example:8443/crm/v2/API", "https://crm.example:8443/crm/v2"),
        ("http://127.0.0.1:8080/api/agent/contacts", "http://127.0.0.1:8080"),
    ],
)
def test_a_base_url_that_goes_too_far_is_refused(given: str, right: str) -> None:
    """The API's own paths are not part of it: the error names the URL that was meant, which is accepted."""
    with pytest.raises(ConfigurationError, match=f"use {re.escape(right)}\\.$"):
        check_base_url(given, allow_insecure_http=False)
    assert check_base_url(right, allow_insecure_http=False) == right


@pytest.mark.parametrize(
    "url", ["https://crm.example/api/crm", "https://crm.example/apis", "https://crm.example/rapi"]
)
def test_a_prefix_that_only_looks_like_the_api_is_kept(url: str) -> None:
    """A gateway may serve the API below any path."""
    assert check_base_url(url, allow_insecure_http=False) == url


@pytest.mark.parametrize(
    "url",
    ["http://crm.example", "http://10.0.0.7", "http://0.0.0.0", "http://localhost.evil.example", "http://[::2]"],
)
def test_plain_http_to_another_machine_is_refused(url: str) -> None:
    """The key would travel in the clear; one argument says that this is meant."""
    with pytest.raises(ConfigurationError, match="travel in the clear") as caught:
        check_base_url(url, allow_insecure_http=False)
    assert "allow_insecure_http=True" in caught.value.__notes__[0]  # beside the text: the command line has no such
    assert check_base_url(url, allow_insecure_http=True) == url


@pytest.mark.parametrize(
    "url",
    ["", "crm.example", "/api", "ftp://crm.example", "https://", "https:///x", "https://h:port", "file:///etc"],
)
def test_what_is_no_base_url_is_refused(url: str) -> None:
    """It takes http(s) and a host; the error shows what one looks like."""
    with pytest.raises(ConfigurationError, match="base_url"):
        check_base_url(url, allow_insecure_http=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://a..b.example",
        "https://.example",
        "https://.",
        "https://" + "a" * 64 + ".example",
        "https://" + "ä" * 60 + ".example",
        "https://" + ".".join(["a" * 60] * 5),
        "https://x y",
        "https://exa%6dple.com",
        "https://a%00b",
        "https://xn--",
        "https://[1.2.3.4]",
        "https://[::1::2]",
        "https://crm.example:0",
        "https://crm.example:65536",
    ],
    ids=lambda url: url[:30],
)
def test_a_host_that_cannot_be_is_refused(url: str) -> None:
    """What no connection could be made to is found when the client is made, not at its first call."""
    with pytest.raises(ConfigurationError, match="base_url is not a URL") as caught:
        check_base_url(url, allow_insecure_http=True)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("url", [None, 7, b"https://crm.example"])
def test_a_base_url_is_a_string(url: Any) -> None:
    """Another type is a clear error and no traceback out of a library."""
    with pytest.raises(ConfigurationError, match=f"base_url is a string, not {type(url).__name__}"):
        check_base_url(url, allow_insecure_http=False)


@pytest.mark.parametrize(
    "url", ["https://u:secret@h", "https://u@h", "https://:secret@h", "https://h?a=secret", "https://h#secret"]
)
def test_a_base_url_holds_no_secrets(url: str) -> None:
    """User, password, query and fragment would be sent with, or lost from, every request; they are not shown."""
    with pytest.raises(ConfigurationError, match="scheme, host, port and path only") as caught:
        check_base_url(url, allow_insecure_http=False)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Team": "blue"}, {"user-agent": ""}, {"!#$%&'*+.^_`|~9aZ-": "a\tb ~\xa0é\xff"}, CIMultiDict(A="1")],
)
def test_headers_that_will_do(headers: Mapping[str, str]) -> None:
    """Any token is a name, and any line of visible text a value."""
    assert check_headers(headers) is headers


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ("X-A: 1", "a mapping of names to values, not str"),
        ([("X-A", "1")], "a mapping of names to values, not list"),
        ({7: "1"}, "name is a string, not int"),
        ({b"X-A": "1"}, "name is a string, not bytes"),
        *(
            ({name: "1"}, "not the name of a header")
            for name in ("", "X A", "X:A", "X-Ä", "X\nB", "(A)", "X-A\u0660")
        ),
        *(
            ({"X-A": value}, "not a one-line string")
            for value in ("a\r\nX-B: 2", "a\nb", "\0", "\x7f", "\x9b", "€", 7, None, b"b", "a\u2028b")
        ),
        *(
            ({name: "1"}, "belongs to the connection")
            for name in ("Content-Length", "TRANSFER-ENCODING", "connection", "Expect", "Host", " host ")
        ),
        *(
            ({name: KEY}, "Pass the key as api_key=")
            for name in ("x-api-key", "X-API-Key", " x-api-key", "x-api-key\t")
        ),
    ],
)
def test_headers_that_will_not_do(headers: object, words: str) -> None:
    """What would break, reframe or sign the request otherwise is refused, and the value not shown."""
    with pytest.raises(ConfigurationError, match=words) as caught:
        check_headers(headers)
    assert KEY not in str(caught.value)
