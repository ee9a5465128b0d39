"""Decide whether a PostgreSQL server keeps what is committed, from what `SETTINGS` answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from impactive_async.errors import ConfigurationError
from impactive_async.hub.postgres.errors import wrong_isolation

_OLDEST = 14

SETTINGS = """
    SELECT current_setting('server_version') AS server_version,
           current_setting('server_version_num')::integer AS version_number,
           pg_is_in_recovery() AS replica,
           current_setting('transaction_isolation') AS isolation,
           current_setting('fsync') AS fsync,
           current_setting('synchronous_commit') AS synchronous_commit
"""


def check_server(settings: Mapping[str, Any], *, allow_volatile: bool) -> None:
    """Check version, role and durability.

    Raises:
        ConfigurationError: What is wrong and what to do.
    """
    if settings["version_number"] < _OLDEST * 10_000:
        raise ConfigurationError(
            f"PostgreSQL {settings['server_version']} is too old for a hub: version {_OLDEST} or later is needed."
        )
    if settings["replica"]:
        raise ConfigurationError("This PostgreSQL is a read-only replica: connect to the primary.")
    if settings["isolation"] != "read committed":
        raise wrong_isolation(settings["isolation"])
    for name in ("fsync", "synchronous_commit"):
        if settings[name] == "off" and not allow_volatile:
            raise ConfigurationError(
                f"This PostgreSQL may lose commits in a crash: `{name}` is off. Set it to `on` for this database, "
                "or accept the loss: allow_volatile=True, `--allow-volatile`."
            )
