# SPDX-License-Identifier: Apache-2.0
"""Advertisements that nobody should believe, from a namespace of the lab: once each, or as a flood.

    python3 bad_advertisements.py INTERFACE ADDRESS VIP SECONDS

Version 3, IPv4, id 51, our priority 254: whoever believes one steps down."""
import socket
import struct
import sys
import time

GROUP = "224.0.0.18"


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


def packet(source, data, ttl=255, destination=GROUP):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0xc0, 20 + len(data), 1, 0, ttl, 112, 0,
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
        "another router": packet(source, payload(vip, vrid=52)),
        "unicast": packet(source, good, destination=victim),
        "our own address": packet(victim, good),
    }


def main():
    interface, source, vip, victim, seconds = sys.argv[1:]
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    packets = [(data, (socket.inet_ntoa(data[16:20]), 0))
               for data in kinds(source, vip, victim).values()]
    for data, to in packets:
        out.sendto(data, to)
    sent, begun = 0, time.monotonic()
    while time.monotonic() - begun < float(seconds):
        for data, to in packets:
            out.sendto(data, to)
        sent += len(packets)
    print(int(sent / max(0.001, time.monotonic() - begun)))


if __name__ == "__main__":
    main()
