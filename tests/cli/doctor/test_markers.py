"""What doctor makes of markers of more is what the client makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from impactive_async.cli.doctor.places import CONTACTS
from impactive_async.cli.doctor.shapes import rows_of
from tests.codec.tolerant.test_shapes import MARKERS


@pytest.mark.parametrize(("beside", "more"), MARKERS)
def test_markers_mean_the_same_to_doctor(beside: dict[str, Any], more: bool) -> None:
    """Two lists of them would part one day: doctor stands on the public API, and has its own."""
    found = rows_of({"data": [{"id": "c1"}], **beside}, CONTACTS)
    assert found is not None
    assert bool(found.more) is more


@pytest.mark.parametrize("document", [{"contacts": None}, {"data": None}, {"data": {"contacts": None}}])
def test_a_list_of_nothing_means_the_same_to_doctor(document: Any) -> None:
    """Some services print an empty list as `null`."""
    found = rows_of(document, CONTACTS)
    assert found is not None
    assert found.rows == []
    assert rows_of({"pagination": None}, CONTACTS) is None
