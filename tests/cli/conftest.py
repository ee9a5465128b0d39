from collections.abc import Iterator

import pytest

from tests.cli.support import Live, live_sandbox


@pytest.fixture
def live() -> Iterator[Live]:
    """A sandbox with some rows of every kind."""
    with live_sandbox(seed="cli") as sandbox:
        yield sandbox
