# SPDX-License-Identifier: Apache-2.0
"""ICMP errors about connections by fullnat, of one IP version and between two, as tshark reads them at the other
end: from whom, to whom, about which packet, with which MTU and a right checksum."""
import contextlib
import errno
import socket
import types

import checks
import large_page
import netns
import pytest
from lab import CLIENT4, CLIENT6, VIP4, VIP6, call, lan4, lan6, wait_for
from scapy.all import IP, UDP, ICMP, ICMPv6PacketTooBig, IPv6, Raw
from test_fullnat import LOCAL4, LOCAL6, config, fullnat_service, serve
from test_icmp import (IP_MTU, IP_MTU_DISCOVER, IP_PMTUDISC_DO, IPV6_MTU, IPV6_MTU_DISCOVER, client_of,
                       error_of, forget_mtu)

SILENT = 7998  # nobody listens there
DNS = 53
FAR4, FAR6 = "203.0.113.2", "2001:db8:f::2"
FIELDS = ["ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "icmp.type", "icmp.code", "icmp.mtu", "icmp.checksum.status",
          "icmpv6.type", "icmpv6.code", "icmpv6.mtu", "icmpv6.checksum.status", "udp.srcport", "udp.dstport",
          "tcp.srcport", "tcp.dstport"]

WAYS = pytest.mark.parametrize("vip,between", [
    pytest.param(VIP4, False, id="ipv4"), pytest.param(VIP6, False, id="ipv6"),
    pytest.param(VIP6, True, id="nat64"), pytest.param(VIP4, True, id="nat46")])


def service_of(vip, between, port, protocol, port_of_server):
    made = fullnat_service(vip, servers=1, port=port, protocol=protocol)
    made["real_servers"] = [{"address": server_of(vip, between), "port": port_of_server}]
    return made


def server_of(vip, between):
    return lan6(1) if (vip == VIP6) != between else lan4(1)


@contextlib.contextmanager
def errors_at(lab, name, link):
    """A function that returns the ICMP errors that came to a host so far."""
    capture = lab.dir / f"{name}-errors.pcap"
    capture.unlink(missing_ok=True)
    process = lab.start(name, "tshark", "-Q", "-i", link, "-f", "icmp or icmp6", "-w", capture)

    def errors():
        done = call(["tshark", "-r", str(capture), "-Y",
                     "icmp.type in {3, 11} or icmpv6.type in {1, 2, 3}", "-T", "fields",
                     *(word for field in FIELDS for word in ("-e", field))], check=False)
        rows = (dict(zip(FIELDS, line.split("\t"))) for line in done.stdout.splitlines())
        return [read_error(row) for row in rows]

    try:
        wait_for("tshark", lambda: capture.exists() and capture.stat().st_size >= 24)
        yield errors
    finally:
        process.terminate()
        process.wait(5)


def read_error(row):
    """tshark names the outer header's field first, then the quoted one's."""
    v6 = bool(row["ipv6.src"])
    ip, icmp = ("ipv6", "icmpv6") if v6 else ("ip", "icmp")
    source, destination = row[f"{ip}.src"].split(","), row[f"{ip}.dst"].split(",")
    l4 = "udp" if row["udp.srcport"] else "tcp"
    return types.SimpleNamespace(
        kind=(int(row[f"{icmp}.type"]), int(row[f"{icmp}.code"])), mtu=row[f"{icmp}.mtu"],
        checksum_good=row[f"{icmp}.checksum.status"].split(",")[0] == "1",
        source=source[0], destination=destination[0],
        quoted=(source[1], int(row[f"{l4}.srcport"]), destination[1], int(row[f"{l4}.dstport"])))


def to_host(errors, destination):
    return [error for error in errors() if error.destination == destination]


@WAYS
def test_port_unreachable_reaches_the_client(lab, director, clients, vip, between):
    serve(director, [service_of(vip, between, DNS, "udp", SILENT)], workers=2)
    v6 = vip == VIP6
    client = netns.udp(lab, vip, DNS)
    clients.append(client)
    me = CLIENT6 if v6 else CLIENT4
    with errors_at(lab, "client", "eth0") as errors:
        assert error_of(client) == errno.ECONNREFUSED
        [error, *_] = wait_for("the error in the capture", lambda: to_host(errors, me), 10)
    assert error.kind == ((1, 4) if v6 else (3, 3))
    assert error.source == vip and error.checksum_good
    assert error.quoted == (me, client.getsockname()[1], vip, DNS)
    assert checks.drops(director) == {}


