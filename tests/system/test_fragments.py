# SPDX-License-Identifier: Apache-2.0
"""Datagrams larger than the MTU: their fragments follow the first one, in any order, by any worker."""
import socket
import threading

import checks
import netns
import pytest
from decapsulator import Decapsulator
from director import service
from echo import IP_PKTINFO, answer_from
from lab import CLIENT4, CLIENT6, VIP4, VIP6, server4, server6, wait_for
from scapy.all import IP, UDP, Ether, IPv6, IPv6ExtHdrFragment, Raw, fragment, fragment6
from test_icmp import forget_mtu

PORT = 7117
SIZES = (1, 1472, 1473, 2960, 4000, 8000)


class BigEcho:
    """UDP echo of whole datagrams on PORT of rs1 and rs2, from the address that was asked."""

    def __init__(self, lab):
        self.heard = []
        self._open, self._threads = [], []
        for name in ("rs1", "rs2"):
            for family in (socket.AF_INET, socket.AF_INET6):
                made = netns.make_socket(lab, name, family, socket.SOCK_DGRAM, timeout=None)
                if family == socket.AF_INET6:
                    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
                else:
                    made.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
                made.bind(("", PORT))
                self._open.append(made)
                self._threads.append(threading.Thread(target=self._serve, args=(made, name), daemon=True))
                self._threads[-1].start()

    def _serve(self, server, name):
        while True:
            data, ancillary, _, sender = server.recvmsg(65536, 256)
            if data == b"end":
                return
            self.heard.append((name, data))
            try:
                server.sendmsg([name.encode() + b":" + data], answer_from(ancillary), 0, sender)
            except OSError:
                pass  # the client is gone

    def close(self):
        for server in self._open:
            host = "::1" if server.family == socket.AF_INET6 else "127.0.0.1"
            server.sendto(b"end", (host, PORT))
        for thread in self._threads:
            thread.join(5)
        for server in self._open:
            server.close()


@pytest.fixture(scope="module")
def big_echo(lab):
    made = BigEcho(lab)
    yield made
    made.close()


@pytest.fixture(scope="module")
def ends(lab):
    made = {name: Decapsulator(lab, name) for name in ("rs1", "rs2")}
    yield made
    for one in made.values():
        one.close()
        assert not one.faults, one.faults[:5]


def start(director, forwarding, v6, workers):
    config = service(weights=[], scheduler="rr", v6=v6, protocol="udp", port=PORT)
    config["real_servers"] = [{"address": (server6 if v6 else server4)(n)} for n in (1, 2)]
    config["forwarding"] = forwarding.split()[0]
    for server in config["real_servers"]:
        if forwarding != "dr":
            server["tunnel"] = {"type": forwarding.split()[1]}
    director.start(director.config([config], workers=workers))


def echoed(client, data):
    """Sent again where it, or the answer, was lost: to an MTU that is not known yet, for one."""
    client.settimeout(0.5)

    def answered():
        try:
            client.send(data)
            return client.recv(65536)
        except (TimeoutError, OSError):
            return None

    return wait_for(f"an answer to {len(data)} bytes", answered, 15)


@pytest.mark.parametrize("v6", [False, True])
@pytest.mark.parametrize("forwarding,workers", [("dr", 1), ("dr", 4), ("tun ipip", 2), ("tun gue", 1)])
def test_echo(lab, director, big_echo, ends, clients, forwarding, workers, v6):
    start(director, forwarding, v6, workers)
    try:
        for number in range(3):
            client = netns.udp(lab, VIP6 if v6 else VIP4, PORT)
            clients.append(client)
            names = set()
            for size in SIZES:
                data = bytes((size + number + i) % 251 for i in range(size))
                name, answer = echoed(client, data).split(b":", 1)
                assert answer == data
                names.add(name)
            assert len(names) == 1  # one connection, whatever its datagrams look like
        # Of fragments nothing but what waited for one that was lost, as before the MTU was known.
        dropped = {name for name in checks.drops(director) if "fragment" in name}
        assert dropped <= {"fragment_timeout"}, dropped
    finally:
        forget_mtu(lab)


@pytest.mark.parametrize("v6", [False, True])
def test_out_of_order_and_overlapping(lab, director, big_echo, v6):
    start(director, "dr", v6, 2)
    vip = VIP6 if v6 else VIP4
    mac = checks.ip_json(lab, "link", "show", "v0")[0]["address"]
    wire = netns.make_socket(lab, "client", socket.AF_PACKET, socket.SOCK_RAW)
    with netns.inside(lab, "client"):
        wire.bind(("eth0", 3))
    data = bytes(i % 253 for i in range(4000))
    datagram = UDP(sport=4004, dport=PORT) / Raw(data)
    if v6:
        whole = IPv6(src=CLIENT6, dst=vip) / IPv6ExtHdrFragment(id=77) / datagram
        pieces = fragment6(whole, 1400)
    else:
        pieces = fragment(IP(src=CLIENT4, dst=vip, id=77) / datagram, 1400)
    ether = Ether(dst=mac, src="02:00:00:00:00:99", type=0x86DD if v6 else 0x0800)
    assert len(pieces) >= 3
    with wire:
        for piece in [pieces[-1], *pieces[1:-1], pieces[-1]]:
            wire.send(bytes(ether / piece))
        wait_for("fragments to wait", lambda: director.ask("counters")["events"].get("fragment_held", 0) >= 2, 5)
        wait_for("the overlap", lambda: checks.drops(director).get("fragment_overlap", 0) == 1, 5)
        wire.send(bytes(ether / pieces[0]))
        wait_for("the datagram", lambda: any(heard == data for _, heard in big_echo.heard), 5)
