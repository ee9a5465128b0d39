"""What users may rely on, spelt out: a change of any of it is a change of these lists, made on purpose."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest

import impactive_async
from impactive_async import AsyncClient, errors, models
from tests.support import KEY

NAMES = """
    APIConnectionError APIError APIStatusError APITimeoutError AsyncClient AuthenticationError BadRequestError
    BadRow Booking ClientStats Clock Company ConfigurationError ConflictError Contact ContactDraft CursorError
    CursorStore Deal DecodeError EnrolledContact Enrollment EnrollmentCounts EnrollmentStatus EnrollResult
    Event Feed FeedGapError FeedStats FencedError FileCursorStore Gap ImpactiveError Invoice JournalError
    MemoryCursorStore NotFoundError NOW PauseResult PermissionDeniedError Poll Project RateLimitError Reply
    RetryPolicy Send SendingAccount Sequence SequenceStatus ServerError SkippedContact SkipReason
    SqliteCursorStore Step StepDraft UNSET Unset __version__ Workspace WorkspaceWatch
    BulkError CreateReport EnrollReport HubError Outcome Progress RowFailure RowResult
    created_ids
"""

PROPERTIES = {"base_url"}
METHODS = {
    "": "aclose request stats watch with_options",
    "bookings": "create list watch",
    "contacts": "create create_batch create_many list replies update watch_replies",
    "sending_accounts": "list",
    "sequences": "create enroll enroll_many enrollments get list pause replies sends unenroll update "
    "watch_enrollments watch_replies watch_sends",
    "sequences.steps": "create delete update",
    "zapier": "auth_test",
    "zapier.companies": "create list watch",
    "zapier.contacts": "create list watch",
    "zapier.deals": "create list watch",
    "zapier.invoices": "list watch",
    "zapier.projects": "list watch",
}

PARAMETERS = [
    "api_key",
    "base_url",
    "session",
    "connector",
    "timeout",
    "max_retries",
    "retry",
    "max_concurrency",
    "rate_limit",
    "headers",
    "trace_configs",
    "allow_insecure_http",
    "clock",
]

POSITIONAL = {"sequence_id", "contact_id", "step_id", "drafts", "rows", "contact_ids"}
"""Ids, and what a bulk call is about; all else is given by name."""


def at(path: str) -> Any:
    """The client itself, or one of its resources."""
    place: Any = AsyncClient(KEY)
    for name in path.split("."):
        place = getattr(place, name) if name else place
    return place


def methods() -> Iterator[tuple[str, Callable[..., Any]]]:
    for path, names in METHODS.items():
        for name in names.split():
            yield f"{path}.{name}", getattr(at(path), name)


def test_the_names_of_the_package() -> None:
    """`__all__` is this list and can be imported whole."""
    assert sorted(impactive_async.__all__) == sorted(NAMES.split())
    namespace: dict[str, Any] = {}
    exec("from impactive_async import *", namespace)
    assert set(impactive_async.__all__) <= set(namespace)
    assert set(impactive_async.__all__) <= set(dir(impactive_async))


def test_rows_are_at_the_top_too() -> None:
    """Whatever the models publish needs no second import."""
    assert set(models.__all__) <= set(impactive_async.__all__)
    assert impactive_async.models is models


def test_a_name_in_two_places_is_one_thing() -> None:
    """The top level re-exports; it defines nothing twice."""
    for module in (errors, models):
        for name in set(module.__all__) & set(impactive_async.__all__):
            assert getattr(impactive_async, name) is getattr(module, name)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """Names that are loaded when first asked for do not hide misspelt ones."""
    with pytest.raises(AttributeError, match="no attribute 'AsyncClinet'"):
        impactive_async.AsyncClinet  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("path", METHODS)
def test_the_methods_of_the_client(path: str) -> None:
    """Each resource has these methods, and no others in public."""
    place = at(path)
    resources = {name.partition(".")[0] for name in METHODS} | {name.rpartition(".")[2] for name in METHODS}
    public = {name for name in dir(place) if not name.startswith("_")} - resources - PROPERTIES
    assert sorted(public) == sorted(METHODS[path].split())


@pytest.mark.parametrize("name", [name for name, _ in methods()])
def test_a_method_says_all_in_its_signature(name: str) -> None:
    """Ids come first, all else by name; no `**kwargs`, every parameter and result typed, and a docstring."""
    method = dict(methods())[name]
    signature = inspect.signature(method)
    for parameter in signature.parameters.values():
        assert parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            assert parameter.name in POSITIONAL or name.startswith(".")
        assert parameter.annotation is not parameter.empty
    assert signature.return_annotation is not signature.empty
    assert inspect.getdoc(method)
    if inspect.iscoroutinefunction(method) and not name.startswith("."):
        assert "contract #" in (inspect.getdoc(method) or "")


def test_the_parameters_of_the_client() -> None:
    """The key may be positional, all else is given by name."""
    parameters = inspect.signature(AsyncClient).parameters
    assert list(parameters) == PARAMETERS
    assert [p.name for p in parameters.values() if p.kind is not p.KEYWORD_ONLY] == ["api_key"]


def test_the_package_says_that_it_is_typed() -> None:
    """Type checkers look at a package's annotations only if it ships `py.typed`."""
    assert (files(impactive_async) / "py.typed").is_file()
