from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.sandbox.calls import Api, MakeApi

Speak = Callable[..., AbstractAsyncContextManager[Api]]


@pytest.fixture
def speak(make_api: MakeApi) -> Speak:
    """Starts an empty sandbox whose operations have these settings: `speak({"*": {"cap": 3}}, ids=...)`."""

    def make(operations: dict[str, Any] | None = None, **top: Any) -> AbstractAsyncContextManager[Api]:
        return make_api(profile={"profile": 1, "operations": operations or {}, **top})

    return make
