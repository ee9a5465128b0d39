from collections.abc import Iterator

import pytest

from tests.cli.support import Live, live_sandbox


@pytest.fixture
def live(dialect: str) -> Iterator[Live]:
    """A sandbox with some rows of every kind."""
    with live_sandbox(seed="cli", dialect=dialect) as sandbox:
        yield sandbox
