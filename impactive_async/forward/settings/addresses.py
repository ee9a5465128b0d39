"""Addresses that a destination written by a stranger must not lead to."""

from __future__ import annotations

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.ip_network("::/96")
_UNICAST: Final = ipaddress.ip_network("2000::/3")
"""All that is assigned to the public internet of IPv6; what is outside leads to hosts of some network."""

_PROTOCOLS: Final = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("192.88.99.0/24"))
"""Of IPv4, what some versions of Python take for global although protocols use it."""


class NotPublicError(PermissionError):
    """The address is not one of the public internet."""


def is_address(text: str) -> bool:
    """Return whether a text is an IP address."""
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Return whether an address is of the public internet: not private, loopback or multicast.

    An IPv6 address that leads to an IPv4 address is judged as that one.
    """
    if not is_address(address):
        return False
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return all(_is_global(one) for one in _destinations(parsed))


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    if any(address in network for network in _PROTOCOLS):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _destinations(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """Return the addresses that packets to this one may reach."""
    if isinstance(address, IPv4Address):
        return [address]
    if address in _NAT64 or address in _COMPATIBLE:
        return [IPv4Address(int(address) & 0xFFFF_FFFF)]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    within = address.sixtofour or (address.teredo[1] if address.teredo else None)
    return [address, *([within] if within else [])]


def public_socket(found: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
    """Open the socket for a connection, unless its address is not public.

    aiohttp calls this for each address that it is about to connect to, once names are resolved: a name that
    resolves to another address each time gains nothing.

    Raises:
        NotPublicError: It is not.
    """
    family, kind, protocol, _, address = found
    if not is_public(str(address[0])):
        raise NotPublicError("its address is not public, and --public-only allows no other")
    return socket.socket(family, kind, protocol)
