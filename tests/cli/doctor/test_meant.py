"""What the SDK reads under other names, doctor looks at, too."""

from __future__ import annotations

from typing import Any

import pytest

from impactive_async.cli.doctor.places import AUTH_TEST, OF_WORKSPACE
from impactive_async.cli.doctor.shapes import row_of, rows_of

DEALS = next(place for place in OF_WORKSPACE if place.operation == "zapier.deals.list")
AT = "2026-05-01T09:00:00.000Z"


@pytest.mark.parametrize(
    "row",
    [
        {"id": "d", "updatedAt": AT},
        {"_id": "d", "updated_at": AT},
        {"uuid": "d", "updated-at": AT},
        {"id": "d", "type": "deals", "attributes": {"updatedAt": AT}},
        {"id": "d", "properties": {"updated_at": AT}},
    ],
)
def test_rows_have_their_id_and_stamp(row: dict[str, Any]) -> None:
    """Under the contract's names, beside those that they came with."""
    found = rows_of([row], DEALS)
    assert found is not None
    assert {"id": "d", "updatedAt": AT, **row}.items() <= found.rows[0].items()


def test_the_contracts_own_name_goes_first() -> None:
    """A second field of the same meaning replaces nothing."""
    found = rows_of([{"id": "d", "uuid": "u", "name": "N", "attributes": {"name": "other"}}], DEALS)
    assert found is not None
    assert (found.rows[0]["id"], found.rows[0]["name"]) == ("d", "N")


@pytest.mark.parametrize("document", [{"_embedded": {"deals": []}}, {"errors": [], "list": []}])
def test_lists_are_found_where_the_sdk_finds_them(document: Any) -> None:
    """Also beside lists that say how it went."""
    assert rows_of(document, DEALS) is not None


def test_a_list_too_deep_for_the_sdk_is_not_found() -> None:
    """Two levels down is as far as it looks."""
    assert rows_of({"data": {"items": {"deals": []}}}, DEALS) is None


@pytest.mark.parametrize("document", [{"_id": "w"}, {"valid": True, "workspace": {"uuid": "w"}}])
def test_a_workspace_has_its_id_under_other_names(document: Any) -> None:
    """As the SDK reads them."""
    found = row_of(document, AUTH_TEST)
    assert found is not None
    assert found.row["id"] == "w"
