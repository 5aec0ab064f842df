# SPDX-License-Identifier: Apache-2.0
"""fullnat with real clients and servers. The servers answer local addresses of lan0's; they need no route to
the client, and have one by another way, which nothing takes."""
import contextlib
import socket

import checks
import netns
import pytest
from director import service
from echo import PORT, EchoClient
from lab import PORT4, PORT6, VIP4, VIP6, lan4, lan6, wait_for

VIPS = pytest.mark.parametrize("vip", [VIP4, VIP6])
SINK = 7999
LOCAL4, LOCAL6 = "198.51.100.100", "2001:db8:1::100"


def fullnat_service(vip, name="web", servers=3, **more):
    made = service(name, scheduler="rr", v6=vip == VIP6, **more)
    made["forwarding"] = "fullnat"
    address = lan6 if vip == VIP6 else lan4
    made["real_servers"] = [{"address": address(n)} for n in range(1, servers + 1)]
    return made


def config(director, services, local4=f"{LOCAL4}-198.51.100.101", **options):
    wan0 = {"name": "wan0", "device": "af_xdp:v0", "addresses": [f"{PORT4}/24", f"{PORT6}/64"]}
    lan0 = {"name": "lan0", "device": "af_xdp:v1",
            "addresses": ["198.51.100.11/24", "2001:db8:1::11/64"],
            "local_addresses": [local4, LOCAL6]}
    return director.config(services, ports=[wan0, lan0], **options)


def send_from_ports(lab, ports):
    """A datagram from each port of the client to the service's port 53."""
    with netns.inside(lab, "client"):
        for port in ports:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.bind(("", port))
                client.sendto(str(port).encode(), (VIP4, 53))


def serve(director, services, **options):
    director.start(config(director, services, **options))
    wait_for("the servers' MAC addresses", lambda: all(
        server["next_hop"]["state"] == "reachable"
        for row in director.ask("services")["services"] for server in row["real_servers"]))
    wait_for("the pool", lambda: pool(director) and pool(director)["addresses"] >= 2)


def pool(director):
    rows = director.ask("status")["local_addresses"]
    return rows[0] if rows else None


def test_a_pool_counts_what_is_used(lab, director):
    serve(director, [fullnat_service(VIP4), fullnat_service(VIP6, "web6")], workers=2)
    for vip in (VIP4, VIP6):
        assert sum(checks.requests(lab, 90, vip).values()) == 90
    assert pool(director)["port"] == "lan0" and pool(director)["used"] == 180


@VIPS
def test_the_server_sees_a_local_address(lab, director, echo, clients, vip):
    tcp = fullnat_service(vip, "tcp", port=8000)
    udp = fullnat_service(vip, "udp", port=53, protocol="udp")
    for row in tcp["real_servers"] + udp["real_servers"]:
        row["port"] = PORT
    serve(director, [tcp, udp], workers=2)
    clients += [EchoClient(lab, vip, 8000) for _ in range(12)]
    assert all(client.says() for client in clients)
    rows = checks.connections(director, "--service", "tcp")
    local = [row["local"] for row in rows]
    assert len(set(local)) == 12
    wanted = {LOCAL6} if vip == VIP6 else {LOCAL4, "198.51.100.101"}
    assert {text.rsplit(":", 1)[0].strip("[]") for text in local} == wanted
    seen = lab.run("rs1", "ss", "-Htn", "state", "established", f"( sport = :{PORT} )").stdout
    assert any(address in seen for address in wanted), seen
    for n in range(8):
        client = netns.udp(lab, vip, 53)
        clients.append(client)
        client.send(b"z" * (3 * n + 1))
        assert client.recv(2000).endswith(b"z" * (3 * n + 1))


@VIPS
@pytest.mark.parametrize("workers", [1, 4])
def test_datagrams_come_back(lab, director, echo, clients, vip, workers):
    udp = fullnat_service(vip, "udp", port=53, protocol="udp")
    for row in udp["real_servers"]:
        row["port"] = PORT
    serve(director, [udp], workers=workers)
    for n in range(12):
        client = netns.udp(lab, vip, 53)
        clients.append(client)
        # An odd length, and one that fills the link.
        for data in (b"x" * (2 * n + 1), b"y" * 1400):
            client.send(data)
            assert client.recv(2000).endswith(data[:100])
    assert pool(director)["used"] == 12


