# SPDX-License-Identifier: Apache-2.0
"""What lbd itself tells clients: refused, unreachable, time exceeded, too big."""
import contextlib
import errno
import socket
import time

import checks
import netns
import pytest
from director import service
from echo import PORT
from lab import VIP4, VIP6, lan4, lan6, wait_for

VIPS = pytest.mark.parametrize("vip", [VIP4, VIP6])
IP_RECVERR, IPV6_RECVERR = 11, 25
IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU = 10, 2, 14
IPV6_MTU_DISCOVER, IPV6_MTU = 23, 24


def client_of(lab, clients, vip):
    made = netns.udp(lab, vip, PORT)
    clients.append(made)
    return made


def error_of(client, data=b"x", seconds=5):
    """The error that comes back for a datagram: sent again until it does, since the first ones may be
    lost to a neighbour that is not known yet or to a rate limit."""
    client.settimeout(0.2)

    def failed():
        try:
            client.send(data)
            client.recv(65536)
        except TimeoutError:
            return None
        except OSError as error:
            return error.errno
        return None

    return wait_for("an ICMP error", failed, seconds)


@VIPS
@pytest.mark.parametrize("weights", [[], [0, 0]])
def test_no_real_server_refuses_tcp_at_once(lab, director, vip, weights):
    director.start(director.config([service(weights=weights, v6=vip == VIP6)]))
    start = time.monotonic()
    with pytest.raises(ConnectionRefusedError):
        netns.connect(lab, vip, 80)
    assert time.monotonic() - start < 1
    counters = director.ask("counters")
    assert counters["verdicts"]["no_real_server"] >= 1
    assert counters["events"]["reset_sent"] >= 1


@VIPS
def test_no_real_server_makes_udp_unreachable(lab, director, clients, vip):
    director.start(director.config([service(weights=[0], v6=vip == VIP6, protocol="udp", port=PORT)]))
    assert error_of(client_of(lab, clients, vip)) == errno.ECONNREFUSED
    assert director.ask("counters")["events"]["icmp_error_sent"] >= 1


@VIPS
def test_ttl_used_up(lab, director, echo, clients, vip):
    director.start(director.config([service(weights=[1], v6=vip == VIP6, protocol="udp", port=PORT)]))
    client = client_of(lab, clients, vip)
    if vip == VIP4:
        client.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
        client.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    else:
        client.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 1)
        client.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    assert error_of(client) == errno.EHOSTUNREACH
    assert checks.drops(director)["ttl_exceeded"] >= 1


def behind_lan(director, v6):
    """Real server 1 behind lan0, whose MTU is smaller than that of wan0."""
    config = service(weights=[], v6=v6, protocol="udp", port=PORT)
    config["real_servers"] = [{"address": lan6(1) if v6 else lan4(1)}]
    wan0 = director.config()["ports"][0]
    lan0 = {"name": "lan0", "device": "af_xdp:v1", "mtu": 1400,
            "addresses": ["198.51.100.11/24", "2001:db8:1::11/64"]}
    return director.config([config], ports=[wan0, lan0])


def forget_mtu(lab):
    lab.run("client", "ip", "route", "flush", "cache")
    lab.run("client", "ip", "-6", "route", "flush", "cache")


@VIPS
def test_too_big_for_the_way_to_the_server(lab, director, echo, clients, vip):
    v6 = vip == VIP6
    director.start(behind_lan(director, v6))
    client = client_of(lab, clients, vip)
    level = socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP
    client.setsockopt(level, IPV6_MTU_DISCOVER if v6 else IP_MTU_DISCOVER, IP_PMTUDISC_DO)
    try:
        assert error_of(client, b"x" * 1440) == errno.EMSGSIZE
        assert client.getsockopt(level, IPV6_MTU if v6 else IP_MTU) == 1400
        assert checks.drops(director)["mtu_exceeded"] >= 1
    finally:
        forget_mtu(lab)


@VIPS
def test_two_ports(lab, director, echo, vip):
    """In by wan0, out by lan0; the server answers the client directly."""
    v6 = vip == VIP6
    config = service(weights=[], v6=v6)
    config["real_servers"] = [{"address": lan6(n) if v6 else lan4(n)} for n in (1, 2)]
    whole = behind_lan(director, v6) | {"services": [config]}
    config["scheduler"] = "rr"
    director.start(whole)
    assert checks.requests(lab, 100, vip) == {"rs1": 50, "rs2": 50}
    ports = {p["name"]: p for p in director.ask("counters")["ports"]}
    assert ports["wan0"]["received"] > 0 and ports["lan0"]["forwarded"] > 0


def test_errors_are_rate_limited(lab, director, clients):
    director.start(director.config([service(weights=[0], protocol="udp", port=PORT)]))
    client = client_of(lab, clients, VIP4)
    client.settimeout(0.0)
    for _ in range(20000):
        with contextlib.suppress(OSError):  # the ICMP error to an earlier datagram
            client.send(b"x")
    wait_for("the limit to bite",
             lambda: director.ask("counters")["events"]["reply_rate_limited"] > 0)
    assert director.ask("counters")["events"]["icmp_error_sent"] < 20000
