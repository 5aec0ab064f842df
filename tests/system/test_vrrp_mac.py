# SPDX-License-Identifier: Apache-2.0
"""virtual_mac: the address of a virtual router keeps its MAC address, whoever holds it."""
import contextlib
import json
import socket

import pytest
from checks import requests
from director import service
from lab import VIP4, VIP6, wait_for
from netns import inside
from vrrp_lab import instance, is_state
from vrrp_peers import Keepalived

MAC4, MAC6 = "00:00:5e:00:01:33", "00:00:5e:00:02:33"


def neighbour(place, vip):
    """The MAC address that the client has of it."""
    rows = json.loads(place.run("client", "ip", "-json", "neigh", "show", vip).stdout or "[]")
    return rows[0].get("lladdr") if rows else None


def forget(place, vip):
    place.run("client", "ip", "neigh", "del", vip, "dev", "eth0", check=False)


def macvlans(place, director):
    rows = json.loads(place.run(director.ns, "ip", "-json", "link", "show", "type",
                                "macvlan").stdout or "[]")
    return {row["address"]: "UP" in row["flags"] for row in rows if row}


class Sources:
    """The MAC addresses that advertisements come from, seen by the client."""

    def __init__(self, place):
        with inside(place, "client"):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self.socket.setblocking(False)
        self.seen = set()

    def look(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                frame = self.socket.recv(2048)
                if frame[12:14] == b"\x08\x00" and frame[23] == 112 or \
                        frame[12:14] == b"\x86\xdd" and frame[20] == 112:
                    self.seen.add(frame[6:12].hex(":"))
        return self.seen

    def close(self):
        self.socket.close()


@pytest.mark.parametrize("v6", (False, True), ids=("ipv4", "ipv6"))
def test_the_mac_address_stays_over_a_failover(place, lbd, v6):
    vip, mac = (VIP6, MAC6) if v6 else (VIP4, MAC4)
    web = service(weights=(1, 1), scheduler="rr", v6=v6)
    one = instance(virtual_mac=True, virtual_addresses=["fe80::20", VIP6] if v6 else [VIP4])
    a, b = lbd(1), lbd(2)
    a.start(a.vrrp_config(one | {"priority": 200}, services=[web]))
    b.start(b.vrrp_config(one, services=[web]))
    is_state(a, "MASTER")
    is_state(b, "BACKUP")
    sources = Sources(place)
    try:
        wait_for("an advertisement", sources.look)
        assert sources.look() == {mac}
        assert a.vrrp()["virtual_mac"] == b.vrrp()["virtual_mac"] == mac
        assert f"VI_1: virtual MAC address {mac}" in a.ctl("vrrp").stdout
        assert macvlans(place, a) == {mac: True} and macvlans(place, b) == {mac: False}
        forget(place, vip)
        assert requests(place, 4, vip) == {"rs1": 2, "rs2": 2}
        assert neighbour(place, vip) == mac
        a.kill()
        is_state(b, "MASTER")
        assert neighbour(place, vip) == mac
        assert requests(place, 4, vip) == {"rs1": 2, "rs2": 2}
        forget(place, vip)  # asked anew, it is still the same
        assert requests(place, 4, vip) == {"rs1": 2, "rs2": 2}
        assert neighbour(place, vip) == mac and macvlans(place, b) == {mac: True}
        a.start()
        is_state(a, "MASTER")
        wait_for("b to be down", lambda: macvlans(place, b) == {mac: False})
        assert requests(place, 4, vip) == {"rs1": 2, "rs2": 2}
        assert sources.look() == {mac}
    finally:
        sources.close()


def test_frames_to_the_mac_address_are_dropped_while_backup(place, lbd):
    a, b = lbd(1), lbd(2)
    one = instance(virtual_mac=True)
    a.start(a.vrrp_config(one | {"priority": 200}))
    is_state(a, "MASTER")
    b.start(b.vrrp_config(one))
    is_state(b, "BACKUP")
    assert place.run("client", "ping", "-c", "1", "-W", "2", VIP4).returncode == 0

    def dropped(director):
        return director.ask("counters")["verdicts"].get("not_our_mac", 0)

    before = dropped(b)
    # The switch has forgotten where it is, and sends to everybody.
    place.run("sw", "bridge", "link", "set", "dev", "dir", "learning", "off")
    place.run("sw", "bridge", "fdb", "del", MAC4, "dev", "dir", "master", check=False)
    try:
        wait_for("b to drop some", lambda: (
            place.run("client", "ping", "-c", "3", "-i", "0.01", "-W", "1", VIP4, check=False),
            dropped(b) >= before + 3)[1])
    finally:
        place.run("sw", "bridge", "link", "set", "dev", "dir", "learning", "on")
    assert a.holds() and not b.holds()


def test_it_comes_and_goes_with_a_reload(place, lbd):
    a = lbd(1)
    a.start(a.vrrp_config(instance()))
    is_state(a, "MASTER")
    own = json.loads(place.run(a.ns, "ip", "-json", "link", "show", "wan0").stdout)[0]["address"]
    ping = ("client", "ping", "-c", "1", "-W", "2", VIP4)
    forget(place, VIP4)
    place.run(*ping)
    assert neighbour(place, VIP4) == own and macvlans(place, a) == {}
    assert a.vrrp()["virtual_mac"] is None
    for on, mac in ((True, MAC4), (False, own)):
        a.reload(a.vrrp_config(instance(virtual_mac=on)))
        wait_for("the macvlan", lambda: macvlans(place, a) == ({MAC4: True} if on else {}))
        forget(place, VIP4)
        wait_for("an answer", lambda: place.run(*ping, check=False).returncode == 0)
        assert neighbour(place, VIP4) == mac
    assert a.vrrp()["became_master"] == 1


def test_with_keepalived_and_its_virtual_mac(place, lbd):
    a, peer = lbd(1), Keepalived(place, 2)
    try:
        # What its interface below the macvlan needs to keep silent about the address.
        place.run(peer.ns, "sysctl", "-qw", "net.ipv4.conf.v0.arp_ignore=1",
                  "net.ipv4.conf.v0.arp_announce=2")
        peer.start(priority=100, more="use_vmac")
        wait_for("keepalived to be master", peer.holds, 20)
        a.start(a.vrrp_config(instance(200, virtual_mac=True)))
        is_state(a, "MASTER", seconds=20)
        wait_for("keepalived to step back", lambda: not peer.holds(), 20)
        ping = ("client", "ping", "-c", "1", "-W", "2", VIP4)
        forget(place, VIP4)
        place.run(*ping)
        assert neighbour(place, VIP4) == MAC4
        assert a.vrrp()["errors"]["own_address"] == 0
        a.kill()
        wait_for("keepalived to take over", peer.holds, 20)
        wait_for("an answer of keepalived", lambda: place.run(*ping, check=False).returncode == 0)
        assert neighbour(place, VIP4) == MAC4
    finally:
        print((peer.home / "keepalived.log").read_text()[-3000:])
        peer.close()
