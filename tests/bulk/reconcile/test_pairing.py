"""Whose contact is whose."""

from __future__ import annotations

from typing import Any

import pytest

from impactive_async._codec.tolerant.notes import Notes, noting
from impactive_async.bulk.reconcile.pairing import (
    ListedContact,
    LostRow,
    Pairing,
    created_contacts,
    key_of,
    listed_contacts,
    match_answer,
    pair,
)
from impactive_async.errors import DecodeError

ADA = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
NAMELESS = {"firstName": "John", "lastName": "Smith"}


def rows(*bodies: dict[str, Any]) -> list[LostRow]:
    return [LostRow(index, body, 0) for index, body in enumerate(bodies)]


def seen(*contacts: dict[str, Any]) -> list[ListedContact]:
    return [ListedContact(f"con_{place}", contact) for place, contact in enumerate(contacts)]


def pairing(found: dict[int, str], missing: set[int] = set(), unclear: set[int] = set()) -> Pairing:  # noqa: B006
    return Pairing(found, frozenset(missing), frozenset(unclear))


@pytest.mark.parametrize("shown", ["ada@example.com", "Ada@Example.COM", "  ada@example.com "])
def test_an_email_is_known_however_the_server_tidies_it_up(shown: str) -> None:
    """Case and surrounding white space do not hide a contact."""
    assert pair(rows(ADA), seen({**ADA, "email": shown}), "email") == pairing({0: "con_0"})


def test_another_email_is_another_contact() -> None:
    """The same name does not make up for a different address."""
    assert pair(rows(ADA), seen({**ADA, "email": "other@example.com"}), "email") == pairing({}, missing={0})


def test_no_contact_is_two_rows() -> None:
    """Of three equal rows and two contacts, two are found and one is missing or unclear, never three found."""
    result = pair(rows(ADA, ADA, ADA), seen(ADA, ADA), "email")
    assert sorted(result.found.values()) == ["con_0", "con_1"]
    assert len(result.missing) == 1


def test_equal_emails_are_told_apart_by_the_rest() -> None:
    """Of two rows with one address, the contact with the second's name is the second's; the first is missing."""
    augusta = {**ADA, "firstName": "Augusta"}
    assert pair(rows(ADA, augusta), seen(augusta), "email") == pairing({1: "con_0"}, missing={0})


def test_a_contact_that_could_be_either_rows_is_neithers() -> None:
    """Two rows with one address, and a contact that shows neither's name: nobody can tell, so nobody guesses."""
    augusta, third = {**ADA, "firstName": "Augusta"}, {**ADA, "firstName": "A."}
    assert pair(rows(ADA, augusta), seen(third), "email") == pairing({}, unclear={0, 1})


def test_a_lone_contact_with_the_rows_email_is_its_own_whatever_the_name() -> None:
    """A server may write names otherwise; the address decides."""
    assert pair(rows(ADA), seen({**ADA, "firstName": "ADA M."}), "email") == pairing({0: "con_0"})


def test_the_most_telling_row_chooses_first() -> None:
    """A row with a title takes the contact with that title, though one without came before it."""
    countess = {**ADA, "title": "Countess"}
    assert pair(rows(ADA, countess), seen(countess, ADA), "email") == pairing({0: "con_1", 1: "con_0"})


@pytest.mark.parametrize(
    ("contact", "result"),
    [
        (NAMELESS, pairing({0: "con_0"})),
        ({**NAMELESS, "firstName": "JOHN", "companyName": "Acme"}, pairing({0: "con_0"})),
        ({**NAMELESS, "firstName": "Jack"}, pairing({}, missing={0})),
        ({**NAMELESS, "email": "john@example.com"}, pairing({}, missing={0})),
        ({**NAMELESS, "phone": "555"}, pairing({0: "con_0"})),
    ],
)
def test_a_row_without_email_is_known_by_its_names_and_all_it_gives(
    contact: dict[str, Any], result: Pairing
) -> None:
    """Names and every given field must fit, and the contact has no email either."""
    assert pair(rows(NAMELESS), seen(contact), "email") == result


