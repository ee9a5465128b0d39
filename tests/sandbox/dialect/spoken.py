"""The dialect that the sandboxes of a test speak.

A test speaks the contract, unless

- it is marked `every_dialect`: then it runs once for each dialect;
- the run has `IMPACTIVE_DIALECT`, with names of dialects: then only tests that ask for the fixture `dialect` run,
  once for each name. Most ask by `sandbox` or `live`. Left out are tests marked `contract`, which pin its own
  answers; those marked `silent`, which are never answered; and those with dialects of their own, which are alike
  in every run.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from impactive_async.sandbox import DIALECTS, ROUTES, RecordedRequest, Sandbox

CONTRACT = "contract"
OTHERS = os.environ.get("IMPACTIVE_DIALECT", "").split()
"""The dialects of this run, if it is one in other dialects than the contract."""

assert {*OTHERS} <= {*DIALECTS} - {CONTRACT}, f"IMPACTIVE_DIALECT has names out of {', '.join(DIALECTS[1:])}"


_ENDPOINTS = {route.name for route in ROUTES}


def served(sandbox: Sandbox) -> list[RecordedRequest]:
    """The requests that reached an endpoint: those whose verb is another one in this dialect did not."""
    return [request for request in sandbox.requests if request.route in _ENDPOINTS]


@pytest.fixture
def check_silence(request: pytest.FixtureRequest) -> Callable[[Sandbox], None]:
    """Fail a test that is marked `silent` if this sandbox has got a request."""

    def check(sandbox: Sandbox) -> None:
        if request.node.get_closest_marker("silent"):
            assert sandbox.requests == (), "the test is marked `silent`"

    return check


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    """The dialect that this test's sandboxes speak."""
    return str(getattr(request, "param", CONTRACT))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "every_dialect: runs once for each dialect of the sandbox")
    config.addinivalue_line("markers", "silent: sends no request to `sandbox` or `live`; no other dialect matters")
    config.addinivalue_line(
        "markers",
        "contract(reason, *dialects): pins the contract; it does not run in these dialects, or in no other",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "dialect" not in metafunc.fixturenames or _has_its_own(metafunc.definition):
        return
    if OTHERS or metafunc.definition.get_closest_marker("every_dialect"):
        metafunc.parametrize("dialect", OTHERS or DIALECTS, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not OTHERS:
        return
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (kept if _speaks_another(item) else left_out).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


def _speaks_another(item: pytest.Item) -> bool:
    asks = "dialect" in getattr(item, "fixturenames", ()) and not _has_its_own(item)
    if not asks or item.get_closest_marker("silent"):
        return False
    spoken = item.callspec.params["dialect"]  # type: ignore[attr-defined]  # of each parametrized function
    return not any(not mark.args[1:] or spoken in mark.args[1:] for mark in item.iter_markers("contract"))


def _has_its_own(item: pytest.Item) -> bool:
    """Whether a test is parametrized by dialects itself."""
    return any("dialect" in mark.args[0] for mark in item.iter_markers("parametrize"))
