"""Deals."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from impactive_async.models._pydantic import PydanticType


@attrs.frozen(kw_only=True)
class Deal(PydanticType):
    """A deal, with the names of its stage, company and primary contact (optional fields: A9)."""

    id: str
    name: str
    value: Decimal | None = None
    currency: str | None = None
    stage_id: str | None = None
    stage_name: str | None = None
    company_id: str | None = None
    company_name: str | None = None
    contact_id: str | None = None
    primary_contact_name: str | None = None
    expected_close_date: datetime | None = None
    """A bare date is read as midnight UTC (A14)."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
