"""Which addresses are this machine's own: no proxy leads to them."""

import ipaddress


def is_loopback(host: str | None) -> bool:
    """Tell whether a host, a name or an IP address, is this machine.

    https://www.rfc-editor.org/rfc/rfc6761#section-6.3
    """
    name = (host or "").rstrip(".").lower().partition("%")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
