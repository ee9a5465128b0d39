"""The workspace behind a key."""

from collections.abc import Mapping
from typing import Any

import attrs

from impactive_async.models._pydantic import PydanticType


@attrs.frozen(kw_only=True)
class Workspace(PydanticType):
    """The workspace that the API key belongs to."""

    id: str
    name: str | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
