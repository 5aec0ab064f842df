# SPDX-License-Identifier: Apache-2.0
"""VRRP's finer rules, with real packets: IPv6 advertisements behind an authentication header."""
import socket

import pytest
from bad_advertisements import AUTHENTICATION
from lab import VIP6, wait_for
from netns import inside
from vrrp_lab import instance, is_state

AH = 51
SIX = instance(virtual_addresses=["fe80::20", VIP6])


@pytest.fixture
def stranger(place):
    """A raw IPv6 socket of protocol AH on the link of the directors."""
    place.run("dir3", "sh", "-ec", "sysctl -qw net.ipv6.conf.v0.disable_ipv6=0 "
                                   "net.ipv6.conf.v0.accept_dad=0\n"
                                   "ip addr replace fe80::bad/64 dev v0 nodad")
    with inside(place, "dir3"):
        made = socket.socket(socket.AF_INET6, socket.SOCK_RAW, AH)
        link = socket.if_nametoindex("v0")
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, link)
    for hops in (socket.IPV6_MULTICAST_HOPS, socket.IPV6_UNICAST_HOPS):
        made.setsockopt(socket.IPPROTO_IPV6, hops, 255)
    made.bind(("fe80::bad", 0, 0, link))
    yield lambda data, to: made.sendto(data, (to, 0, 0, link))
    made.close()
    place.run("dir3", "sh", "-ec", "ip -6 addr flush dev v0\nsysctl -qw net.ipv6.conf.v0.disable_ipv6=1")


def test_an_authentication_header_of_ipv6(place, lbd, stranger):
    a = lbd(1)
    a.start(a.vrrp_config(SIX))
    is_state(a, "MASTER")
    inner = bytes([0x31, 51, 254, 0, 0, 10, 0, 0])

    def counted():
        return a.vrrp()["errors"]["authentication_header"]

    stranger(AUTHENTICATION[:7], "ff02::12")  # cut short: nobody knows whose it is
    stranger(bytes([6]) + AUTHENTICATION[1:] + inner, "ff02::12")  # somebody's TCP
    stranger(AUTHENTICATION + inner, "ff02::12")
    wait_for("it to be counted", lambda: counted() == 1)
    stranger(AUTHENTICATION + inner, a.vrrp()["source"])
    wait_for("the unicast one to be counted", lambda: counted() == 2)
    row = a.vrrp()
    assert sum(row["errors"].values()) == 2
    assert (row["state"], row["left_master"]) == ("MASTER", 0)
    said = [line for line in a.log.read_text().splitlines() if "IPsec authentication header" in line]
    assert len(said) == 1 and "fe80::bad" in said[0]
