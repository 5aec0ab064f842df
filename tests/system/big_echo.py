# SPDX-License-Identifier: Apache-2.0
"""UDP echo of datagrams larger than the MTU."""
import socket
import threading

import checks
import netns
from echo import IP_PKTINFO, answer_from
from lab import wait_for

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


def every_size_comes_back(lab, director, vip, clients):
    """Three clients, each with datagrams that fit and such that travel in pieces, both ways."""
    for number in range(3):
        client = netns.udp(lab, vip, PORT)
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
