# SPDX-License-Identifier: Apache-2.0
"""Addresses as keepalived writes them and as lb.yaml wants them."""
import ipaddress


def address(text):
    """An ip_address, or None."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def interface(text):
    """ADDRESS[/LENGTH or /MASK] as an ip_interface, or None."""
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        return None


def network(text):
    """A prefix without host bits; 0.0.0.0/0 and default alike. None where it is none."""
    if text in ("default", "any", "all"):
        return ipaddress.ip_network("0.0.0.0/0")
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def endpoint(where, port):
    """`where`: an address or network, or its text."""
    text = str(where)
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"


def networks_of(first, last):
    """Prefixes that hold first..last and nothing else; hosts without a length."""
    return [
        str(n.network_address) if n.prefixlen == n.max_prefixlen else str(n)
        for n in ipaddress.summarize_address_range(first, last)
    ]


def virtual_range(text):
    """Of a virtual_server_group: ADDRESS, ADDRESS/LENGTH, FIRST-LAST; the last one may be its
    final part only (in hexadecimal for IPv6). [(prefix text)], or None."""
    if "/" in text:
        net = network(text)
        return None if net is None else networks_of(net[0], net[-1])
    first, dash, last = text.partition("-")
    first = address(first)
    if first is None:
        return None
    if not dash:
        return [str(first)]
    end = address(last)
    try:
        if end is None and first.version == 4:
            end = address(f"{str(first).rsplit('.', 1)[0]}.{int(last)}")
        elif end is None:
            end = ipaddress.ip_address((int(first) & ~0xFFFF) | int(last, 16))
        return networks_of(first, end)
    except (ValueError, TypeError):
        return None
