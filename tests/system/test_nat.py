# SPDX-License-Identifier: Apache-2.0
"""nat with real clients and servers: by wan0 to the virtual address, by lan0 to the real servers, whose
gateway the director is."""
import time

import checks
import netns
import pytest
from big_echo import PORT as BIG
from big_echo import every_size_comes_back
from director import service
from echo import PORT, EchoClient
from lab import CLIENT4, CLIENT6, PORT4, PORT6, VIP4, VIP6, lan4, lan6, wait_for

VIPS = pytest.mark.parametrize("vip", [VIP4, VIP6])
LAN4, LAN6 = "198.51.100.11", "2001:db8:1::11"


@pytest.fixture(scope="module", autouse=True)
def gateway(lab):
    """The servers reach the client through the director; it is on a link of theirs otherwise."""
    for name in lab.server_names():
        lab.run(name, "ip", "route", "add", f"{CLIENT4}/32", "via", LAN4)
        lab.run(name, "ip", "route", "add", f"{CLIENT6}/128", "via", LAN6)
    yield
    for name in lab.server_names():
        lab.run(name, "ip", "route", "del", f"{CLIENT4}/32")
        lab.run(name, "ip", "route", "del", f"{CLIENT6}/128")


def nat_service(vip, name="web", servers=3, forwarding="nat", **more):
    made = service(name, forwarding=forwarding, scheduler="rr", v6=vip == VIP6, **more)
    address = lan6 if vip == VIP6 else lan4
    made["real_servers"] = [{"address": address(n)} for n in range(1, servers + 1)]
    return made


def serve(director, services, lan=None, **options):
    wan0 = {"name": "wan0", "device": "af_xdp:v0", "addresses": [f"{PORT4}/24", f"{PORT6}/64"]}
    lan0 = {"name": "lan0", "device": "af_xdp:v1", "addresses": [f"{LAN4}/24", f"{LAN6}/64"],
            **(lan or {})}
    director.start(director.config(services, ports=[wan0, lan0], **options))
    # Or the first packets wait for a neighbour, which on a busy machine may be longer than they may.
    wait_for("the servers' MAC addresses", lambda: all(
        server["next_hop"]["state"] == "reachable"
        for row in director.ask("services")["services"] for server in row["real_servers"]))


@VIPS
def test_both_directions_are_counted(lab, director, vip):
    serve(director, [nat_service(vip)], workers=2)
    assert sum(checks.requests(lab, 90, vip).values()) == 90
    row = director.ask("stats")["services"][0]
    assert row["packets_in"] >= 90 * 5 and row["packets_out"] >= 90 * 4
    assert row["bytes_out"] > row["packets_out"] * 40


@VIPS
@pytest.mark.parametrize("workers", [1, 4])
def test_ports_are_rewritten_and_datagrams_come_back(lab, director, echo, clients, vip, workers):
    udp = nat_service(vip, "udp", port=53, protocol="udp")
    tcp = nat_service(vip, "tcp", port=8000)
    for row in udp["real_servers"] + tcp["real_servers"]:
        row["port"] = PORT
    serve(director, [udp, tcp], workers=workers)
    for n in range(12):
        client = netns.udp(lab, vip, 53)
        clients.append(client)
        # An odd length, and one that fills the link.
        for data in (b"x" * (2 * n + 1), b"y" * 1400):
            client.send(data)
            assert client.recv(2000).endswith(data[:100])
    clients += [EchoClient(lab, vip, 8000) for _ in range(12)]
    assert {client.server for client in clients[12:]} == {"rs1", "rs2", "rs3"}
    assert all(client.says() for client in clients[12:])
    rows = checks.connections(director, "--service", "tcp")
    assert {row["state"] for row in rows} == {"ESTABLISHED"} and len(rows) == 12


@VIPS
@pytest.mark.parametrize("workers", [1, 4])
def test_one_packet(lab, director, echo, big_echo, clients, vip, workers):
    """Each datagram goes to the next server, each answer comes from the service, also in fragments."""
    udp = nat_service(vip, "udp", port=53, protocol="udp", one_packet=True)
    for row in udp["real_servers"]:
        row["port"] = PORT
    big = nat_service(vip, "big", servers=1, port=BIG, protocol="udp", one_packet=True)
    serve(director, [udp, big], workers=workers)
    client = netns.udp(lab, vip, 53)
    clients.append(client)
    answers = []
    for n in range(12):
        client.send(b"%d" % n)
        answers.append(client.recv(100).decode())
    assert [answer.split(":")[1] for answer in answers] == [str(n) for n in range(12)]
    assert {answer.split(":")[0] for answer in answers} == {"rs1", "rs2", "rs3"}
    every_size_comes_back(lab, director, vip, clients)
    assert checks.connections(director) == []
    rows = next(s for s in director.ask("stats")["services"] if s["name"] == "udp")
    assert rows["packets_in"] == rows["packets_out"] == rows["connections"] == 12


@VIPS
@pytest.mark.parametrize("one_packet", [False, True], ids=["connection", "one packet"])
def test_a_closed_port_is_known_to_the_client(lab, director, clients, vip, one_packet):
    """The server's ICMP error quotes the packet as the server got it; the client must know it."""
    closed = nat_service(vip, port=PORT + 1, protocol="udp", servers=1, one_packet=one_packet)
    serve(director, [closed], workers=2)
    client = netns.udp(lab, vip, PORT + 1, timeout=0.3)
    clients.append(client)

    def refused():
        try:
            client.send(b"anybody?")
            client.recv(100)
        except ConnectionRefusedError:
            return True
        except TimeoutError:
            return False
        return False

    wait_for("the server's port unreachable", refused, 5)


@VIPS
def test_what_a_server_sends_of_its_own_accord_is_routed(lab, director, vip):
    """The kernel of the director does it, if ip_forward is set, which is the operator's doing."""
    lab.run("dir", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    server = lab.start("client", "python3", "-m", "http.server", "8082", "--bind",
                       CLIENT6 if vip == VIP6 else CLIENT4, "--directory", lab.dir)
    # The client answers to the servers' network through the director as well.
    for prefix, via in (("198.51.100.0/24", PORT4), ("2001:db8:1::/64", PORT6)):
        lab.run("client", "ip", "route", "add", prefix, "via", via)
    try:
        serve(director, [nat_service(vip)])
        wait_for("the server to listen", lambda: "8082" in lab.run("client", "ss", "-tln").stdout)
        host = f"[{CLIENT6}]" if vip == VIP6 else CLIENT4
        source = lan6(1) if vip == VIP6 else lan4(1)
        deadline = time.monotonic() + 10
        while True:
            done = lab.run("rs1", "curl", "-sSgf", "--max-time", "3", "--interface", source,
                           f"http://{host}:8082/", check=False)
            if done.returncode == 0 or time.monotonic() > deadline:
                break
        assert done.returncode == 0, done.stderr
        assert director.ask("counters")["verdicts"]["punted"] > 0
        assert sum(checks.requests(lab, 6, vip).values()) == 6  # and the service goes on
    finally:
        server.terminate()
        server.wait(10)
        for prefix in ("198.51.100.0/24", "2001:db8:1::/64"):
            lab.run("client", "ip", "route", "del", prefix)
        lab.run("dir", "sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")
