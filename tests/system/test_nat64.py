# SPDX-License-Identifier: Apache-2.0
"""fullnat between IP versions: IPv6 clients of IPv4 servers (NAT64) and IPv4 clients of IPv6 servers (NAT46)."""
import ipaddress
import struct

import checks
import netns
import pytest
from echo import PORT, EchoClient
from lab import CLIENT4, CLIENT6, VIP4, VIP6, lan4, lan6
from test_client_address import curl, nginx, url  # noqa: F401 (nginx is a fixture)
from test_fullnat import LOCAL4, LOCAL6, fullnat_service, pool, serve

VIPS = pytest.mark.parametrize("vip", [pytest.param(VIP6, id="nat64"), pytest.param(VIP4, id="nat46")])


def between(vip, name="web", servers=3, port_of_servers=None, **more):
    """A fullnat service of `vip` on servers of the other version."""
    made = fullnat_service(vip, name, servers, **more)
    address = lan4 if vip == VIP6 else lan6
    made["real_servers"] = [{"address": address(n)} for n in range(1, servers + 1)]
    for row in made["real_servers"]:
        if port_of_servers:
            row["port"] = port_of_servers
    return made


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_requests_are_answered(lab, director, workers):
    serve(director, [between(VIP4), between(VIP6, "web6")], workers=workers)
    for vip in (VIP4, VIP6):
        answered = checks.requests(lab, 90, vip)
        assert sum(answered.values()) == 90
        assert all(abs(n - 30) <= workers * 2 for n in answered.values()), answered
    assert checks.drops(director) == {}
    assert pool(director)["used"] == 180


@VIPS
def test_what_is_seen_of_a_connection(lab, director, echo, clients, vip):
    """The server sees a local address of its version, lbctl shows both ends."""
    serve(director, [between(vip, "tcp", port=8000, port_of_servers=PORT)], workers=2)
    clients += [EchoClient(lab, vip, 8000) for _ in range(6)]
    assert all(client.says() for client in clients)
    client, local = (CLIENT6, LOCAL4) if vip == VIP6 else (CLIENT4, LOCAL6)
    for row in checks.connections(director, "--service", "tcp"):
        assert host(row["client"]) == client and host(row["virtual"]) == vip
        assert host(row["server"]) in {(lan4 if vip == VIP6 else lan6)(n) for n in (1, 2, 3)}
        assert host(row["local"]) in {local, "198.51.100.101"}
    shown = director.ctl("connections").stdout
    assert client in shown and vip in shown, shown
    seen = lab.run("rs1", "ss", "-Htn", "state", "established", f"( sport = :{PORT} )").stdout
    assert local in seen or "198.51.100.101" in seen, seen
    told = director.ask("explain", f"[{client}]:5555" if vip == VIP6 else f"{client}:5555",
                        f"[{vip}]:8000" if vip == VIP6 else f"{vip}:8000", "--size", "1490")
    new = told["candidates"][0]
    assert ("by IPv4" if vip == VIP6 else "by IPv6") in new["rewrite"], new
    assert (new["mtu"], new["fits"]) == ((1520, True) if vip == VIP6 else (1480, False))


def host(endpoint):
    return str(ipaddress.ip_address(endpoint.rsplit(":", 1)[0].strip("[]")))


@VIPS
def test_nginx_names_the_client(lab, director, nginx, vip):  # noqa: F811
    """By proxy-v2: the client's own address, though the server speaks the other version."""
    serve(director, [between(vip, servers=1, port=80, port_of_servers=8081, client_address="proxy-v2")])
    client = CLIENT6 if vip == VIP6 else CLIENT4
    for _ in range(20):
        assert curl(lab, url(vip, "who")) == client + "\n"
    assert checks.drops(director) == {}


@VIPS
def test_many_sizes_of_datagrams(lab, director, echo, clients, vip):
    serve(director, [between(vip, "udp", port=53, port_of_servers=PORT, protocol="udp")], workers=4)
    for n in range(8):
        client = netns.udp(lab, vip, 53)
        clients.append(client)
        for data in (struct.pack("B", n) * (2 * n + 1), b"y" * 1400):
            client.send(data)
            assert client.recv(2000).endswith(data[:100])  # as much as the echo server reads
    assert pool(director)["used"] == 8
