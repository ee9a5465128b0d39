"""Sending accounts."""

from collections.abc import Mapping
from typing import Any

import attrs

from impactive_async.models._pydantic import PydanticType


@attrs.frozen(kw_only=True)
class SendingAccount(PydanticType):
    """An SMTP account that sequences can send from. Credentials are never returned."""

    id: str
    name: str | None = None
    from_name: str | None = None
    from_email: str | None = None
    smtp_host: str | None = None
    sync_enabled: bool | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
