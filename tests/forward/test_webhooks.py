"""Signatures: ours against those of the specification's own library, and everything that must be refused."""

from __future__ import annotations

import base64
import json
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from impactive_async.errors import ConfigurationError, InvalidArgumentError
from impactive_async.webhooks import (
    TOLERANCE,
    WebhookSecret,
    WebhookVerificationError,
    sign,
    verify,
    webhook_id,
)
from tests.forward.receiver import about

SECRET = WebhookSecret(b"k" * 24)
OTHER = WebhookSecret(b"o" * 64)
EVENT = about(1)
BODY = EVENT.to_json().encode()
NOW = 1_770_000_000.0


def signed(secrets: Any = SECRET, now: float = NOW) -> dict[str, str]:
    return sign(BODY, webhook_id(EVENT.id), secrets, now=now)


def test_the_reference_library_verifies_what_we_sign() -> None:
    """`standardwebhooks` accepts our headers and gives the CloudEvent."""
    headers = sign(BODY, webhook_id(EVENT.id), SECRET)
    assert standardwebhooks.Webhook(SECRET.reveal()).verify(BODY, headers) == json.loads(BODY)


def test_we_verify_what_the_reference_library_signs() -> None:
    """The other way round, with the header names in any case and in aiohttp's own mapping."""
    moment = datetime.fromtimestamp(NOW, UTC)
    signature = standardwebhooks.Webhook(SECRET.reveal()).sign("msg_1", moment, BODY.decode())
    headers = CIMultiDict(
        {"Webhook-Id": "msg_1", "WEBHOOK-TIMESTAMP": str(int(NOW)), "Webhook-Signature": signature}
    )
    for form in (headers, CIMultiDictProxy(headers), dict(headers)):
        assert verify(BODY, form, SECRET.reveal(), now=NOW) == EVENT


@pytest.mark.parametrize("secret", [SECRET, OTHER], ids=["old", "new"])
def test_two_signatures_while_a_secret_is_changed(secret: WebhookSecret) -> None:
    """A receiver that has either of two secrets accepts, by our verification and by the library's."""
    both = sign(BODY, webhook_id(EVENT.id), [OTHER, SECRET])
    assert len(both["webhook-signature"].split()) == 2
    assert verify(BODY, both, secret) == EVENT
    assert standardwebhooks.Webhook(secret.reveal()).verify(BODY, both)
    assert verify(BODY, signed(SECRET), [OTHER, SECRET], now=NOW) == EVENT


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"webhook-id": "msg_2"}, "fits no secret"),
        ({"webhook-timestamp": str(int(NOW) + 1)}, "fits no secret"),
        ({"webhook-signature": "v1,AAAA"}, "fits no secret"),
        ({"webhook-signature": "v1,\udcff é"}, "fits no secret"),
        ({"webhook-signature": "v1a," + signed()["webhook-signature"][3:]}, "fits no secret"),
        ({"webhook-signature": ""}, "lacks webhook-signature"),
        ({"webhook-timestamp": "soon"}, "no number of seconds"),
        ({"webhook-timestamp": "-1"}, "no number of seconds"),
        ({"webhook-timestamp": f"{NOW}"}, "no number of seconds"),
        ({"webhook-timestamp": f" {NOW:.0f}"}, "no number of seconds"),
        ({"webhook-timestamp": "٣"}, "no number of seconds"),
        ({"webhook-timestamp": "9" * 400}, "no number of seconds"),
    ],
)
def test_a_message_that_was_changed_is_refused(change: dict[str, str], match: str) -> None:
    """Each header counts, and none can be left out."""
    with pytest.raises(WebhookVerificationError, match=match):
        verify(BODY, signed() | change, SECRET, now=NOW)


@given(place=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_a_body_of_which_a_bit_was_changed_is_refused(place: int, bit: int) -> None:
    """Wherever it is."""
    changed = bytearray(BODY)
    changed[place] ^= 1 << bit
    with pytest.raises(WebhookVerificationError, match="fits no secret"):
        verify(bytes(changed), signed(), SECRET, now=NOW)


def test_another_secret_is_refused() -> None:
    """Whoever does not know the secret signs nothing."""
    with pytest.raises(WebhookVerificationError, match="fits no secret"):
        verify(BODY, signed(OTHER), SECRET, now=NOW)


def test_a_body_may_be_text() -> None:
    """Frameworks give either; a text that no bytes give is refused like any other."""
    assert verify(BODY.decode(), signed(), SECRET, now=NOW) == EVENT
    with pytest.raises(WebhookVerificationError):
        verify(BODY.decode() + "\ud800", signed(), SECRET, now=NOW)


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview, lambda body: memoryview(b"--" + body)[2:]])
def test_a_body_may_be_in_any_kind_of_bytes(form: Any) -> None:
    """As frameworks without copies give them."""
    assert verify(form(BODY), signed(), SECRET, now=NOW) == EVENT


@pytest.mark.parametrize("body", [json.loads(BODY), None, [BODY], 7])
def test_what_was_parsed_already_is_no_body(body: Any) -> None:
    """Its signature is gone with the bytes: the sentence says what to give."""
    with pytest.raises(InvalidArgumentError, match="as it arrived"):
        verify(body, signed(), SECRET, now=NOW)


