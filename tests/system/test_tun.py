# SPDX-License-Identifier: Apache-2.0
"""Tunnels to real servers: nginx and curl, echo, all kinds and mixes of families, MTUs."""
import errno
import hashlib
import os
import socket

import checks
import netns
import pytest
from director import service
from echo import PORT, EchoClient
from lab import VIP4, VIP6, lan4, lan6, server4, server6, wait_for
from test_icmp import IP_MTU, IP_MTU_DISCOVER, IP_PMTUDISC_DO, IPV6_MTU, IPV6_MTU_DISCOVER, error_of, forget_mtu

KINDS = ("ipip", "gre", "gue")
OVERHEAD = {"ipip": 20, "gre": 24, "gue": 32}


def tun_service(kind, inner=4, outer=4, servers=(1, 2), address=None, **more):
    config = service(weights=[], scheduler="rr", v6=inner == 6, **more)
    address = address or (server6 if outer == 6 else server4)
    config["forwarding"] = "tun"
    config["real_servers"] = [{"address": address(n), "tunnel": {"type": kind}} for n in servers]
    return config


def carried(ends, kind, outer, inner):
    return sum(end.seen[kind, outer, inner] for end in ends.values())


@pytest.mark.parametrize("kind", KINDS)
def test_tunnels_are_shown(lab, director, ends, kind):
    director.start(director.config([tun_service(kind)]))
    before = carried(ends, kind, 4, 4)
    assert checks.requests(lab, 10) == {"rs1": 5, "rs2": 5}
    assert carried(ends, kind, 4, 4) >= before + 10 * 4  # SYN, ACK, GET, FIN
    shown = director.ask("services")["services"][0]
    assert shown["forwarding"] == "tun"
    assert [row["forwarding"] for row in shown["real_servers"]] == ["tun", "tun"]
    assert [row["tunnel"]["type"] for row in shown["real_servers"]] == [kind, kind]
    assert "Tunnel" in director.ctl("services").stdout


@pytest.mark.parametrize("kind,inner", [("ipip", 4), ("gue", 6)])
def test_by_a_route_with_two_workers(lab, director, ends, echo, kind, inner):
    """The server's address is in no port's network: a gateway leads there."""
    v6 = inner == 6
    config = tun_service(kind, inner, inner, servers=(1,), address=lan6 if v6 else lan4)
    route = ({"to": "2001:db8:1::/64", "via": server6(1)} if v6 else
             {"to": "198.51.100.0/24", "via": server4(1)})
    director.start(director.config([config], workers=2, routes=[route]))
    assert checks.requests(lab, 10, VIP6 if v6 else VIP4) == {"rs1": 10}


def test_much_data(lab, director, ends, echo, clients):
    director.start(director.config([tun_service("ipip", port=PORT)]))
    data = os.urandom(2 << 20)
    client = netns.connect(lab, VIP4, PORT, timeout=60)
    clients.append(client)
    stream = client.makefile("rb")
    assert stream.readline() in (b"rs1\n", b"rs2\n")
    digest = hashlib.sha256()
    for start in range(0, len(data), 1 << 16):
        client.sendall(data[start:start + (1 << 16)])
        digest.update(stream.read(1 << 16))
    assert digest.digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("inner", [4, 6])
@pytest.mark.parametrize("kind", KINDS)
def test_client_hears_what_fits(lab, director, ends, echo, clients, kind, inner):
    """Fragmentation needed and packet too big, with the tunnel's overhead taken off."""
    v6 = inner == 6
    vip = VIP6 if v6 else VIP4
    director.start(director.config([tun_service(kind, inner, 4, protocol="udp", port=PORT)]))
    client = netns.udp(lab, vip, PORT)
    clients.append(client)
    level = socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP
    client.setsockopt(level, IPV6_MTU_DISCOVER if v6 else IP_MTU_DISCOVER, IP_PMTUDISC_DO)
    headers = 48 if v6 else 28
    fits = 1500 - OVERHEAD[kind]
    try:
        assert error_of(client, b"x" * (1500 - headers)) == errno.EMSGSIZE
        assert client.getsockopt(level, IPV6_MTU if v6 else IP_MTU) == fits
        client.settimeout(5)
        client.send(b"x" * (fits - headers))
        assert client.recv(2000).split(b":")[0] in (b"rs1", b"rs2")
        if not v6 and kind != "gue":
            outers = [end.outer.get(kind) for end in ends.values()]
            assert any(o and o.length == 1500 and o.df for o in outers), outers
    finally:
        forget_mtu(lab)


def test_a_router_in_the_tunnel_says_less(lab, director, ends, echo, clients):
    """The way to the server has a link of 1400 bytes behind a router; what that says reaches the client with the
    overhead taken off, and is remembered for the next."""
    config = tun_service("ipip", protocol="udp", port=PORT, servers=(1,), address=lambda n: "203.0.113.1")
    route = {"to": "203.0.113.0/24", "via": server4(2)}
    # rs2 routes to rs1 by the second network, with a smaller MTU there.
    lab.run("rs1", "ip", "addr", "add", "203.0.113.1/32", "dev", "lo")
    lab.run("rs2", "sh", "-ec", "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0\n"
            f"ip route add 203.0.113.0/24 via {lan4(1)} mtu lock 1400")
    try:
        director.start(director.config([config], routes=[route]))
        client = netns.udp(lab, VIP4, PORT)
        clients.append(client)
        client.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        assert error_of(client, b"x" * (1480 - 28)) == errno.EMSGSIZE
        assert client.getsockopt(socket.IPPROTO_IP, IP_MTU) == 1380
        wait_for("the error to be counted", lambda: checks.drops(director).get("tunnel_error", 0) >= 1)
        client.settimeout(5)
        client.send(b"x" * (1380 - 28))
        assert client.recv(2000).startswith(b"rs1:")
        forget_mtu(lab)
        other = netns.udp(lab, VIP4, PORT)
        clients.append(other)
        other.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        before = checks.drops(director).get("mtu_exceeded", 0)
        assert error_of(other, b"x" * (1480 - 28)) == errno.EMSGSIZE
        assert checks.drops(director).get("mtu_exceeded", 0) > before  # answered by lbd itself
    finally:
        forget_mtu(lab)
        lab.run("rs2", "sh", "-ec", "sysctl -qw net.ipv4.ip_forward=0\nip route del 203.0.113.0/24")
        lab.run("rs1", "ip", "addr", "del", "203.0.113.1/32", "dev", "lo")


def test_reload_moves_new_connections_only(lab, director, ends, echo, clients):
    config = tun_service("ipip", port=PORT, servers=(1,))
    director.start(director.config([config]))
    old = EchoClient(lab, VIP4)
    clients.append(old)
    assert old.server == "rs1"
    before = carried(ends, "ipip", 4, 4)
    config["real_servers"][0]["tunnel"] = {"type": "gue"}
    report = director.reload(director.config([config]))
    assert any("tun ipip -> tun gue 6080" in line for line in report["changes"]), report
    new = EchoClient(lab, VIP4)
    clients.append(new)
    assert carried(ends, "gue", 4, 4) > 0
    for client in (old, new):
        assert client.says()
    assert carried(ends, "ipip", 4, 4) > before
