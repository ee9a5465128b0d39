"""Contacts: the people of a workspace (contract #1-#3, #24, #25)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Contact:
    """A person, as both surfaces list them (contract #1, #24; optional fields: A9)."""

    id: str
    first_name: str
    last_name: str
    email: str | None = None
    phone: str | None = None
    title: str | None = None
    company_id: str | None = None
    company_name: str | None = None
    """Resolved by the server on the Zapier surface only."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class ContactDraft:
    """A contact to be created, alone or in a batch (contract #2). `None` means: not given."""

    first_name: str
    last_name: str
    email: str | None = None
    phone: str | None = None
    title: str | None = None
    company_id: str | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
