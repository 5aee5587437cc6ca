"""Where a try comes from, as far as tries are told apart."""

import ipaddress
from typing import Final

__all__ = ["source_of"]

_NET: Final = 64


def source_of(address: str) -> str:
    """Return an address, or its /64 where it is one of IPv6; an empty text for this machine.

    Whatever comes by a proxy on this machine comes from this machine, and one must not slow down all.
    """
    try:
        there = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(there, ipaddress.IPv6Address):
        # A proxy may write an address of IPv4 as one of IPv6, where all of them are in one /64.
        there = there.ipv4_mapped or there
    if there.is_loopback:
        return ""
    is_wide = isinstance(there, ipaddress.IPv6Address)
    return str(ipaddress.ip_network((there, _NET), strict=False) if is_wide else there)
