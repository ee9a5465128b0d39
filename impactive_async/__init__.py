"""Asyncio-first SDK for ImpactiveAI CRM: typed calls, and event streams that lose nothing.

async with AsyncClient() as crm:
    ada = await crm.contacts.create(first_name="Ada", last_name="Lovelace", email="ada@example.com")
"""

from impactive_async import errors, models
from impactive_async._clock import Clock
from impactive_async._http.retry import RetryPolicy
from impactive_async._unset import UNSET, Unset
from impactive_async._version import __version__
from impactive_async.client import AsyncClient, ClientStats
from impactive_async.errors import *  # noqa: F403
from impactive_async.models import *  # noqa: F403

__all__ = [
    "UNSET",
    "AsyncClient",
    "ClientStats",
    "Clock",
    "RetryPolicy",
    "Unset",
    "__version__",
    *errors.__all__,
    *models.__all__,
]
