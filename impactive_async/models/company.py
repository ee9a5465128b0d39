"""Companies."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from impactive_async.models._pydantic import PydanticType


@attrs.frozen(kw_only=True)
class Company(PydanticType):
    """A company (optional fields: A9)."""

    id: str
    name: str
    website: str | None = None
    industry: str | None = None
    email: str | None = None
    phone: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
