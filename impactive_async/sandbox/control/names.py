"""The names under which a sandbox may be steered without a token."""

from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = ["is_own_name"]


def is_own_name(asked: str | None, told: str) -> bool:
    """Whether a header `Host` names this machine, or the host that a sandbox was told to listen on.

    A page in a browser can have a name of its own resolve to this machine, and is then of the sandbox's origin. It
    cannot have `localhost` or an address for its name.
    """
    try:
        host = (urlsplit(f"//{asked or ''}").hostname or "").rstrip(".")
    except ValueError:
        return False
    return host in ("localhost", told.lower()) or host.endswith(".localhost") or _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