@pytest.mark.parametrize("value", [int(NOW), NOW, None, b"1770000000", ["1770000000"]])
def test_a_header_that_is_no_text_is_missing(value: Any) -> None:
    """No message brings such, so that it is refused as any other that is not signed."""
    headers: dict[Any, Any] = {**signed(), "webhook-timestamp": value, 7: "x"}
    with pytest.raises(WebhookVerificationError, match="lacks webhook-timestamp"):
        verify(BODY, headers, SECRET, now=NOW)


def test_a_clock_that_is_none_accepts_nothing() -> None:
    """No message is lately signed by it."""
    with pytest.raises(WebhookVerificationError, match="signed nan s"):
        verify(BODY, signed(), SECRET, now=float("nan"))


def test_one_signature_of_many_is_enough() -> None:
    """Among those of other versions and other secrets, with whatever blanks between them."""
    good = signed()["webhook-signature"]
    for many in (f"v2,AAAA {good}", f"  v1,AAAA\t{good} ", " ".join(["v1a,x", *["v1,QUJD"] * 500, good, ","])):
        assert verify(BODY, signed() | {"webhook-signature": many}, SECRET, now=NOW) == EVENT
    for none in (good.removeprefix("v1,"), good.replace("v1,", "v1 ,"), good.upper(), good[:-1], f"{good},{good}"):
        with pytest.raises(WebhookVerificationError, match="fits no secret"):
            verify(BODY, signed() | {"webhook-signature": none}, SECRET, now=NOW)


def test_an_old_message_is_refused() -> None:
    """A message is good for a while before and after its time: a copy of one cannot be used for ever."""
    for off in (-TOLERANCE, 0, TOLERANCE):
        assert verify(BODY, signed(), SECRET, now=NOW + off) == EVENT
    with pytest.raises(WebhookVerificationError, match="signed 301 s before"):
        verify(BODY, signed(), SECRET, now=NOW + 301)
    with pytest.raises(WebhookVerificationError, match="signed 301 s after"):
        verify(BODY, signed(), SECRET, now=NOW - 301)
    assert verify(BODY, signed(), SECRET, now=NOW + 3000, tolerance=3000) == EVENT
    with pytest.raises(ValueError, match="tolerance"):
        verify(BODY, signed(), SECRET, now=NOW, tolerance=-1)


@pytest.mark.parametrize("body", [b"{}", b"\xff", b"[]", b"null", b""])
def test_what_was_signed_and_is_no_event_is_refused(body: bytes) -> None:
    """Somebody else may share the secret."""
    with pytest.raises(WebhookVerificationError, match="no event"):
        verify(body, sign(body, "msg_1", SECRET, now=NOW), SECRET, now=NOW)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "24 to 64 bytes"),
        ("whsec_", "24 to 64 bytes"),
        ("whsec_" + base64.b64encode(b"k" * 23).decode(), "this one has 23"),
        ("whsec_" + base64.b64encode(b"k" * 65).decode(), "this one has 65"),
        ("hunter2!hunter2!", "base64"),
        ("whsec_ü", "base64"),
    ],
)
def test_a_bad_secret_is_refused_and_not_shown(text: str, match: str) -> None:
    """The sentence says what a secret is, on both sides of the wire."""
    for attempt in (lambda: verify(BODY, signed(), text, now=NOW), lambda: sign(BODY, "msg_1", text)):
        with pytest.raises(ConfigurationError, match=match) as caught:
            attempt()
        assert "hunter2" not in str(caught.value)
    for attempt in (lambda: verify(BODY, signed(), [], now=NOW), lambda: sign(BODY, "msg_1", ())):
        with pytest.raises(ConfigurationError, match="needs a secret"):
            attempt()


@pytest.mark.parametrize("secrets", [None, [None], b"whsec_AAAA", [b"whsec_AAAA"], 7, [], ""])
def test_what_is_no_secret_is_a_matter_of_configuration(secrets: Any) -> None:
    """As `os.environ.get(...)` without a value gives it, or one in bytes."""
    with pytest.raises(ConfigurationError, match=r"secret.*`impactive forward secret`"):
        verify(BODY, sign(BODY, "msg_1", SECRET, now=NOW), secrets, now=NOW)


@pytest.mark.parametrize("headers", [None, [(b"webhook-id", b"msg_1")], "webhook-id: msg_1"])
def test_headers_that_have_no_names_are_refused_with_what_is_needed(headers: Any) -> None:
    """As an ASGI scope lists them."""
    with pytest.raises(InvalidArgumentError, match=r"request\.headers"):
        verify(BODY, headers, SECRET, now=NOW)


def test_a_secret_is_shown_only_where_it_is_asked_for() -> None:
    """Neither `str` nor `repr` nor an f-string shows it; `reveal` gives what `parse` takes."""
    secret = WebhookSecret.generate()
    text = secret.reveal()
    assert WebhookSecret.parse(text) == WebhookSecret.parse(text.removeprefix("whsec_")) == secret
    assert secret != WebhookSecret.generate()
    for shown in (str(secret), repr(secret), f"{secret}", f"{[secret]}"):
        assert text.removeprefix("whsec_") not in shown
        assert repr(secret.key) not in shown


@given(st.text(min_size=1))
def test_a_message_id_has_no_dots(text: str) -> None:
    """The specification wants none in it; the same event has the same id."""
    found = webhook_id(text)
    assert found == webhook_id(text)
    assert found.removeprefix("msg_").isalnum()
    assert len(found) == 36


def test_the_error_survives_pickling() -> None:
    """As all errors of the package do."""
    error = pickle.loads(pickle.dumps(WebhookVerificationError("no")))
    assert str(error) == "no"
