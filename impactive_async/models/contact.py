"""Contacts: the people of a workspace."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from impactive_async.models._pydantic import PydanticType


@attrs.frozen(kw_only=True)
class Contact(PydanticType):
    """A person, as `crm.contacts` and `crm.zapier.contacts` list it (optional fields: A9)."""

    id: str
    first_name: str
    last_name: str
    email: str | None = None
    phone: str | None = None
    title: str | None = None
    company_id: str | None = None
    company_name: str | None = None
    """Only rows of `crm.zapier.contacts` have it."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class ContactDraft(PydanticType):
    """A contact to be created, alone or in a batch. A field that is `None` is not sent."""

    first_name: str
    last_name: str
    email: str | None = None
    phone: str | None = None
    title: str | None = None
    company_id: str | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
