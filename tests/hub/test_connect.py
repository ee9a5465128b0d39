"""From URLs to hubs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from impactive_async import hub as public
from impactive_async.errors import ConfigurationError
from impactive_async.hub import SqliteHub, connect


@pytest.mark.parametrize(
    ("url", "engine"),
    [
        ("sqlite:///hub.db", "SqliteHub"),
        ("redis://127.0.0.1:1/0", "RedisHub"),
        ("rediss://127.0.0.1:1/0", "RedisHub"),
        ("unix:///tmp/redis.sock", "RedisHub"),
        ("postgresql://127.0.0.1:1/x", "PostgresHub"),
        ("postgres://127.0.0.1:1/x", "PostgresHub"),
    ],
)
def test_a_url_names_its_engine(url: str, engine: str) -> None:
    """Each scheme gives its adapter, and nothing is connected yet."""
    assert type(connect(url)).__name__ == engine


async def test_an_sqlite_path_is_absolute_with_four_slashes_and_may_be_quoted(tmp_path: Path) -> None:
    """The path after `sqlite:///` is the file's, percent-decoded."""
    async with connect(f"sqlite:///{tmp_path}/my%20hub.db") as hub:
        await hub.init()
    assert [file.name for file in list(tmp_path.iterdir())] == ["my hub.db"]  # noqa: ASYNC240 - one entry


@pytest.mark.parametrize(
    "url",
    [
        *("", "hub.db", "mysql://x", "sqlite://", "sqlite:///", "sqlite://host/x.db", "sqlite:///x.db?mode=ro"),
        *("sqlite:hub.db", "sqlite:/hub.db", "sqlite:/var/hub.db", "sqlite:///:memory:"),
    ],
)
def test_a_url_that_names_no_engine_is_refused(url: str) -> None:
    """An unknown or incomplete URL is a `ConfigurationError` that shows a good one."""
    with pytest.raises(ConfigurationError, match="sqlite:///"):
        connect(url)


@pytest.mark.parametrize("url", [None, 7, b"sqlite:///hub.db", Path("hub.db")])
def test_what_is_no_text_is_no_url(url: Any) -> None:
    """A variable that is not set, or a path, is told as what it is."""
    with pytest.raises(ConfigurationError, match=f"not {type(url).__name__}: use sqlite:///"):
        connect(url)


@pytest.mark.parametrize(
    "url",
    ["redis://127.0.0.1:port/0", "redis://[::1/0", "postgresql://[::1/x", "postgresql://127.0.0.1:port/x"],
)
def test_an_ill_formed_url_is_a_matter_of_configuration(url: str) -> None:
    """What cannot be read as a URL is told at once, and as that."""
    with pytest.raises(ConfigurationError, match="URL"):
        connect(url)


def test_an_sqlite_hub_has_no_namespace() -> None:
    """A namespace that would be ignored, and so mix two hubs in one file, is refused."""
    with pytest.raises(ConfigurationError, match="name another file instead of 'billing'"):
        connect("sqlite:///hub.db", namespace="billing")
    connect("sqlite:///hub.db", namespace="impactive")


@pytest.mark.parametrize(
    ("url", "driver", "extra"),
    [("redis://x", "redis", "redis"), ("postgresql://x", "asyncpg", "postgres")],
)
def test_a_missing_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, url: str, driver: str, extra: str
) -> None:
    """Without its driver an engine is a `ConfigurationError` with the command to run."""
    monkeypatch.setitem(sys.modules, driver, None)  # how Python marks a blocked import
    for module in (f"impactive_async.hub.{extra}", f"impactive_async.hub.{extra}.hub"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(ConfigurationError, match=rf"pip install 'impactive-async\[{extra}\]'"):
        connect(url)


def test_the_public_names_are_pinned() -> None:
    """What `impactive_async.hub` offers changes only on purpose."""
    offered: Any = public.__all__
    assert offered == sorted(offered)
    assert all(hasattr(public, name) for name in offered)
    assert {"Hub", "Claim", "HubError", "HubStatus", "HubEvent", "Delivery", "SqliteHub", "connect"} <= set(
        offered
    )
    assert SqliteHub is public.SqliteHub


def test_the_old_name_of_an_event_is_deprecated() -> None:
    """`hub.Event` is `HubEvent` for one more version, with a warning; no other name is made up."""
    with pytest.warns(DeprecationWarning, match="HubEvent"):
        assert public.Event is public.HubEvent
    with pytest.raises(AttributeError, match="Evnt"):
        public.Evnt  # noqa: B018 - it raises
