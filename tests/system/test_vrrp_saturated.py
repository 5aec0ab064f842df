# SPDX-License-Identifier: Apache-2.0
"""Advertisements stay on time while the workers have no moment left, 200 health checks run, a large file is reloaded
again and again, clients ask for all of it and notify commands run.

LBD_VRRP_SATURATED_SECONDS (10) is how long; 60 for the whole proof."""
import os
import socket
import struct
import threading
import time
import warnings

import pytest
from echo import EchoServers
from lab import VIP4, wait_for
from netns import inside
from vrrp_lab import Lbd, instance, is_state

SECONDS = float(os.environ.get("LBD_VRRP_SATURATED_SECONDS", "10"))
INTERVAL, SLACK = 0.100, 0.020
SERVERS, CHECKS = 10_000, 200
CHECKED = 2001  # the first port of the servers that are checked
PCAP_MAC = "02:70:63:61:70:00"  # net_pcap's own
SINK = "198.51.100.31"
FLOODED = "203.0.113.20"


def total(data):
    value = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while value >> 16:
        value = (value & 0xffff) + (value >> 16)
    return ~value & 0xffff


def write_flood(path, flows=1024):
    """Datagrams to a dr service, for net_pcap to replay without end: what a worker does with them is real."""
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for flow in range(flows):
            udp = struct.pack("!HHHH", 1024 + flow, 9, 18, 0) + bytes(10)
            head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0x4000, 64, 17, 0,
                               socket.inet_aton("198.51.100.99"), socket.inet_aton(FLOODED))
            head = head[:10] + struct.pack("!H", total(head)) + head[12:]
            frame = bytes.fromhex(PCAP_MAC.replace(":", "") + "020000000063" + "0800") + head + udp
            frame = frame.ljust(60, b"\0")
            out.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)


