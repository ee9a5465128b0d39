"""Decide whether a Redis server keeps what is committed, from what `INFO` and `CONFIG` answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from impactive_async.errors import ConfigurationError
from impactive_async.hub.contract.versions import check_version

_OLDEST = 7


def check_server(info: Mapping[str, Any], kind: str, *, allow_volatile: bool) -> None:
    """Check version, mode, eviction policy and persistence.

    Args:
        info: What the server answers to `INFO`.
        kind: The mode that the URL names: `standalone` or `cluster`.
        allow_volatile: Whether a server that may lose data passes.

    Raises:
        ConfigurationError: What is wrong and what to do.
    """
    version = str(info["redis_version"])
    if int(version.split(".")[0]) < _OLDEST:
        raise ConfigurationError(f"Redis {version} is too old for a hub: version {_OLDEST} or later is needed.")
    check_mode(info, kind)
    if info.get("role") not in {None, "master"}:
        raise ConfigurationError("This Redis is a replica: connect to the master.")
    if not allow_volatile:
        _check_eviction(info)
        _check_persistence(info)


def check_mode(info: Mapping[str, Any], kind: str) -> None:
    """Check that the server is of the kind that the URL names.

    Raises:
        ConfigurationError: What to write instead.
    """
    mode = info.get("redis_mode", kind)
    if mode != kind:
        raise wrong_mode(mode)


def wrong_mode(mode: str) -> ConfigurationError:
    """Return the error for a server of another kind than the URL names."""
    advice = {
        "cluster": "This Redis is one of a cluster: use redis+cluster://host:6379, or rediss+cluster.",
        "sentinel": "This is a Sentinel, which holds no data: use redis+sentinel://host:26379/service/0.",
    }
    return ConfigurationError(advice.get(mode, "This Redis is no cluster: use redis://host:6379/0, or rediss."))


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
            "This Redis keeps no append-only file: a restart loses what was committed since its last snapshot. "
            "Start it with `--appendonly yes`, or accept the loss: allow_volatile=True, `--allow-volatile`."
        )


def check_fsync(policy: str | None, *, allow_volatile: bool) -> None:
    """Check `appendfsync`, the setting that says when the append-only file is flushed to the disk.

    `everysec` passes: a power cut loses the cursors and the events of the last second together, and what is polled
    again has the same ids.

    Args:
        policy: The setting; None if the server does not tell, which passes too.
        allow_volatile: Whether `no` passes.

    Raises:
        ConfigurationError: The setting is `no`: the operating system decides when to flush.
    """
    if policy == "no" and not allow_volatile:
        raise ConfigurationError(
            "This Redis may lose the commits of half a minute in a power cut: the operating system decides when "
            "its append-only file reaches the disk (appendfsync no). Set `appendfsync everysec` or `always`, or "
            "accept the loss: allow_volatile=True, `--allow-volatile`."
        )


def no_hub() -> ConfigurationError:
    """Return the error for a namespace in which no hub was made."""
    return ConfigurationError("This Redis holds no hub of that namespace yet: run `impactive hub init`.")


def check_schema(fields: Sequence[str | bytes | None]) -> None:
    """Check the version of the hub's keys, which is the only item of `fields`.

    Raises:
        ConfigurationError: There is no hub, or it has another version.
    """
    (version,) = fields
    if version is None:
        raise no_hub()
    check_version(int(version))
