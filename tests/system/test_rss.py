# SPDX-License-Identifier: Apache-2.0
"""`steering: rss` with a device that cannot be asked: lbd believes the key and the table of its file. The device is
lbd-rss-nic (rss_nic/main.cc), a card with receive side scaling between the lab's bridge and virtio-user with a queue
pair for each worker; requests and replies come by the same port. Which worker owns what is computed here once more."""
import ipaddress
import struct

import checks
import pytest
from director import binary, have_hugepages, service
from lab import CLIENT4, CLIENT6, PORT4, PORT6, VIP4, VIP6, call, server4, server6, wait_for

KEY = bytes((37 * n + 11) % 256 for n in range(40))
TABLE = 128
REQUESTS = 90


def toeplitz(data):
    """As the verification of RSS defines it: bit by bit, a window of 32 bits slides over the key."""
    key = int.from_bytes(KEY, "big")
    out = 0
    for n in range(8 * len(data)):
        if data[n // 8] >> (7 - n % 8) & 1:
            out ^= key >> (8 * len(KEY) - 32 - n) & 0xFFFFFFFF
    return out


def owner(source, target, workers):
    """Of a packet from `source` to `target`, as lbctl writes them."""
    ends = [text.rsplit(":", 1) for text in (source, target)]
    data = b"".join(ipaddress.ip_address(host.strip("[]")).packed for host, _ in ends)
    return toeplitz(data + b"".join(struct.pack("!H", int(port)) for _, port in ends)) % TABLE % workers


@pytest.fixture(scope="module")
def place(lab):
    """Where the card is plugged in. The port of the other tests is taken off the bridge: nobody may answer there."""
    if not have_hugepages():
        pytest.skip("needs free 2 MiB huge pages: both sides share them")
    lab._add_namespace("nic")
    lab.connect("nic", "n0", "nic")
    lab.run("dir", "ip", "link", "set", "v0", "down")
    forget_neighbours(lab)
    yield
    lab.run("dir", "ip", "link", "set", "v0", "up")
    call(["ip", "netns", "del", lab.ns("nic")])
    forget_neighbours(lab)


def forget_neighbours(lab):
    """The director's addresses have another MAC address from here on, which nobody would ask for in time."""
    for name in ("client", *lab.server_names()):
        lab.run(name, "ip", "neigh", "flush", "all")


class Nic:
    def __init__(self, lab, queues, key=KEY):
        self.socket = lab.dir / "nic.sock"
        self.socket.unlink(missing_ok=True)
        self.log = lab.dir / "nic.log"
        with self.log.open("wb") as log:
            self.process = lab.start("nic", binary("lbd-rss-nic"), "--lcores=0", "--no-huge", "--no-shconf", "-m", "128",
                                     "--no-pci", "--no-telemetry", f"--vdev=net_vhost0,iface={self.socket},queues={queues}",
                                     "--", "n0", key.hex(), TABLE, queues, stdout=log, stderr=log)
        wait_for("the card", self._there)

    def _there(self):
        assert self.process.poll() is None, self.log.read_text()
        return self.socket.exists()

    def stop(self):
        """Frames that each queue got."""
        self.process.terminate()
        assert self.process.wait(10) == 0, self.log.read_text()
        return [int(word) for word in self.log.read_text().splitlines()[-1].split()]


@pytest.fixture
def nic(lab, place):
    made = []

    def make(queues, key=KEY):
        made.append(Nic(lab, queues, key))
        return made[-1]

    yield make
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.fixture
def way(lab, forwarding):
    """By nat the director is the servers' gateway."""
    routes = [(f"{CLIENT4}/32", PORT4), (f"{CLIENT6}/128", PORT6)] if forwarding == "nat" else []
    for name in lab.server_names():
        for to, via in routes:
            lab.run(name, "ip", "route", "add", to, "via", via)
    yield
    for name in lab.server_names():
        for to, _ in routes:
            lab.run(name, "ip", "route", "del", to)


def start(director, card, forwarding, workers):
    port = {"name": "wan0", "addresses": [f"{PORT4}/24", f"{PORT6}/64"],
            "device": f"vdev:net_virtio_user0,path={card.socket},mac=02:00:00:00:00:02,queues={workers},queue_size=1024,"
                      "packed_vq=1,in_order=1,mrg_rxbuf=0"}
    if forwarding == "fullnat":
        port["local_addresses"] = ["192.0.2.150-192.0.2.151", "2001:db8::150"]

    def made(name, v6):
        out = service(name, weights=[], scheduler="rr", v6=v6)
        out["forwarding"] = forwarding
        out["real_servers"] = [{"address": (server6 if v6 else server4)(n)} for n in (1, 2)]
        return out

    director.start(director.config([made("web", False), made("web6", True)], ports=[port], workers=workers,
                                   steering="rss", rss={"key": KEY.hex(), "table_size": TABLE}))
    wait_for("the servers' MAC addresses", lambda: all(
        server["next_hop"]["state"] == "reachable"
        for row in director.ask("services")["services"] for server in row["real_servers"]))


@pytest.mark.parametrize("workers", [2, 4])
@pytest.mark.parametrize("forwarding", ["dr", "nat", "fullnat"])
def test_who_gets_what(lab, director, nic, way, forwarding, workers):
    card = nic(workers)
    start(director, card, forwarding, workers)
    assert [port["steering"] for port in director.ask("status")["ports"]] == ["rss"]
    for vip in (VIP4, VIP6):
        assert sum(checks.requests(lab, REQUESTS, vip).values()) == REQUESTS
    assert set(checks.drops(director)) <= {"neighbour_timeout"}
    counters = checks.sums_agree(director)
    rows = checks.connections(director)
    assert len(rows) == 2 * REQUESTS
    assert all(row["worker"] == owner(row["client"], row["virtual"], workers) for row in rows)
    assert {row["worker"] for row in rows} == set(range(workers))
    elsewhere = []
    if forwarding != "dr":
        back = "local" if forwarding == "fullnat" else "client"
        elsewhere = [row for row in rows if owner(row["server"], row[back], workers) != row["worker"]]
    # A reply that lands elsewhere is handed off once. Of a connection there are four at least.
    handed = counters["verdicts"].get("handed_off", 0)
    if forwarding == "nat":
        assert 0 < len(elsewhere) < len(rows) and 4 * len(elsewhere) <= handed <= 7 * len(elsewhere)
    else:
        assert (elsewhere, handed) == ([], 0)
    assert director.stop() == 0
    frames = card.stop()
    assert len(frames) == workers and min(frames) > REQUESTS
