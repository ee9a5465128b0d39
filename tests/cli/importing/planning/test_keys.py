"""Addresses in eight bytes, and where each stood first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from impactive_async.cli.importing.planning.keys import FirstPlaces, key_of


@given(
    st.lists(st.integers(min_value=1, max_value=40) | st.sampled_from([1 << 40, 1 << 41, 3 << 40]), max_size=300)
)
def test_where_each_key_stood_first(given_keys: list[int]) -> None:
    """As a dictionary says it, also where keys share a slot."""
    keys: list[int] = []
    places, expected = FirstPlaces(keys), dict[int, int]()
    for place, key in enumerate(given_keys):
        keys.append(key)
        assert places.place(place) == expected.setdefault(key, place)


def test_a_table_that_grows_forgets_nobody() -> None:
    """Tens of thousands of keys, each twice."""
    keys = [key_of(f"ada{n}@x.example") for n in range(20_000)] * 2
    places = FirstPlaces(keys)
    assert [places.place(place) for place in range(40_000)] == list(range(20_000)) * 2
