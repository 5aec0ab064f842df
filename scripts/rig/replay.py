# SPDX-License-Identifier: Apache-2.0
"""Files of many flows that net_pcap replays for ever, spread over them as a card with RSS spreads flows over queues."""
import ipaddress
import struct

from duts import GENERATOR_MAC, first_client, vip

PCAP_MAC = "02:70:63:61:70:00"  # net_pcap's own
# The verification key of RSS. Any would do: lbd is told.
KEY = "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa"
ETHERNET = 1  # link type
FCS = 4


def toeplitz(data, key=bytes.fromhex(KEY)):
    """RSS's hash; `data`: addresses and ports as on the wire."""
    number, bits, out = int.from_bytes(key, "big"), len(key) * 8, 0
    for i in range(len(data) * 8):
        if data[i // 8] & 0x80 >> i % 8:
            out ^= number >> bits - 32 - i & 0xffffffff
    return out


class Spread:
    """Queue of a flow. Toeplitz is linear, so what flows share is hashed once."""

    def __init__(self, size, queues):
        self.queues = queues
        self.bits = [toeplitz((1 << bit).to_bytes(size, "big")) for bit in range(size * 8)]

    def queue(self, data):
        number, out = int.from_bytes(data, "big"), 0
        while number:
            low = number & -number
            out ^= self.bits[low.bit_length() - 1]
            number ^= low
        return out % self.queues


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp(source, destination, port, payload):
    length = 8 + len(payload)
    header = struct.pack("!HHHH", port, 80, length, 0)
    pseudo = source + destination + struct.pack("!HHI", 0, 17, length)
    return header[:6] + struct.pack("!H", checksum(pseudo + header + payload) or 0xffff) + payload


def frame(family, source, destination, port, size):
    """`size`: with the frame check sequence, which no file has."""
    ethernet = bytes.fromhex((PCAP_MAC + GENERATOR_MAC).replace(":", ""))
    if family == 4:
        payload = udp(source, destination, port, bytes(size - FCS - 14 - 20 - 8))
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, 17, 0) + source + destination
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        return ethernet + b"\x08\x00" + ip + payload
    payload = udp(source, destination, port, bytes(size - FCS - 14 - 40 - 8))
    return ethernet + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(payload), 17, 64) + source + destination + payload


def write_files(directory, family, flows, queues, size):
    """As many flows in each of `queues` files, whose names are returned."""
    first = ipaddress.ip_address(first_client(family))
    destination = ipaddress.ip_address(vip(family)).packed
    spread = Spread(2 * len(destination) + 4, queues)
    names = [directory / f"queue{queue}.pcap" for queue in range(queues)]
    room = [flows // queues] * queues
    files = [name.open("wb") for name in names]
    for file in files:
        file.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, ETHERNET))
    n = 0
    while any(room):
        source, port = (first + n).packed, 1024 + n % 50_000
        n += 1
        queue = spread.queue(source + destination + struct.pack("!HH", port, 80))
        if room[queue] == 0:
            continue
        room[queue] -= 1
        data = frame(family, source, destination, port, size)
        files[queue].write(struct.pack("=IIII", 0, 0, len(data), len(data)) + data)
    for file in files:
        file.close()
    return names
