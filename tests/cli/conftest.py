from collections.abc import Callable, Iterator

import pytest

from impactive_async.sandbox import Sandbox
from tests.cli.support import Live, live_sandbox
from tests.sandbox.dialect.spoken import CONTRACT


@pytest.fixture
def live(dialect: str, check_silence: Callable[[Sandbox], None]) -> Iterator[Live]:
    """A sandbox with some rows of every kind. Its dialect is known, so that nothing warns."""
    with live_sandbox(seed="cli", dialect=dialect, known=None if dialect == CONTRACT else dialect) as sandbox:
        yield sandbox
        check_silence(sandbox.sandbox)
