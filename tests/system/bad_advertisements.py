# SPDX-License-Identifier: Apache-2.0
"""Advertisements that nobody should believe, from a namespace of the lab: once each, or as a flood. Prints how
many a second it sent.

    python3 bad_advertisements.py INTERFACE ADDRESS VIP VICTIM SECONDS

Version 3, IPv4, id 51, our priority 254: whoever believes one steps down."""
import ctypes
import socket
import struct
import sys
import time

GROUP = "224.0.0.18"
FLOOD = 60_000  # packets a second
# RFC 4302 2: what is behind it, its length in words less two, reserved, SPI, number, 12 bytes of digest.
AUTHENTICATION = struct.pack("!BBHII", 112, 4, 0, 51, 1) + bytes(12)


def total(data):
    data += b"\0" * (len(data) % 2)
    value = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while value >> 16:
        value = (value & 0xffff) + (value >> 16)
    return ~value & 0xffff


def payload(vip, first=0x31, vrid=51, priority=254, count=1, interval=10, checksum=None, more=b""):
    def packed(value):
        return struct.pack("!BBBBHH", first, vrid, priority, count, interval, value) + \
            socket.inet_aton(vip) + more
    return packed(total(packed(0)) if checksum is None else checksum)


def packet(source, data, ttl=255, destination=GROUP, protocol=112):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0xc0, 20 + len(data), 1, 0, ttl, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(destination))
    return head + data


def kinds(source, vip, victim):
    good = payload(vip)
    return {
        "empty": packet(source, b""),
        "one byte": packet(source, good[:1]),
        "seven bytes": packet(source, good[:7]),
        "no address": packet(source, good[:8]),
        "cut short": packet(source, good[:-1]),
        "too long": packet(source, good + b"\0"),
        "count 0": packet(source, payload(vip, count=0)),
        "count 255": packet(source, payload(vip, count=255)),
        "ttl 254": packet(source, good, ttl=254),
        "ttl 1": packet(source, good, ttl=1),
        "version 0": packet(source, payload(vip, first=0x01)),
        "version 1": packet(source, payload(vip, first=0x11)),
        "version 2": packet(source, payload(vip, first=0x21, interval=1, more=bytes(8))),
        "version 15": packet(source, payload(vip, first=0xf1)),
        "type 0": packet(source, payload(vip, first=0x30)),
        "type 2": packet(source, payload(vip, first=0x32)),
        "checksum 0": packet(source, payload(vip, checksum=0)),
        "checksum": packet(source, payload(vip, checksum=0xdead)),
        "interval 0": packet(source, payload(vip, interval=0)),
        "authentication header": packet(source, AUTHENTICATION + good, protocol=51),
        "authentication header, unicast": packet(source, AUTHENTICATION + good,
                                                 destination=victim, protocol=51),
        "authentication header cut short": packet(source, AUTHENTICATION[:7], protocol=51),
        "another router": packet(source, payload(vip, vrid=52)),
        "unicast": packet(source, good, destination=victim),
        "our own address": packet(victim, good),
    }


class Batch:
    """Packets that one sendmmsg(2) sends: Python's own calls are too slow for a flood."""

    class Message(ctypes.Structure):
        _fields_ = [("name", ctypes.c_char_p), ("namelen", ctypes.c_uint32),
                    ("iov", ctypes.c_void_p), ("iovlen", ctypes.c_size_t),
                    ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t),
                    ("flags", ctypes.c_size_t), ("sent", ctypes.c_size_t)]

    class Piece(ctypes.Structure):
        _fields_ = [("base", ctypes.c_char_p), ("length", ctypes.c_size_t)]

    def __init__(self, out, packets):
        self.out, self.size = out, len(packets)
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.pieces = [self.Piece(data, len(data)) for data in packets]
        names = [struct.pack("=HH4s8x", socket.AF_INET, 0, data[16:20]) for data in packets]
        self.messages = (self.Message * self.size)(*[
            self.Message(name, 16, ctypes.addressof(piece), 1, None, 0, 0, 0)
            for name, piece in zip(names, self.pieces)])

    def send(self):
        """How many were sent; the first that the kernel has no room for ends it."""
        return max(0, self.libc.sendmmsg(self.out.fileno(), self.messages, self.size, 0))


def main():
    interface, source, vip, victim, seconds = sys.argv[1:]
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    batch = Batch(out, list(kinds(source, vip, victim).values()))
    sent, begun = batch.send(), time.monotonic()
    end = begun + float(seconds)
    while (now := time.monotonic()) < end:
        if sent < (now - begun) * FLOOD:
            sent += batch.send()
        else:
            time.sleep(0.0002)
    print(int(sent / max(0.001, time.monotonic() - begun)))


if __name__ == "__main__":
    main()
