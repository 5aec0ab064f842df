# SPDX-License-Identifier: Apache-2.0
"""VRRP by unicast, to another group, over an interface of the kernel; addresses and routes elsewhere; groups."""
import datetime
import json

from lab import VIP4, wait_for
from vrrp_lab import holds, instance, is_state


def start(director, *instances, ports=(), **vrrp):
    config = director.vrrp_config(*instances, **vrrp)
    config["ports"] += ports
    director.start(config)


def test_unicast(lbd):
    a, b = lbd(1), lbd(2)
    start(a, instance(200, unicast={"peers": [b.address]}))
    is_state(a, "MASTER")
    start(b, instance(100, unicast={"peers": [a.address]}))
    wait_for("b to hear a", lambda: b.vrrp()["advertisements_received"] > 2)
    assert b.state() == "BACKUP" and sum(b.vrrp()["errors"].values()) == 0
    a.kill()
    is_state(b, "MASTER")


def test_an_address_on_another_port_a_route_and_another_group(place, lbd):
    place.run("dir", "sh", "-ec", "ip link add v1 numtxqueues 1 numrxqueues 1 type veth peer name v1end "
                                  "numtxqueues 1 numrxqueues 1\nip link set v1 up\nip link set v1end up")
    lan0 = {"name": "lan0", "device": "af_xdp:v1", "addresses": ["198.51.100.11/24"]}
    away = {"address": "198.51.100.20", "port": "lan0", "advertise": False}
    route = {"to": "10.8.0.0/16", "via": "198.51.100.254"}
    a, b = lbd(1), lbd(2)
    try:
        start(a, instance(200, multicast_group="224.0.0.99", virtual_addresses=[VIP4, away],
                          virtual_routes=[route]), ports=[lan0])
        is_state(a, "MASTER")
        start(b, instance(100, multicast_group="224.0.0.99"))
        wait_for("b to hear a", lambda: b.vrrp()["advertisements_received"] > 2)
        assert b.state() == "BACKUP" and sum(b.vrrp()["errors"].values()) == 0

        def there():
            lan = json.loads(place.run("dir", "ip", "-json", "addr", "show", "lan0").stdout)
            has = any(one["local"] == away["address"] for one in lan[0]["addr_info"])
            routes = json.loads(place.run("dir", "ip", "-json", "route").stdout)
            return has, any(one["dst"] == route["to"] for one in routes)

        wait_for("address and route", lambda: there() == (True, True))
        a.ctl("vrrp", "step-down", "VI_1")
        is_state(b, "MASTER")
        wait_for("both to go", lambda: there() == (False, False))
        a.stop()
    finally:
        a.kill()
        place.run("dir", "ip", "link", "del", "v1")


def test_over_an_interface_of_the_kernel(place, lbd):
    """A heartbeat network that lbd does not own; the address is on its port."""
    for n in (1, 2):
        ns = "dir" if n == 1 else "dir2"
        place.connect(ns, "hb0", f"hb{n}")
        place.run(ns, "ip", "addr", "add", f"10.9.9.{n}/24", "dev", "hb0")
    heartbeat = instance(virtual_addresses=[{"address": VIP4, "port": "wan0"}])
    del heartbeat["port"]
    heartbeat["interface"] = "hb0"
    a, b = lbd(1), lbd(2)
    try:
        start(a, heartbeat | {"priority": 200})
        is_state(a, "MASTER")
        start(b, heartbeat)
        wait_for("b to hear a", lambda: b.vrrp()["master"] == "10.9.9.1")
        assert b.state() == "BACKUP"
        assert place.run("client", "ping", "-c", "1", "-W", "2", VIP4).returncode == 0
        place.run("sw", "ip", "link", "set", "hb1", "down")  # a has no heartbeat: a fault
        is_state(b, "MASTER")
        assert a.state() == "FAULT"
        wait_for("a to let go", lambda: not a.holds())
        assert holds(place, "dir2")
    finally:
        a.kill()
        b.kill()
        for ns in ("dir", "dir2"):
            place.run(ns, "ip", "link", "del", "hb0", check=False)


def test_a_tracked_port_down_moves_the_whole_group(place, lbd):
    """Within one interval of each other."""
    def both(priority):
        return [instance(priority, name="A", virtual_addresses=["192.0.2.20"],
                         track={"own_port": False, "ports": [{"name": "wan0"}]}),
                instance(priority, name="B", vrid=52, virtual_addresses=["192.0.2.21"],
                         track={"own_port": False})]

    def since(director, name):
        lines = [one for one in director.log.read_text().splitlines() if f"{name}: BACKUP -> MASTER" in one]
        return datetime.datetime.fromisoformat(lines[-1].split()[0])

    group = [{"name": "G", "instances": ["A", "B"]}]
    a, b = lbd(1), lbd(2)
    start(a, *both(200), sync_groups=group)
    is_state(a, "MASTER", "B")
    start(b, *both(100), sync_groups=group)
    wait_for("b to hear a", lambda: b.vrrp("B")["advertisements_received"] > 2)
    place.run("sw", "ip", "link", "set", "dir", "down")
    try:
        for name in ("A", "B"):
            is_state(b, "MASTER", name)
            is_state(a, "FAULT", name)
        assert a.vrrp("A")["reason"] == "port wan0 is down"
        assert a.vrrp("B")["reason"] == "sync group G: A is in fault"
        assert abs((since(b, "A") - since(b, "B")).total_seconds()) <= 0.1
    finally:
        place.run("sw", "ip", "link", "set", "dir", "up")
    for name in ("A", "B"):
        is_state(a, "MASTER", name)
