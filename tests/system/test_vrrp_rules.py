# SPDX-License-Identifier: Apache-2.0
"""VRRP's finer rules, with real packets: accept, preempt_delay, authentication headers of IPv6."""
import json
import socket
import time

import pytest
from bad_advertisements import AUTHENTICATION
from checks import requests
from director import service
from lab import VIP4, VIP6, wait_for
from netns import connect, inside
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


def answers_ping(place, vip):
    done = place.run("client", "ping", "-c", "1", "-W", "1", vip, check=False)
    return done.returncode == 0


def neighbour(place, vip):
    """What the client knows of its MAC address, asked anew."""
    place.run("client", "ip", "neigh", "del", vip, "dev", "eth0", check=False)
    answers_ping(place, vip)
    rows = json.loads(place.run("client", "ip", "-json", "neigh", "show", vip).stdout or "[]")
    return rows[0].get("lladdr") if rows else None


@pytest.mark.parametrize("v6", (False, True), ids=("ipv4", "ipv6"))
def test_accept_false_is_for_services_alone(place, lbd, v6):
    """RFC 9568 6.4.3: who is not the owner answers for its addresses (ARP, neighbour discovery) and accepts nothing."""
    vip, kernels = (VIP6, "2001:db8::21") if v6 else (VIP4, "192.0.2.21")
    web = service(weights=(1, 1), scheduler="rr", v6=v6)
    one = instance(virtual_addresses=[*(["fe80::20"] if v6 else []), vip, kernels])
    a = lbd(1)
    a.start(a.vrrp_config(one | {"accept": False}, services=[web]))
    is_state(a, "MASTER")
    own = json.loads(place.run("dir", "ip", "-json", "link", "show", "wan0").stdout)[0]["address"]
    with inside(place, "dir"):
        local = socket.create_server(("::" if v6 else "0.0.0.0", 8080),
                                     family=socket.AF_INET6 if v6 else socket.AF_INET)
    try:
        wait_for("the kernel to have them", lambda: a.holds(vip) and a.holds(kernels))
        for address in (vip, kernels):
            before = a.ask("counters")["verdicts"].get("not_listening", 0)
            assert neighbour(place, address) == own and not answers_ping(place, address)
            assert a.ask("counters")["verdicts"]["not_listening"] > before
        with pytest.raises(TimeoutError):
            connect(place, kernels, 8080, timeout=0.5)
        assert requests(place, 4, vip) == {"rs1": 2, "rs2": 2}
        assert answers_ping(place, "2001:db8::11" if v6 else a.address)  # its own is another matter
        for more in ({"accept": True}, {"accept": False, "priority": 255}):
            a.reload(a.vrrp_config(one | more, services=[web]))
            connect(place, kernels, 8080).close()
            assert answers_ping(place, vip), more
            assert requests(place, 4, vip) == {"rs1": 2, "rs2": 2}
        assert (a.state(), a.vrrp()["left_master"]) == ("MASTER", 0)
    finally:
        local.close()


def test_preempt_delay_begins_with_the_first_weaker_advertisement(lbd):
    delay = 2
    a, b = lbd(1), lbd(2)
    b.start(b.vrrp_config(instance(100)))
    is_state(b, "MASTER")
    a.start(a.vrrp_config(instance(200, preempt_delay=f"{delay}s")))
    wait_for("a to hear b", lambda: a.vrrp()["master"] == b.address)
    heard = time.monotonic()
    while time.monotonic() < heard + delay - 0.5:
        assert (a.state(), b.state()) == ("BACKUP", "MASTER")
    is_state(a, "MASTER", seconds=1.5)
    is_state(b, "BACKUP")
    # It is for who preempts, not for who inherits.
    a.reload(a.vrrp_config(instance(200, preempt_delay="1h")))
    a.ctl("vrrp", "step-down", "VI_1")
    is_state(b, "MASTER")
    b.kill()
    is_state(a, "MASTER", seconds=2)