@WAYS
def test_a_path_to_the_server_is_shorter(lab, director, echo, clients, vip, between):
    """A router between director and server says so (rs1 plays it): the client hears of what fits on its side."""
    from echo import PORT
    serve(director, [service_of(vip, between, DNS, "udp", PORT)], workers=2)
    v6 = vip == VIP6
    client = netns.udp(lab, vip, DNS)
    clients.append(client)
    level, option = (socket.IPPROTO_IPV6, IPV6_MTU) if v6 else (socket.IPPROTO_IP, IP_MTU)
    client.setsockopt(level, IPV6_MTU_DISCOVER if v6 else IP_MTU_DISCOVER, IP_PMTUDISC_DO)
    client.send(b"hello")
    assert client.recv(100) == b"rs1:hello"
    [row] = checks.connections(director)
    local, port = row["local"].rsplit(":", 1)
    server = server_of(vip, between)
    try:
        say_too_big(lab, local.strip("[]"), int(port), server, PORT, 1400)
        wanted = 1400 if not between else 1420 if v6 else 1380
        wait_for("the client to know", lambda: client.getsockopt(level, option) == wanted, 5)
    finally:
        forget_mtu(lab)


def say_too_big(lab, local, port, server, server_port, mtu):
    datagram = UDP(sport=port, dport=server_port) / Raw(b"x" * 1440)
    if ":" in local:
        with netns.inside(lab, "rs1"):
            made = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        quote = bytes(IPv6(src=local, dst=server) / datagram)[:1200]
        message = bytes(IPv6(src=server, dst=local) / ICMPv6PacketTooBig(mtu=mtu) / Raw(quote))[40:]
    else:
        with netns.inside(lab, "rs1"):
            made = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        quote = bytes(IP(src=local, dst=server, flags="DF") / datagram)[:500]
        message = bytes(ICMP(type=3, code=4, nexthopmtu=mtu) / Raw(quote))
    with made:
        made.sendto(message, (local, 0))


@pytest.fixture
def far(lab):
    """A host behind the client, which is its router; the way to it takes 1,400 bytes, as only the router knows."""
    lab._add_namespace("far")
    lab._script("client", f"ip link add down0 mtu 1400 type veth peer name up0 mtu 1500 netns {lab.ns('far')}\n"
                          "ip addr add 203.0.113.1/24 dev down0\nip addr add 2001:db8:f::1/64 dev down0 nodad\n"
                          "ip link set down0 up\nsysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
    lab._script("far", f"ip addr add {FAR4}/24 dev up0\nip addr add {FAR6}/64 dev up0 nodad\nip link set up0 up\n"
                       "ip route add default via 203.0.113.1\nip -6 route add default via 2001:db8:f::1")
    for name, link in (("client", "down0"), ("far", "up0")):
        lab.run(name, "ethtool", "-K", link, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
    yield "far"
    lab._script("client", "ip link del down0\nsysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0")
    call(["ip", "netns", "del", lab.ns("far")])
    for name in ("client", "rs1"):
        lab.run(name, "ip", "route", "flush", "cache")
        lab.run(name, "ip", "-6", "route", "flush", "cache")


@WAYS
def test_a_path_to_the_client_is_shorter(lab, director, far, vip, between):
    """A real router says so while a server sends 100 MiB: the server hears of what fits on its side, and all of it
    arrives."""
    v6 = vip == VIP6
    server = server_of(vip, between)
    routes = [{"to": "203.0.113.0/24", "via": CLIENT4}, {"to": "2001:db8:f::/64", "via": CLIENT6}]
    services = [service_of(vip, between, 8081, "tcp", 8081)]
    director.start(config(director, services, workers=2, routes=routes))
    wait_for("the server's MAC address", lambda: all(
        row["next_hop"]["state"] == "reachable" for row in director.ask("services")["services"][0]["real_servers"]))
    page = f"http://[{vip}]:8081/large" if v6 else f"http://{vip}:8081/large"
    with large_page.served(lab) as digest, errors_at(lab, "rs1", "eth1") as errors:
        done = lab.run(far, "sh", "-c", f"curl -sSgf --max-time 50 {page} | sha256sum")
        assert done.stdout.split()[0] == digest
        [error, *_] = wait_for("the error in the capture", lambda: to_host(errors, server), 10)
    assert error.kind == ((2, 0) if ":" in server else (3, 4))
    assert int(error.mtu) == (1400 if not between else 1380 if v6 else 1420)
    local = LOCAL6 if ":" in server else LOCAL4
    assert error.source in {local, "198.51.100.101"} and error.checksum_good
    assert error.quoted[:2] == (server, 8081) and error.quoted[2] == error.source
    assert set(checks.drops(director)) <= {"neighbour_timeout"}