class Arrivals:
    """When advertisements of one source and of virtual router 51 reached the switch, by the kernel's clock."""

    TIMESTAMP = 35  # SO_TIMESTAMPNS

    def __init__(self, place, port, source):
        with inside(place, "sw"):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
            self.socket.bind((port, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, self.TIMESTAMP, 1)
        self.socket.settimeout(0.2)
        self.source = socket.inet_aton(source)
        self.times = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        while not self.stop.is_set():
            try:
                frame, control, _, _ = self.socket.recvmsg(256, 64)
            except TimeoutError:
                continue
            if (frame[12:14] == b"\x08\x00" and frame[23] == 112 and frame[26:30] == self.source
                    and frame[35] == 51):
                seconds, nanoseconds = struct.unpack("qq", control[0][2])
                self.times.append(seconds + nanoseconds / 1e9)

    def close(self):
        self.stop.set()
        self.thread.join()
        self.socket.close()
        return [b - a for a, b in zip(self.times, self.times[1:])]


@pytest.fixture
def pair(place):
    made = [Lbd(place, 1), Lbd(place, 2)]
    yield made
    for one in made:
        one.kill()
        print(one.log_tail())


def service(name, listen, servers, **more):
    return {"name": name, "listen": [listen], "protocol": "udp", "scheduler": "rr",
            "forwarding": "nat", "real_servers": servers, **more}


def configurations(a, flood):
    """Two files that differ in a weight of each of their 10,000 real servers. VI_2 has no peer and is there to be
    told to step down: a notify command runs each time."""
    one = instance(200)
    other = instance(name="VI_2", vrid=52, virtual_addresses=["192.0.2.21"],
                     notify={"any": "/bin/sleep 0.3"})
    wan0 = a.config()["ports"][0]
    lan0 = {"name": "lan0", "device": f"vdev:net_pcap0,rx_pcap={flood},infinite_rx=1",
            "addresses": ["198.51.100.11/24"]}
    sink = service("flooded", f"{FLOODED}:9", [{"address": SINK}]) | {"forwarding": "dr"}
    checked = service("checked", f"{VIP4}:7",
                      [{"address": f"192.0.2.{31 + n % 2}", "port": CHECKED + n // 2} for n in range(CHECKS)],
                      health_checks=[{"tcp": {}, "interval": "1s", "timeout": "500ms"}])
    texts = []
    for weight in (1, 2):
        many = service("many", f"{VIP4}:8", [
            {"address": f"198.51.100.{100 + n % 100}", "port": 1 + n // 100, "weight": weight}
            for n in range(SERVERS)])
        config = a.vrrp_config(one, other, services=[sink, many, checked])
        config["ports"] = [wan0, lan0]
        config["dataplane"]["idle"] = "poll"
        a.write(config)
        texts.append(a.file.read_text())
    return texts


@pytest.fixture
def backends(place):
    """What the health checks connect to."""
    made = EchoServers(place, range(CHECKED, CHECKED + CHECKS // 2))
    yield made
    made.close()


def test_advertisements_are_on_time_under_load(place, pair, backends):
    a, b = pair
    flood = place.dir / "flood.pcap"
    write_flood(flood)
    texts = configurations(a, flood)
    a.start()
    is_state(a, "MASTER")
    place.run(a.ns, "ip", "neigh", "replace", SINK, "lladdr", "02:00:00:00:00:31", "dev", "lan0")
    b.start(b.vrrp_config(instance(100)))
    wait_for("b to hear a", lambda: b.vrrp()["advertisements_received"] > 2)

    def forwarded():
        return a.ask("counters")["verdicts"].get("forwarded", 0)

    def health():
        return a.ask("health")

    wait_for("the flood to be forwarded", lambda: forwarded() > 1000)
    wait_for("all checks to succeed", lambda: [one["state"] for one in health()["checks"]] == ["up"] * CHECKS)
    arrivals = Arrivals(place, "dir", a.address)
    reloads, begun, before, runs = 0, time.monotonic(), forwarded(), health()["summary"]["runs"]
    sent = a.vrrp()["advertisements_sent"]
    try:
        while time.monotonic() < begun + SECONDS:
            a.file.write_text(texts[(reloads + 1) % 2])
            a.ctl("reload")
            reloads += 1
            assert len(a.ask("services")["services"][1]["real_servers"]) == SERVERS
            a.ctl("vrrp", "step-down", "VI_2", check=False)
            time.sleep(max(0, begun + reloads - time.monotonic()))  # the pace: one a second
        took = time.monotonic() - begun
        rate, runs = (forwarded() - before) / took, (health()["summary"]["runs"] - runs) / took
    finally:
        gaps = arrivals.close()
    row = a.vrrp()
    late = sorted(gap - INTERVAL for gap in gaps)
    steps = a.vrrp("VI_2")["left_master"]
    said = (f"{reloads} reloads, {rate / 1e6:.2f} million packets and {runs:.0f} checks a second, {steps} step-downs with "
            f"notify commands, {row['advertisements_sent'] - sent} advertisements sent, {len(gaps) + 1} seen, on the wire "
            f"late by at most {late[-1] * 1000:.1f} ms, 99 % {late[len(late) * 99 // 100] * 1000:.1f} ms; timers by "
            f"{row['timing']['latest_ms']:.1f} ms; load {os.getloadavg()[0]:.1f}")
    print(said)
    assert reloads >= SECONDS * 0.5
    assert runs >= CHECKS * 0.9, said
    assert steps >= reloads * 0.3, said
    assert len(gaps) >= SECONDS / INTERVAL * 0.95
    assert b.vrrp()["became_master"] == 0 and b.state() == "BACKUP"
    assert (row["became_master"], row["left_master"]) == (1, 0)
    assert row["timing"]["latest_ms"] <= SLACK * 1000, row["timing"]
    # On the wire it has crossed the TAP and a worker, which share these few CPUs with the peer, the reloads and
    # this test: only where they have enough of them is the whole way as punctual as the timers.
    assert max(gaps) < 2 * INTERVAL, said  # none is lost
    if max(gaps) > INTERVAL + SLACK:
        warnings.warn(said)
