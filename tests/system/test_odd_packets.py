# SPDX-License-Identifier: Apache-2.0
"""Packets that no kernel sends, over the wire: each ends under its own name, and lbd goes on."""
import socket

import checks
import netns
import pytest
from director import service
from lab import CLIENT4, CLIENT6, VIP4, VIP6, wait_for
from scapy.all import (ICMP, IP, TCP, UDP, Dot1Q, Ether, IPv6, IPv6ExtHdrFragment,
                       IPv6ExtHdrHopByHop, Raw, fragment)

ETH_P_ALL = 3


def tcp4(**ip):
    return IP(**{"src": CLIENT4, "dst": VIP4, **ip}) / TCP(sport=4711, dport=80, flags="S")


def tcp6(**ip):
    return IPv6(**{"src": CLIENT6, "dst": VIP6, **ip}) / TCP(sport=4711, dport=80, flags="S")


def cut(packet, size):
    return Raw(bytes(packet)[:size])


# name: (EtherType's layer over what, verdict)
ODD = {
    "vlan": (lambda: Dot1Q(vlan=7) / tcp4(), "vlan_tagged"),
    "short IPv4": (lambda: cut(tcp4(), 12), "truncated"),
    "IPv4 that is IPv6": (lambda: tcp4(version=6), "bad_ip_version"),
    "IPv4 header of 16 bytes": (lambda: tcp4(ihl=4), "bad_ip_header_length"),
    "IPv4 longer than the frame": (lambda: tcp4(len=900), "bad_ip_length"),
    "IPv4 checksum": (lambda: tcp4(chksum=0x1234), "bad_ip_checksum"),
    "IPv4 from multicast": (lambda: tcp4(src="224.0.0.5"), "martian"),
    "IPv4 from loopback": (lambda: tcp4(src="127.0.0.1"), "martian"),
    "IPv6 from multicast": (lambda: tcp6(src="ff02::1"), "martian"),
    "IPv6 longer than the frame": (lambda: tcp6(plen=900), "bad_ip_length"),
    "TCP header cut": (lambda: IP(src=CLIENT4, dst=VIP4, proto=6) / Raw(b"x" * 12), "bad_l4_header"),
    "TCP data offset": (lambda: IP(src=CLIENT4, dst=VIP4) / TCP(dport=80, flags="S", dataofs=3),
                        "bad_l4_header"),
    "TCP checksum": (lambda: IP(src=CLIENT4, dst=VIP4) / TCP(dport=80, flags="S", chksum=0x1234),
                     "bad_l4_checksum"),
    "TCP without a connection": (lambda: IP(src=CLIENT4, dst=VIP4) / TCP(dport=80, flags="A"),
                                 "no_connection"),
    "port of no service": (lambda: IP(src=CLIENT4, dst=VIP4) / UDP(dport=80) / b"x",
                           "not_listening"),
    "IPv4 fragment": (lambda: fragment(IP(src=CLIENT4, dst=VIP4) / UDP(dport=80) / (b"x" * 2000),
                                       1000)[1], "fragment_timeout"),
    "IPv6 fragment": (lambda: IPv6(src=CLIENT6, dst=VIP6) / IPv6ExtHdrFragment(offset=9, m=1, id=1)
                      / UDP(dport=80) / (b"x" * 64), "fragment_timeout"),
    "IPv6 extension header cut": (lambda: cut(IPv6(src=CLIENT6, dst=VIP6, plen=4, nh=0)
                                              / IPv6ExtHdrHopByHop(), 44), "bad_extension_header"),
}


@pytest.fixture(scope="module")
def wire(lab):
    """Sends frames as they are, from the client's interface."""
    made = netns.make_socket(lab, "client", socket.AF_PACKET, socket.SOCK_RAW)
    with netns.inside(lab, "client"):
        made.bind(("eth0", ETH_P_ALL))
    yield made
    made.close()


@pytest.fixture
def running(lab, director):
    director.start(director.config([service(weights=[1]), service("web6", [1], v6=True)]))
    return director


def frame_to(lab, payload, name):
    mac = checks.ip_json(lab, "link", "show", "v0")[0]["address"]
    ether = Ether(dst=mac, src="02:00:00:00:00:99")
    if "vlan" in name:
        return bytes(ether / payload)
    ether.type = 0x86DD if "IPv6" in name and "that is" not in name else 0x0800
    return bytes(ether / payload)


@pytest.mark.parametrize("name", ODD)
def test_it_ends_under_its_name(lab, running, wire, name):
    build, verdict = ODD[name]
    wire.send(frame_to(lab, build(), name))
    wait_for(f"{verdict} to count {name}", lambda: checks.drops(running).get(verdict, 0) >= 1, 5)
    assert checks.requests(lab, 2) == {"rs1": 2}


def test_noise_harms_nobody(lab, running, wire):
    """Every odd packet cut at every length."""
    sent = 0
    for name, (build, _) in ODD.items():
        frame = frame_to(lab, build(), name)
        # The bridge on the way reads VLAN tags and drops what is too short for one.
        for size in range(20 if name == "vlan" else 14, min(len(frame), 120)):
            wire.send(frame[:size])
            sent += 1
        wait_for(f"{name} to be counted", lambda: running.ask("counters")["received"] >= sent, 5)
    broken = IP(src=CLIENT4, dst=VIP4) / ICMP(type=3, code=4) / Raw(b"E" * 5)
    wire.send(frame_to(lab, broken, "icmp"))
    assert checks.requests(lab, 2) == {"rs1": 2}
