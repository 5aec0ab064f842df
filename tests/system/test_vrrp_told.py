# SPDX-License-Identifier: Apache-2.0
"""What others are told when a director becomes master or leaves: switches and hosts by gratuitous ARP and unsolicited
neighbour advertisements, people and programs by notify commands and lbctl vrrp --follow."""
import json
import socket
import subprocess
import time

import pytest
from director import binary
from lab import VIP4, VIP6, wait_for
from netns import inside
from vrrp_lab import instance, is_state

MULTICAST_MAC6 = "33:33:00:00:00:01"


class Announcements:
    """Gratuitous ARPs and unsolicited neighbour advertisements that the client gets: (time, address, MAC address)."""

    def __init__(self, place):
        with inside(place, "client"):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self.socket.setblocking(False)
        self.all = []

    @staticmethod
    def _of(frame):
        mac = frame[6:12].hex(":")
        if frame[:8].hex() == "ffffffffffff" + frame[6:8].hex() and frame[12:14] == b"\x08\x06":
            sender, target = frame[28:32], frame[38:42]
            if frame[20:22] == b"\0\1" and sender == target and frame[22:28].hex(":") == mac:
                return socket.inet_ntop(socket.AF_INET, sender), mac
        # RFC 4861 4.4: hop limit 255, type 136, the router and the override flag, target and its MAC address.
        if frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[21] == 255 and frame[54] == 136 \
                and frame[:6].hex(":") == MULTICAST_MAC6 and frame[58] == 0xa0 and frame[80:86].hex(":") == mac:
            return socket.inet_ntop(socket.AF_INET6, frame[62:78]), mac
        return None

    def look(self, address):
        """Those of one address so far."""
        while True:
            try:
                found = self._of(self.socket.recv(256))
            except BlockingIOError:
                return [one for one in self.all if one[1] == address]
            if found:
                self.all.append((time.monotonic(), *found))


@pytest.fixture
def announced(place):
    made = Announcements(place)
    yield made
    made.socket.close()


def own_mac(place, ns):
    return json.loads(place.run(ns, "ip", "-json", "link", "show", "wan0").stdout)[0]["address"]


def test_announcements_in_two_rounds_and_then_regularly(place, lbd, announced):
    more = {"gratuitous_arp": {"repeat": 3, "delay": "1s", "refresh": "2s", "interval": "5ms"}}
    a = lbd(1)
    a.start(a.vrrp_config(instance(name="A", **more),
                          instance(name="B", virtual_addresses=["fe80::20", VIP6], **more)))
    for name, vip in (("A", VIP4), ("B", VIP6)):
        is_state(a, "MASTER", name)
        wait_for("the first round", lambda vip=vip: len(announced.look(vip)) >= 3, 1)
    assert len(announced.look(VIP4)) == len(announced.look(VIP6)) == 3
    for vip in (VIP4, VIP6):
        wait_for("the second round", lambda vip=vip: len(announced.look(vip)) >= 6, 2)
        times = [one[0] for one in announced.look(vip)]
        assert 0.8 < times[3] - times[0] < 1.5 and times[5] - times[3] < 0.3, times
        wait_for("a refresh", lambda vip=vip: len(announced.look(vip)) >= 7, 3)
        assert {one[2] for one in announced.look(vip)} == {own_mac(place, "dir")}


def test_announcements_after_healing(place, lbd, announced):
    """Hosts that believed the other part's master are told again."""
    more = {"gratuitous_arp": {"repeat": 2, "delay": "0s"}}
    a, b = lbd(1), lbd(2)
    a.start(a.vrrp_config(instance(200, **more)))
    is_state(a, "MASTER")
    b.start(b.vrrp_config(instance(100, **more)))
    wait_for("b to hear a", lambda: b.vrrp()["advertisements_received"] > 2)
    place.run("sw", "ip", "link", "set", "dir2", "nomaster")
    try:
        is_state(b, "MASTER")
        before = len(announced.look(VIP4))
    finally:
        place.run("sw", "ip", "link", "set", "dir2", "master", "br0")
    is_state(b, "BACKUP")
    wait_for("a to announce again", lambda: len(announced.look(VIP4)) >= before + 2)
    assert announced.look(VIP4)[-1][2] == own_mac(place, "dir")


def follow(director):
    made = subprocess.Popen([binary("lbctl"), "--socket", director.socket, "--json", "vrrp", "--follow"],
                            stdout=subprocess.PIPE, text=True)
    assert [one["name"] for one in json.loads(made.stdout.readline())["instances"]] == ["A", "B"]
    return made


def test_a_sync_groups_commands_and_events(lbd, place):
    told = place.dir / "told"
    told.touch()
    told.chmod(0o666)
    command = f"/bin/sh -c 'echo \"$(id -un): $@\" >>{told}' sh"
    notify = {"master": command, "backup": command, "fault": command, "stop": command, "user": "nobody"}
    both = [instance(name="A"), instance(name="B", vrid=52, virtual_addresses=["192.0.2.21"])]
    a = lbd(1)
    a.start(a.vrrp_config(*both, sync_groups=[{"name": "G", "instances": ["A", "B"], "notify": notify}]))
    is_state(a, "MASTER", "B")
    events = follow(a)
    try:
        a.ctl("maintenance", "on")
        a.ctl("maintenance", "off")
        is_state(a, "MASTER", "B")
        assert a.stop() == 0
        rows = [json.loads(line) for line in events.stdout]
    finally:
        events.kill()
        events.wait()
    assert all(one["event"] == "vrrp" and one["at"] and one["text"] for one in rows)
    of_a = [(one["before"], one["state"]) for one in rows if one.get("instance") == "A" and "before" in one]
    assert of_a[:3] == [("MASTER", "FAULT"), ("FAULT", "BACKUP"), ("BACKUP", "MASTER")]
    assert next(one for one in rows if one.get("instance") == "A")["reason"] == "maintenance"
    states = [one["state"] for one in rows if one.get("group") == "G"]
    assert states[:3] == ["FAULT", "BACKUP", "MASTER"]
    lines = told.read_text().splitlines()
    words = [line.removeprefix("nobody: GROUP G ").split()[0] for line in lines]
    assert words == ["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER", "STOP"], lines
