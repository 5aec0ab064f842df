# SPDX-License-Identifier: Apache-2.0
"""The far end of a tunnel, for kernels without IPIP, GRE and FOU devices: raw and UDP sockets in a real server's
namespace take what comes, the headers are taken off, and a TUN device gives the packet inside to the kernel. What the
kernel checks of outer headers (IP and UDP checksums, addresses) is checked on the way."""
import collections
import fcntl
import os
import selectors
import socket
import struct
import threading

import netns

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
IPPROTO_IPIP, IPPROTO_GRE = 4, 47
GUE_PORT = 6080
Outer = collections.namedtuple("Outer", "kind family length tos ttl df")


class Decapsulator:
    """All kinds of tunnels into one server, both families. `seen` counts packets by (kind, outer family, inner
    family); `outer` has the last outer IPv4 header of a kind; faults of what was carried are collected."""

    def __init__(self, lab, name):
        self.seen = collections.Counter()
        self.outer = {}
        self.faults = []
        self._tun = self._make_tun(lab, name)
        self._selector = selectors.DefaultSelector()
        for family in (socket.AF_INET, socket.AF_INET6):
            for protocol, kind in ((IPPROTO_IPIP, "ipip"), (socket.IPPROTO_IPV6, "ipip"), (IPPROTO_GRE, "gre")):
                self._listen(lab, name, family, socket.SOCK_RAW, protocol, kind)
            self._listen(lab, name, family, socket.SOCK_DGRAM, 0, "gue")
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    @staticmethod
    def _make_tun(lab, name):
        with netns.inside(lab, name):
            tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"decap0", IFF_TUN | IFF_NO_PI))
        lab.run(name, "sh", "-ec", "sysctl -qw net.ipv4.conf.decap0.rp_filter=0\nip link set decap0 up")
        return tun

    def _listen(self, lab, name, family, kind, protocol, what):
        with netns.inside(lab, name):
            made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        if kind == socket.SOCK_DGRAM:
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.bind(("", GUE_PORT))
        self._selector.register(made, selectors.EVENT_READ, what)

    def _loop(self):
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                for _ in range(64):
                    try:
                        self._take(key.data, key.fileobj, key.fileobj.recv(65536))
                    except BlockingIOError:
                        break

    def _take(self, kind, source, data):
        outer = 6 if source.family == socket.AF_INET6 else 4
        if outer == 4 and source.type == socket.SOCK_RAW:  # comes with its header
            self.outer[kind] = Outer(kind, 4, len(data), data[1], data[8], bool(data[6] & 0x40))
            data = data[(data[0] & 15) * 4:]
        if kind == "gre":
            carried = {0x0800: 4, 0x86DD: 6}.get(struct.unpack("!H", data[2:4])[0])
            header, data = data[:2], data[4:]
            self._check(header == b"\0\0" and carried == data[0] >> 4, f"gre header {header.hex()}")
        elif kind == "gue":
            header, data = data[:4], data[4:]
            carried = {4: 4, 41: 6}.get(header[1])
            self._check(header[0] == 0 and header[2:] == b"\0\0" and carried == data[0] >> 4,
                        f"gue header {header.hex()}")
        length = struct.unpack("!H", data[2:4])[0] if data[0] >> 4 == 4 else 40 + struct.unpack("!H", data[4:6])[0]
        self._check(length == len(data), f"{kind}: {len(data)} bytes carried, the packet says {length}")
        self.seen[kind, outer, data[0] >> 4] += 1
        os.write(self._tun, data)

    def _check(self, good, text):
        if not good:
            self.faults.append(text)

    def close(self):
        self._wake.send(b"x")
        self._thread.join(5)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._wake.close()
        self._selector.close()
        os.close(self._tun)
