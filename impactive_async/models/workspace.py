"""The workspace behind a key (contract #21)."""

from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Workspace:
    """The workspace that the API key opens."""

    id: str
    name: str | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
