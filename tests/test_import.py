"""What `import impactive_async` brings at once, and what only when it is asked for."""

import os
import subprocess
import sys

import pytest

import impactive_async
from impactive_async import models

LATER = (
    "cattrs",
    "sqlite3",
    "impactive_async.models",
    "impactive_async.feeds",
    "impactive_async.bulk",
)
RARE = (
    "sqlite3",
    "impactive_async.bulk",
    "impactive_async.feeds",
    "impactive_async.stores",
    "impactive_async._disk",
)
LIGHT = {
    "impactive_async.feeds",
    "impactive_async.feeds.cursor",
    "impactive_async.feeds.cursor.rules",
    "impactive_async.feeds.cursor.timestamps",
    "impactive_async.feeds.pacing",
    "impactive_async.feeds.pacing.pace",
}
"""What says how a list behaves: constants of the endpoints are made of it."""
ROWS_OF_SEQUENCES = {"email", "enrollment", "gap", "sequence"}
"""Where the rows of `crm.sequences` are, and what the lists of rows know of gaps."""
PLAIN_CALLS = """
import asyncio, sys
from impactive_async import AsyncClient
from impactive_async.sandbox import Sandbox

async def main():
    async with Sandbox() as sandbox, AsyncClient(sandbox.api_key, base_url=sandbox.url) as crm:
        person = await crm.contacts.create(first_name="Ada", last_name="Lovelace")
        sequence = await crm.sequences.create(name="Spring")
        await crm.sequences.enroll(sequence.id, contact_ids=[person.id])
        await crm.bookings.list()
        await crm.sending_accounts.list()
        await crm.zapier.contacts.list_all()
        print(*(name for name in sys.modules if name.startswith(tuple(sys.argv[1:]))))

asyncio.run(main())
"""


def python(program: str, *arguments: str) -> str:
    """What `program` prints in an interpreter of its own."""
    # Not measured: what measures coverage imports things of its own.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "COVERAGE"))}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True, env=env
    )
    return done.stdout.strip()


@pytest.mark.parametrize("name", vars(impactive_async)["__all__"])
def test_every_public_name_is_there(name: str) -> None:
    """Every name of `__all__` can be had from the package, and is listed by `dir`."""
    assert getattr(impactive_async, name) is not None
    assert name in dir(impactive_async)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A name the package does not have is refused as any module refuses it."""
    with pytest.raises(AttributeError, match="module 'impactive_async' has no attribute 'Contcat'"):
        impactive_async.Contcat  # type: ignore[attr-defined] # noqa: B018


def test_a_client_is_made_without_what_it_does_not_need_yet() -> None:
    """Importing the package and making a client imports neither rows, feeds, bulk work nor what they stand on."""
    loaded = python(
        "import sys, impactive_async\n"
        "impactive_async.AsyncClient('icrm_' + 'a' * 32)\n"
        f"print([name for name in {LATER} if name in sys.modules])"
    )
    assert loaded == "[]"


def test_calls_import_neither_feeds_nor_bulk_work_nor_files() -> None:
    """Plain calls of every resource, lists and writes, import no more of feeds than how lists behave."""
    loaded = python(PLAIN_CALLS, *RARE)
    assert set(loaded.split()) == LIGHT


def test_a_resource_imports_the_rows_that_it_returns() -> None:
    """`crm.sequences` does not import the classes of deals, invoices or bookings."""
    loaded = python(
        "import sys, impactive_async\n"
        "impactive_async.AsyncClient('icrm_' + 'a' * 32).sequences\n"
        "print(*sys.modules)"
    )
    rows = {name for name in vars(models)["_LAZY"] if f"impactive_async.models.{name}" in loaded.split()}
    assert rows == ROWS_OF_SEQUENCES


def test_submodules_are_attributes_without_an_import_of_their_own() -> None:
    """`impactive_async.models` and `.errors` can be used after `import impactive_async` alone."""
    assert python("import impactive_async as i; print(i.models.Contact.__name__, i.errors.APIError.__name__)") == (
        "Contact APIError"
    )


def test_a_view_has_resources_of_its_own() -> None:
    """A view's resources make calls with the view's options, also where the client's were used before."""
    client = impactive_async.AsyncClient("icrm_" + "a" * 32)
    assert client.contacts is client.contacts
    assert client.with_options(timeout=1).contacts is not client.contacts
