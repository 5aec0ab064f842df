# SPDX-License-Identifier: Apache-2.0
"""Datagrams larger than the MTU: their fragments follow the first one, in any order, by any worker."""
import socket

import checks
import netns
import pytest
from big_echo import PORT
from director import service
from lab import CLIENT4, CLIENT6, VIP4, VIP6, server4, server6, wait_for
from scapy.all import IP, UDP, Ether, IPv6, IPv6ExtHdrFragment, Raw, fragment, fragment6


@pytest.mark.parametrize("v6", [False, True])
def test_out_of_order_and_overlapping(lab, director, big_echo, v6):
    config = service(weights=[], scheduler="rr", v6=v6, protocol="udp", port=PORT)
    config["real_servers"] = [{"address": (server6 if v6 else server4)(n)} for n in (1, 2)]
    director.start(director.config([config], workers=2))
    vip = VIP6 if v6 else VIP4
    mac = checks.ip_json(lab, "link", "show", "v0")[0]["address"]
    wire = netns.make_socket(lab, "client", socket.AF_PACKET, socket.SOCK_RAW)
    with netns.inside(lab, "client"):
        wire.bind(("eth0", 3))
    data = bytes(i % 253 for i in range(4000))
    datagram = UDP(sport=4004, dport=PORT) / Raw(data)
    if v6:
        whole = IPv6(src=CLIENT6, dst=vip) / IPv6ExtHdrFragment(id=77) / datagram
        pieces = fragment6(whole, 1400)
    else:
        pieces = fragment(IP(src=CLIENT4, dst=vip, id=77) / datagram, 1400)
    ether = Ether(dst=mac, src="02:00:00:00:00:99", type=0x86DD if v6 else 0x0800)
    assert len(pieces) >= 3
    with wire:
        for piece in [pieces[-1], *pieces[1:-1], pieces[-1]]:
            wire.send(bytes(ether / piece))
        wait_for("fragments to wait", lambda: director.ask("counters")["events"].get("fragment_held", 0) >= 2, 5)
        wait_for("the overlap", lambda: checks.drops(director).get("fragment_overlap", 0) == 1, 5)
        wire.send(bytes(ether / pieces[0]))
        wait_for("the datagram", lambda: any(heard == data for _, heard in big_echo.heard), 5)
