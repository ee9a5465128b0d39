"""Invoices."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from impactive_async.models._pydantic import PydanticType


@attrs.frozen(kw_only=True)
class Invoice(PydanticType):
    """An invoice, with the names of its company and contact (optional fields: A9)."""

    id: str
    invoice_number: str | None = None
    status: str | None = None
    currency: str | None = None
    subtotal: Decimal | None = None
    tax: Decimal | None = None
    total: Decimal | None = None
    due_date: datetime | None = None
    """A bare date is read as midnight UTC (A14)."""
    paid_date: datetime | None = None
    company_name: str | None = None
    contact_name: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
