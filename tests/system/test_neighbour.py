# SPDX-License-Identifier: Apache-2.0
"""Real servers' MAC addresses: found, kept, replaced."""
import time

import checks
import pytest
from director import service
from echo import PORT, EchoClient
from lab import VIP4, VIP6, server4, server6, wait_for


@pytest.fixture
def moving_mac(lab):
    """Calls change the MAC of rs1; the old one is put back after the test. rs1 says so to the network, as
    a server with a new card does."""
    lab.run("rs1", "sysctl", "-qw", "net.ipv4.conf.eth0.arp_notify=1",
            "net.ipv6.conf.eth0.ndisc_notify=1")
    old = checks.ip_json(lab, "link", "show", "eth0", name="rs1")[0]["address"]

    def move(mac):
        lab.run("rs1", "ip", "link", "set", "eth0", "address", mac)

    yield move
    move(old)
    lab.run("rs1", "sysctl", "-qw", "net.ipv4.conf.eth0.arp_notify=0",
            "net.ipv6.conf.eth0.ndisc_notify=0")


@pytest.mark.parametrize("vip", [VIP4, VIP6])
def test_a_new_mac_takes_effect_at_once(lab, director, echo, clients, moving_mac, vip):
    director.start(director.config([service("echo", [1], "rr", port=PORT, v6=vip == VIP6)]))
    client = EchoClient(lab, vip, timeout=5)
    clients.append(client)
    assert client.says()
    mac = "02:00:00:00:31:99"
    start = time.monotonic()
    moving_mac(mac)
    assert client.says(), "the established connection must follow the server"
    clients.append(EchoClient(lab, vip))
    assert time.monotonic() - start < 2
    address = server6(1) if vip == VIP6 else server4(1)
    rows = {row["address"]: row["mac"] for row in director.ask("neighbours")["neighbours"]}
    assert rows[address] == mac


def test_a_first_packet_waits_for_the_neighbour(lab, director):
    director.start(director.config([service(weights=[1, 1, 1], scheduler="rr")]))
    lab.run("dir", "ip", "neigh", "flush", "dev", "wan0")
    answered = checks.requests(lab, 3, timeout=5)
    assert answered == {"rs1": 1, "rs2": 1, "rs3": 1}


def test_a_server_that_does_not_exist_is_counted(lab, director):
    config = service(weights=[1], scheduler="rr")
    config["real_servers"] = [{"address": "192.0.2.99"}]
    director.start(director.config([config]))
    lab.run("client", "curl", "-s", "-m", "1", f"http://{VIP4}/", check=False)
    reasons = {"neighbour_failed", "neighbour_timeout", "neighbour_queue_full"}
    wait_for("a drop for want of a neighbour", lambda: reasons & set(checks.drops(director)), 10)
    wait_for("nothing to be held", lambda: director.ask("counters")["held"] == 0)


def test_neighbours_are_kept_fresh_by_the_kernel(lab, director):
    director.start(director.config([service(weights=[1, 1, 1], scheduler="rr")]))
    checks.requests(lab, 3)
    rows = lab.run("dir", "ip", "neigh", "show", "dev", "wan0").stdout.splitlines()
    managed = {row.split()[0] for row in rows if "managed" in row}
    assert {server4(1), server4(2), server4(3)} <= managed
