# SPDX-License-Identifier: Apache-2.0
"""The port's twin in the kernel: what reaches it and what does not."""
import contextlib
import errno
import socket

import checks
import netns
import pytest
from director import service
from lab import PORT4, PORT6, VIP4, VIP6, wait_for


@pytest.fixture
def twin(director):
    director.start(director.config([service(weights=[1]), service("web6", [1], v6=True)]))
    return director


@contextlib.contextmanager
def listening(lab, port, address="0.0.0.0"):
    """A TCP server of the director itself that says hello."""
    server = netns.make_socket(lab, "dir", netns.family_of(address))
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen(8)
    try:
        yield server
    finally:
        server.close()


def says_hello(lab, server, address, port):
    with netns.connect(lab, address, port) as client:
        peer, _ = server.accept()
        with peer:
            peer.sendall(b"hello")
            return client.recv(16) == b"hello"


def refused_how(lab, address, port):
    """The error of a TCP connection that must not come about."""
    try:
        netns.connect(lab, address, port, timeout=0.7).close()
    except TimeoutError:
        return errno.ETIMEDOUT
    except OSError as error:
        return error.errno
    return 0


@pytest.mark.parametrize("address", [PORT4, PORT6, VIP4, VIP6])
def test_ping(lab, twin, address):
    done = lab.run("client", "ping", "-n", "-c", "3", "-i", "0.05", "-W", "2", address, check=False)
    assert done.returncode == 0, done.stdout


def test_the_director_can_ping_out(lab, twin):
    for address in ("192.0.2.101", "2001:db8::101"):
        done = lab.run("dir", "ping", "-n", "-c", "2", "-i", "0.05", "-W", "2", address, check=False)
        assert done.returncode == 0, done.stdout


def test_twin_looks_like_the_port(lab, twin):
    links = {link["ifname"]: link for link in checks.ip_json(lab, "link")}
    assert links["wan0"]["address"] == links["v0"]["address"]
    assert links["wan0"]["mtu"] == 1500
    assert "LOWER_UP" in links["wan0"]["flags"]
    addresses = {a["local"] for a in checks.ip_json(lab, "addr", "show", "wan0")[0]["addr_info"]}
    assert {PORT4, PORT6, VIP4, VIP6} <= addresses


def test_arp_tells_the_ports_mac(lab, twin):
    lab.run("client", "ip", "neigh", "flush", "all")
    lab.run("client", "ping", "-n", "-c", "1", "-W", "2", PORT4)
    lab.run("client", "ping", "-n", "-c", "1", "-W", "2", VIP6)
    mac = checks.ip_json(lab, "link", "show", "wan0")[0]["address"]
    seen = {n["dst"]: n.get("lladdr") for n in checks.ip_json(lab, "neigh", name="client")}
    assert (seen[PORT4], seen[VIP6]) == (mac, mac)


@pytest.mark.parametrize("address", [PORT4, PORT6])
def test_server_bound_to_the_ports_address(lab, twin, address):
    with listening(lab, 7000, address) as server:
        assert says_hello(lab, server, address, 7000)


def test_closed_port_of_the_ports_address_is_refused_by_the_kernel(lab, twin):
    assert refused_how(lab, PORT4, 7001) == errno.ECONNREFUSED


def test_a_vip_exposes_no_local_server(lab, twin):
    with listening(lab, 22) as server:
        assert says_hello(lab, server, PORT4, 22)
        assert refused_how(lab, VIP4, 22) == errno.ETIMEDOUT
    with listening(lab, 22, "::") as server:
        assert says_hello(lab, server, PORT6, 22)
        assert refused_how(lab, VIP6, 22) == errno.ETIMEDOUT
    assert checks.drops(twin)["not_listening"] >= 2


def test_no_reset_of_the_kernel_answers_for_a_vip(lab, twin):
    assert refused_how(lab, VIP4, 7001) == errno.ETIMEDOUT
    assert refused_how(lab, VIP6, 7001) == errno.ETIMEDOUT


def test_local_ports_open_the_twin_for_a_vip(lab, director):
    director.start(director.config([service(weights=[1], local_ports=[22])]))
    with listening(lab, 22) as server:
        assert says_hello(lab, server, VIP4, 22)
    assert refused_how(lab, VIP4, 23) == errno.ETIMEDOUT


def test_udp_to_the_port_reaches_the_kernel(lab, twin):
    with netns.udp(lab, PORT4, 9) as client:
        client.send(b"x")
        with pytest.raises(ConnectionRefusedError):
            client.recv(10)


def test_without_services_it_is_a_host(lab, director):
    director.start(director.config([]))
    with listening(lab, 7000) as server:
        assert says_hello(lab, server, PORT4, 7000)


def test_carrier_follows_the_port(lab, twin):
    def carrier():
        return "LOWER_UP" in checks.ip_json(lab, "link", "show", "wan0")[0]["flags"]

    assert carrier()
    lab.run("sw", "ip", "link", "set", "dir", "down")
    try:
        wait_for("the twin to lose its carrier", lambda: not carrier(), 5)
        assert twin.ask("status")["ports"][0]["link"] in (False, "down")
    finally:
        lab.run("sw", "ip", "link", "set", "dir", "up")
    wait_for("the twin's carrier to be back", carrier, 5)
    wait_for("requests to work again", lambda: lab.run(
        "client", "curl", "-s", "-m", "2", f"http://{VIP4}/", check=False).stdout == "rs1\n", 10)
