"""The dialect that the sandboxes of a test speak.

A test speaks the contract, unless

- it is marked `every_dialect`: then it runs once for each dialect;
- the run has `IMPACTIVE_DIALECT`: then only tests that ask for the fixture `dialect` run, in that dialect. Most do
  by asking for `sandbox` or `live`. Those marked `contract` are left out: they pin the contract's own answers.
"""

from __future__ import annotations

import os

import pytest

from impactive_async.sandbox import DIALECTS, ROUTES, RecordedRequest, Sandbox

CONTRACT = "contract"
DIALECT = os.environ.get("IMPACTIVE_DIALECT") or CONTRACT
"""The dialect of this run."""

assert DIALECT in DIALECTS, f"IMPACTIVE_DIALECT is one of {', '.join(DIALECTS)}"


_ENDPOINTS = {route.name for route in ROUTES}


def served(sandbox: Sandbox) -> list[RecordedRequest]:
    """The requests that reached an endpoint: those whose verb is another one in this dialect did not."""
    return [request for request in sandbox.requests if request.route in _ENDPOINTS]


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    """The dialect that this test's sandboxes speak."""
    return str(getattr(request, "param", DIALECT))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "every_dialect: runs once for each dialect of the sandbox")
    config.addinivalue_line(
        "markers",
        "contract(reason, *dialects): pins the contract; it does not run in these dialects, or in no other",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marked = metafunc.definition.get_closest_marker("every_dialect")
    if marked and "dialect" in metafunc.fixturenames and DIALECT == CONTRACT:
        metafunc.parametrize("dialect", DIALECTS, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if DIALECT == CONTRACT:
        return
    kept = [item for item in items if _speaks(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _speaks(item: pytest.Item) -> bool:
    pinned = any(not mark.args[1:] or DIALECT in mark.args[1:] for mark in item.iter_markers("contract"))
    return not pinned and "dialect" in getattr(item, "fixturenames", ())
