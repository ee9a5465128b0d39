"""Projects."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from impactive_async.models._pydantic import PydanticType


@attrs.frozen(kw_only=True)
class Project(PydanticType):
    """A project, with the names of its stage and company (optional fields: A9)."""

    id: str
    name: str | None = None
    status: str | None = None
    stage_name: str | None = None
    company_name: str | None = None
    start_date: datetime | None = None
    """A bare date is read as midnight UTC (A14)."""
    due_date: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
