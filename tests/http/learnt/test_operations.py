"""The names of operations."""

from __future__ import annotations

import pytest

from impactive_async._http.learnt.operations import operation_of
from impactive_async._http.learnt.verbs import UpdateVerbs
from impactive_async.profile import Profile
from impactive_async.sandbox import ROUTES


def test_operations_have_the_names_that_profiles_give_them() -> None:
    """Those of the sandbox, which has a table of its own; an update has one name, whatever its verb."""
    for route in ROUTES:
        verb, path = route.name.split(" ")
        for sent in ("PATCH", "PUT", "POST") if verb == "PATCH" else (verb,):
            assert operation_of(sent, path) == route.operation


@pytest.mark.parametrize("path", ["(custom path)", "/", "/api"])
def test_what_is_no_endpoint_has_no_name(path: str) -> None:
    """A request of the user's own is no operation."""
    assert operation_of("GET", path) is None


def test_every_update_is_known_by_its_path() -> None:
    """What a profile says of its verb holds for it."""
    for route in (one for one in ROUTES if one.method == "PATCH"):
        profile = Profile(operations={route.operation: {"update_verb": "PUT"}})
        assert UpdateVerbs.of(profile).verb(route.name.split(" ")[1]) == "PUT"
