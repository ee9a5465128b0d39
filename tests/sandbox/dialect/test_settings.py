"""Which settings an operation has."""

import pytest

from impactive_async.sandbox.api.routes import ROUTES
from impactive_async.sandbox.dialect.profile.operations import OPERATIONS
from impactive_async.sandbox.dialect.profile.settings import settings_of
from tests.sandbox.dialect.conftest import Speak

PATTERNS = {
    "*": {"cap": 1, "lag": 1, "link": True, "etag": True},
    "zapier.*": {"cap": 2, "lag": 2, "link": False},
    "zapier.deals.*": {"cap": 3, "lag": 3},
    "zapier.deals.list": {"cap": 4},
}


def test_the_longest_pattern_goes_last() -> None:
    """A setting is that of the most exact pattern that has it, in whatever order the file has them."""
    for patterns in (PATTERNS, dict(reversed(PATTERNS.items()))):
        deals = settings_of(patterns, "zapier.deals.list")
        assert (deals.cap, deals.lag, deals.link, deals.etag) == (4, 3, False, True)
        projects = settings_of(patterns, "zapier.projects.list")
        assert (projects.cap, projects.lag) == (2, 2)
        assert settings_of(patterns, "bookings.list").cap == 1


def test_a_pattern_matches_whole_parts() -> None:
    """`zap.*` and `zapier.deals` are not the beginnings of `zapier.deals.list` that a pattern means."""
    assert settings_of({"zap.*": {"cap": 7}, "zapier.deals": {"cap": 7}}, "zapier.deals.list").cap == 100


def test_a_request_without_an_operation_has_the_settings_of_all() -> None:
    """Unknown paths are answered by `*`."""
    assert settings_of(PATTERNS, None).cap == 1


def test_each_route_is_an_operation() -> None:
    """Every endpoint has a name in profiles; the batch is the one operation without a route of its own."""
    assert {route.operation for route in ROUTES} | {"contacts.create_batch"} == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_contract_holds_without_settings(name: str) -> None:
    """An empty profile, and the contract's own defaults written out, are the same."""
    assert settings_of({}, name) == settings_of({name: dict(OPERATIONS[name].contract)}, name)


async def test_options_of_the_sandbox_go_before_the_profile(speak: Speak) -> None:
    """`zapier_cap=` and the like replace a setting of any pattern, and leave the others alone."""
    from impactive_async.sandbox import Sandbox

    profile = {"profile": 1, "operations": {"zapier.deals.list": {"cap": 9, "lag": 3}}}
    sandbox = Sandbox(profile=profile, zapier_cap=2, populate=False)
    dialect = sandbox._pipeline.dialect
    assert (dialect.settings("zapier.deals.list").cap, dialect.settings("zapier.deals.list").lag) == (2, 3)
    assert dialect.settings("sequences.sends").cap == 500
    assert profile["operations"] == {"zapier.deals.list": {"cap": 9, "lag": 3}}
