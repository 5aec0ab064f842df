# SPDX-License-Identifier: Apache-2.0
"""Forwarding methods: lvs_method, lb_kind."""
from .yaml_out import Map

METHODS = {"NAT": "nat", "DR": "dr", "TUN": "tun"}


def method_of(statement, report):
    """NAT, DR or TUN [type T [port N] [nocsum|csum|remcsum]] -> (forwarding, tunnel or None)"""
    words = [w.lower() for w in statement.rest]
    name = words[0].upper() if words else ""
    if name not in METHODS:
        report.error(statement.place, f"{statement.text}: write NAT, DR or TUN")
        return "nat", None
    if name != "TUN":
        return METHODS[name], None
    tunnel = Map()
    kind = words[words.index("type") + 1] if "type" in words[:-1] else "ipip"
    tunnel.add("type", kind)
    if "port" in words[:-1]:
        tunnel.add("port", int(words[words.index("port") + 1]))
    if {"csum", "remcsum"} & set(words):
        report.warning(statement.place, "lbd's tunnels carry no checksum of their own")
    return "tun", tunnel