@VIPS
@pytest.mark.parametrize("on_removal", ["drain", "reset"])
def test_a_removed_server_gives_its_ports_back(lab, director, echo, clients, vip, on_removal):
    tcp = fullnat_service(vip, "tcp", servers=2, port=8000, on_removal=on_removal)
    for row in tcp["real_servers"]:
        row["port"] = PORT
    options = {"workers": 2, "timeouts": {"tcp_fin": "1s", "tcp_close": "1s"}}
    serve(director, [tcp], **options)
    clients += [EchoClient(lab, vip, 8000) for _ in range(8)]
    assert pool(director)["used"] == 8
    gone = [client for client in clients if client.server == "rs1"]
    assert 0 < len(gone) < 8
    tcp["real_servers"].pop(0)
    director.reload(config(director, [tcp], **options))
    for client in clients:
        assert client.says() == (on_removal == "drain" or client.server != "rs1")
    if on_removal == "drain":
        for client in gone:
            client.socket.shutdown(socket.SHUT_RDWR)
    wait_for("the ports to be given back", lambda: pool(director)["used"] == 8 - len(gone), 30)


def heard(sink):
    """The client's ports from which something lies in the socket."""
    ports = []
    sink.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            ports.append(int(sink.recv(100)))
    return ports


def others_go_on(lab, sink):
    """What has a port is carried as before: what was heard last is heard again."""
    known = heard(sink)[-50:]
    assert len(known) == 50
    send_from_ports(lab, known)
    again = set()
    wait_for("the flows that have ports", lambda: again.update(heard(sink)) or again >= set(known), 5)


@pytest.mark.parametrize("workers", [1, 4])
def test_every_port_of_an_address_is_used(lab, director, workers):
    """Towards one server, whatever the number of workers; then flows are refused until others are over."""
    udp = fullnat_service(VIP4, "udp", servers=1, port=53, protocol="udp")
    udp["real_servers"][0]["port"] = SINK
    serve(director, [udp], workers=workers, local4=LOCAL4, max_connections=70000,
          timeouts={"udp": "20s"})
    with netns.inside(lab, "rs1"):
        sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sink:
        sink.bind(("0.0.0.0", SINK))

        def filled():
            send_from_ports(lab, range(900, 65536))
            return pool(director)["used"] == 64512

        wait_for("every port to be used", filled, 60)
        send_from_ports(lab, range(900, 65536, 100))
        wait_for("flows to be refused", lambda: pool(director)["refused"] > 0)
        assert pool(director)["used"] == 64512
        # What tells the client so waits for its MAC address.
        assert set(checks.drops(director)) <= {"local_ports_used_up", "neighbour_queue_full",
                                               "neighbour_timeout"}
        assert checks.drops(director)["local_ports_used_up"] >= pool(director)["refused"]
        others_go_on(lab, sink)
        shown = director.ctl("status").stdout
        assert "lan0" in shown and "64512" in shown, shown
        wait_for("the time-outs", lambda: pool(director)["used"] == 0, 60)
        heard(sink)
        sink.settimeout(5)
        send_from_ports(lab, [5555])
        assert sink.recv(100) == b"5555"


@VIPS
def test_servers_find_local_addresses(lab, director, vip):
    """The kernel twin answers ARP and neighbour discovery for them, with the port's MAC address."""
    serve(director, [fullnat_service(vip)])
    local = LOCAL6 if vip == VIP6 else LOCAL4
    lab.run("rs1", "ip", "neigh", "flush", "dev", "eth1")
    assert sum(checks.requests(lab, 30, vip).values()) == 30
    mac = checks.ip_json(lab, "link", "show", "lan0")[0]["address"]
    found = checks.ip_json(lab, "neigh", "show", "dev", "eth1", "to", local, name="rs1")
    assert [row.get("lladdr") for row in found] == [mac]


@VIPS
def test_local_addresses_answer_ping_and_nothing_else(lab, director, vip):
    serve(director, [fullnat_service(vip)])
    local = LOCAL6 if vip == VIP6 else LOCAL4
    done = lab.run("rs1", "ping", "-c", "1", "-W", "5", local, check=False)
    assert done.returncode == 0, done.stdout
    with pytest.raises(TimeoutError):
        netns.connect(lab, local, 22, name="rs1", timeout=1)
    assert checks.drops(director)["stray_reply"] >= 1