def test_a_namesake_with_another_phone_number_is_unclear() -> None:
    """It may be somebody else, or a number the server has rewritten: no guess."""
    row = {**NAMELESS, "phone": "+1 (555) 100"}
    assert pair(rows(row), seen({**NAMELESS, "phone": "1555100"}), "email") == pairing({0: "con_0"})
    assert pair(rows(row), seen({**NAMELESS, "phone": "999"}), "email") == pairing({}, unclear={0})


def test_match_on_may_be_a_key_of_extra() -> None:
    """With an id of the user's own, names and addresses do not matter."""
    body = {**NAMELESS, "externalId": "x-7"}
    assert pair(rows(body), seen({**ADA, "externalId": "X-7"}), "externalId") == pairing({0: "con_0"})
    assert key_of({**NAMELESS, "external_id": 7}, "external_id") == ("external_id", "7")


def test_only_contacts_that_come_into_question_are_taken() -> None:
    """What cannot have been created by the row's batch is not its contact, however alike."""
    old, new = seen(ADA, ADA)
    assert pair(rows(ADA), [old, new], "email", lambda _, contact: contact is new) == pairing({0: "con_1"})
    assert pair(rows(ADA), [old], "email", lambda *_: False) == pairing({}, missing={0})


def with_ids(*contacts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**contact, "id": f"con_{place}"} for place, contact in enumerate(contacts)]


def test_an_answer_in_the_rows_order_is_taken_in_that_order() -> None:
    """Nothing else is looked at then: equal rows get ids in order."""
    assert match_answer([ADA, ADA], with_ids(ADA, ADA), "email") == (["con_0", "con_1"], True)
    assert match_answer([ADA, NAMELESS], with_ids(ADA, NAMELESS), "email") == (["con_0", "con_1"], True)


def test_an_answer_in_another_order_is_put_in_order() -> None:
    """Each row gets its own contact's id."""
    assert match_answer([ADA, NAMELESS], with_ids(NAMELESS, ADA), "email") == (["con_1", "con_0"], True)


def test_an_answer_that_shows_other_addresses_is_not_faithful() -> None:
    """The order is believed, but a search by address is not any more."""
    changed = {**ADA, "email": "hidden"}
    assert match_answer([ADA], with_ids(changed), "email") == (["con_0"], False)


@pytest.mark.parametrize("answer", [[], with_ids(ADA, ADA, ADA), [{**ADA, "id": "con_0"}] * 2])
def test_an_answer_of_another_size_or_with_an_id_twice_is_none(answer: list[dict[str, Any]]) -> None:
    """It does not say whose contact is whose."""
    assert match_answer([ADA, ADA], answer, "email")[0] is None


def test_a_list_is_read_no_further_than_needed() -> None:
    """A contact that cannot be read otherwise, or has no id, does not spoil the page."""
    page = [{"id": "con_1", "firstName": None}, {"firstName": "x"}, None, {"id": ""}, {"id": 7}]
    assert [contact.id for contact in listed_contacts(page)] == ["con_1", "7"]
    with pytest.raises(DecodeError, match="has no id"):
        created_contacts(page)


def test_numbers_for_ids_are_text() -> None:
    """Whatever the service prints, a contact has one id: in answers, on lists, and in a journal."""
    rows = [{"id": 7, "email": "a@example.com"}, {"id": 8, "email": "b@example.com"}]
    assert [row["id"] for row in created_contacts(rows)] == ["7", "8"]
    assert [contact.id for contact in listed_contacts({"contacts": rows, "errors": []})] == ["7", "8"]


@pytest.mark.parametrize(
    ("document", "cap", "cut"),
    [
        ([{"id": "a", "email": "a@example.com"}], None, False),
        ([{"id": "a", "email": "a@example.com"}], 1, True),
        ({"data": [{"id": "a", "email": "a@example.com"}], "hasMore": True}, None, True),
        ({"data": [{"id": "a", "email": "a@example.com"}], "total": 1}, 500, False),
    ],
)
def test_a_list_says_whether_it_is_cut(document: Any, cap: int | None, cut: bool) -> None:
    """By a marker beside its rows, or by its length where its cap is known."""
    with noting(Notes(lambda _: None)):
        assert listed_contacts(document, cap).cut is cut
