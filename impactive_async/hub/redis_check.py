"""Whether a Redis server keeps what it is given. Pure: over what `INFO` answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from impactive_async.errors import ConfigurationError

SCHEMA_VERSION = 1
_OLDEST = 7


def check_server(info: Mapping[str, Any], *, allow_volatile: bool) -> None:
    """Check version, eviction policy and persistence.

    Raises:
        ConfigurationError: What is wrong and what to do.
    """
    version = str(info["redis_version"])
    if int(version.split(".")[0]) < _OLDEST:
        raise ConfigurationError(f"Redis {version} is too old for a hub: version {_OLDEST} or later is needed.")
    if info.get("role") not in {None, "master"}:
        raise ConfigurationError("This Redis is a replica: connect to the master.")
    if not allow_volatile:
        _check_eviction(info)
        _check_persistence(info)


def _check_eviction(info: Mapping[str, Any]) -> None:
    policy = info.get("maxmemory_policy")
    if policy != "noeviction":
        raise ConfigurationError(
            f"This Redis may evict cursors and events (maxmemory-policy {policy}). Set "
            "`maxmemory-policy noeviction`, or accept the loss: allow_volatile=True, `--allow-volatile`."
        )


def _check_persistence(info: Mapping[str, Any]) -> None:
    if not int(info.get("aof_enabled", 0)):
        raise ConfigurationError(
            "This Redis forgets what was committed since its last snapshot when it restarts: it keeps no "
            "append-only file. Start it with `--appendonly yes`, or accept the loss: allow_volatile=True, "
            "`--allow-volatile`."
        )


def check_fsync(policy: str | None, *, allow_volatile: bool) -> None:
    """Check when the append-only file is flushed; None: the server does not tell, which is let pass.

    `everysec` is accepted: a power cut then takes back cursors and events of one moment together, and what is
    polled again has the same ids.

    Raises:
        ConfigurationError: Never, unless the system sees fit.
    """
    if policy == "no" and not allow_volatile:
        raise ConfigurationError(
            "This Redis leaves it to the system when its append-only file reaches the disk (appendfsync no). Set "
            "`appendfsync everysec` or `always`, or accept the loss: allow_volatile=True, `--allow-volatile`."
        )


def no_hub() -> ConfigurationError:
    """The error where no hub was made."""
    return ConfigurationError("This Redis holds no hub of that namespace yet: run `impactive hub init`.")


def check_schema(fields: Sequence[str | bytes | None]) -> None:
    """Check the version of the hub's keys, the only one of `fields`.

    Raises:
        ConfigurationError: There is none, or another one.
    """
    (version,) = fields
    if version is None:
        raise no_hub()
    if int(version) > SCHEMA_VERSION:
        raise ConfigurationError(
            f"The hub's keys are of version {int(version)}, this program knows {SCHEMA_VERSION}: upgrade it."
        )
