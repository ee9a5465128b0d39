"""What users may rely on, spelt out: a change of any of it is a change of these lists, made on purpose."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.resources import files
from typing import Any, get_type_hints

import pytest

import impactive_async
from impactive_async import AsyncClient, errors, models
from tests.support import KEY

PUBLISHED: list[str] = vars(impactive_async)["__all__"]  # made at run time: type checkers do not see it

NAMES = """
    APIConnectionError APIError APIStatusError APITimeoutError AsyncClient AuthenticationError BadRequestError
    BadRow Booking ClientStats Clock Company ConfigurationError ConflictError Contact ContactDraft CursorError
    CursorStore Deal DecodeError EnrolledContact Enrollment EnrollmentCounts EnrollmentStatus EnrollResult
    BookingEvent CompanyEvent ContactEvent DealEvent EnrollmentEvent InvoiceEvent ProjectEvent ReplyEvent SendEvent
    Coverage Removed RowList
    Event Feed FeedBatch FeedGapError FeedStats FencedError FileCursorStore Gap ImpactiveError InvalidArgumentError
    Invoice JournalError
    MemoryCursorStore NotFoundError NOW PauseResult PermissionDeniedError Poll Profile Project RateLimitError Reply
    RetryPolicy Send SendingAccount Sequence SequenceStatus ServerError SkippedContact SkipReason
    UnprocessableEntityError RawResponse RequestEvent ResponseEvent RetryEvent
    SqliteCursorStore Step StepDraft UNSET Unset __version__ Workspace WorkspaceWatch
    BulkError CreateReport EnrollReport HubError Outcome Progress RowFailure RowResult
    created_ids from_dict json_schema to_dict
    CursorArchive CursorSummary ListedStore ImportedCursors Rewound StoredCursor
    export_cursors import_cursors list_cursors rewind_cursor
"""

PROPERTIES = {"base_url", "profile"}
METHODS = {
    "": "aclose observe rehearse request stats watch with_options with_raw_response",
    "bookings": "create list watch",
    "contacts": "create create_batch create_many list replies update watch_replies",
    "sending_accounts": "list",
    "sequences": "create enroll enroll_many enrollments get list pause replies sends unenroll update "
    "watch watch_enrollments watch_replies watch_sends",
    "sequences.steps": "create delete update",
    "zapier": "auth_test",
    "zapier.companies": "create list list_all watch",
    "zapier.contacts": "create list list_all watch",
    "zapier.deals": "create list list_all watch",
    "zapier.invoices": "list list_all watch",
    "zapier.projects": "list list_all watch",
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
    "strict",
    "profile",
    "deadline",
    "connect_timeout",
    "proxy",
    "ca_file",
    "trust_env",
    "on_request",
    "on_response",
    "on_retry",
    "max_response_bytes",
]

POSITIONAL = {"call", "sequence_id", "contact_id", "step_id", "drafts", "rows", "contact_ids"}
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
    assert sorted(PUBLISHED) == sorted(NAMES.split())
    namespace: dict[str, Any] = {}
    exec("from impactive_async import *", namespace)
    assert set(PUBLISHED) <= set(namespace)
    assert set(PUBLISHED) <= set(dir(impactive_async))


def test_type_checkers_see_the_same_names() -> None:
    """The stub imports what the package imports when it is asked, each name from the same module."""
    stub = ast.parse((files(impactive_async) / "__init__.pyi").read_text())
    seen = {"Event": "impactive_async.feeds.workspace.events"}
    for node in stub.body:
        if isinstance(node, ast.ImportFrom) and node.module not in ("impactive_async", "typing"):
            names = [alias.name for alias in node.names if alias.name != "AnyEvent"]  # they take it for `Event`
            assert all(alias.asname == alias.name for alias in node.names if alias.name in {*names} - {"*"})
            module = import_module(str(node.module))
            seen |= dict.fromkeys(module.__all__ if names == ["*"] else names, str(node.module))
    assert sorted(seen) == sorted(PUBLISHED)
    for name, source in seen.items():
        assert getattr(impactive_async, name) is getattr(import_module(source), name)


def test_type_checkers_see_the_same_rows() -> None:
    """What `models` imports for type checkers is what it imports at run time, and all that it publishes."""
    checked = next(node for node in ast.parse(inspect.getsource(models)).body if isinstance(node, ast.If))
    seen = {
        str(node.module).rpartition(".")[2]: [alias.name for alias in node.names]
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
    }
    assert {module: sorted(names.split()) for module, names in vars(models)["_LAZY"].items()} == {
        module: sorted(names) for module, names in seen.items()
    }
    assert sorted(models.__all__) == sorted(name for names in seen.values() for name in names)
    assert {*models.__all__} <= {*dir(models)}
    with pytest.raises(AttributeError, match=r"module 'impactive_async\.models' has no attribute 'Contcat'"):
        models.Contcat  # type: ignore[attr-defined]  # noqa: B018


def test_rows_are_at_the_top_too() -> None:
    """Whatever the models publish needs no second import."""
    assert set(models.__all__) <= set(PUBLISHED)
    assert impactive_async.models is models


def test_a_name_in_two_places_is_one_thing() -> None:
    """The top level re-exports; it defines nothing twice."""
    for module in (errors, models):
        for name in set(module.__all__) & set(PUBLISHED):
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


@pytest.mark.parametrize("name", [name for name, _ in methods() if not name.startswith(".")])
def test_annotations_of_a_resource_can_be_evaluated(name: str) -> None:
    """Libraries that read signatures, as pydantic does, find real types, also where modules are imported late."""
    assert {*inspect.signature(method := dict(methods())[name]).parameters} <= {*get_type_hints(method)}


def test_the_parameters_of_the_client() -> None:
    """The key may be positional, all else is given by name."""
    parameters = inspect.signature(AsyncClient).parameters
    assert list(parameters) == PARAMETERS
    assert [p.name for p in parameters.values() if p.kind is not p.KEYWORD_ONLY] == ["api_key"]


def test_the_package_says_that_it_is_typed() -> None:
    """Type checkers look at a package's annotations only if it ships `py.typed`."""
    assert (files(impactive_async) / "py.typed").is_file()
