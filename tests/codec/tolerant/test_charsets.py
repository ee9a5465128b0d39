"""Bodies in another encoding than UTF-8."""

from __future__ import annotations

import json

import pytest

from impactive_async import AsyncClient, DecodeError
from impactive_async._codec.tolerant.charsets import declared_encoding, in_utf8
from tests.support import KEY, http, scripted

STAMP = "2026-05-01T09:00:00.000Z"
ROWS = [{"id": "con_1", "firstName": "José", "lastName": "Müller „Jo“", "createdAt": STAMP, "updatedAt": STAMP}]
REPLIES = [
    {"id": "rep_1", "contactId": "con_1", "emailDate": STAMP, "body": "Grüße", "subject": "", "fromAddress": ""}
]


def answer_in(encoding: str, charset: str, rows: object = ROWS) -> bytes:
    body = json.dumps(rows, ensure_ascii=False).encode(encoding)
    return http(f"200 OK\nContent-Type: application/json; charset={charset}\nContent-Length: {len(body)}", body)


@pytest.mark.parametrize(
    ("encoding", "charset", "told"),
    [
        ("cp1252", "ISO-8859-1", {"text.charset": 1}),
        ("cp1252", '"windows-1252"', {"text.charset": 1}),
        ("utf-16", "utf-16", {"text.charset": 1}),
        ("utf-8", "ISO-8859-1", {}),
        ("utf-8", "utf-8", {}),
        ("utf-8", "unicode_escape", {}),
        ("utf-8", "no-such-charset", {}),
    ],
)
async def test_text_is_read_in_the_encoding_that_the_answer_names(
    encoding: str, charset: str, told: dict[str, int]
) -> None:
    """By calls and by feeds. What is UTF-8 is read as UTF-8, whatever encoding a server names by default."""
    answers = answer_in(encoding, charset), answer_in(encoding, charset, REPLIES)
    async with scripted(*answers) as server, AsyncClient(KEY, base_url=server.url) as crm:
        contact = (await crm.contacts.list())[0]
        assert (contact.first_name, contact.last_name) == ("José", "Müller „Jo“")
        reply = (await crm.contacts.watch_replies("con_1").poll(None)).rows[0]
        assert reply.body == "Grüße"
        assert crm.stats().deviations == dict.fromkeys(told, 2)


async def test_a_strict_client_takes_no_other_encoding() -> None:
    """It is a deviation as all others are."""
    answer = answer_in("cp1252", "ISO-8859-1")
    async with scripted(answer) as server, AsyncClient(KEY, base_url=server.url, strict=True) as crm:
        with pytest.raises(DecodeError, match=r"text\.charset"):
            await crm.contacts.list()


def test_a_body_that_is_not_in_the_encoding_named_stays_as_it_is() -> None:
    """The reader of nearly JSON mends it then, and says so."""
    told: list[str] = []
    assert in_utf8(b'{"a":"\xff"}', "utf-16", told.append) == b'{"a":"\xff"}'
    assert (told, declared_encoding(None), declared_encoding("application/json")) == ([], None, None)
