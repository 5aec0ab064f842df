# SPDX-License-Identifier: Apache-2.0
"""Path MTU discovery through lbd: much data in both directions where some link is smaller than what the ends believe,
and what was said about it on the wire, as tshark reads it (RFC 792, RFC 1191, RFC 4443, RFC 8201).

`far` is a client behind a router. From the router to it 1400 bytes fit, from it to the director 1500; by a tunnel 1480
and less fit into the port to the servers."""
import contextlib
import hashlib
import json

import checks
import netns
import pytest
from echo import PORT
from lab import CLIENT4, CLIENT6, PORT4, PORT6, VIP4, VIP6, call, lan4, lan6, wait_for
from test_icmp import forget_mtu
from test_matrix import LAN4, LAN6, ports, services
from test_tun import OVERHEAD

ROUTER4, ROUTER6 = "192.0.2.1", "2001:db8::1"
FAR4, FAR6 = "198.18.0.101", "2001:db8:2::101"
NET4, NET6 = "198.18.0.0/24", "2001:db8:2::/64"
PATH = 1400
CHUNK, CHUNKS = 1 << 16, 64
FAMILY = pytest.mark.parametrize("v6", [False, True], ids=["IPv4", "IPv6"])
METHODS = ("dr", "nat", "fullnat")
FIELDS = ("frame.interface_name", "ip.src", "ip.dst", "ip.len", "ip.flags.df", "ip.checksum.status", "icmp.type",
          "icmp.code", "icmp.mtu", "icmp.checksum.status", "ipv6.src", "ipv6.dst", "ipv6.plen", "icmpv6.type",
          "icmpv6.code", "icmpv6.mtu", "icmpv6.checksum.status", "tcp.srcport", "tcp.dstport")


@pytest.fixture(scope="module")
def far(lab):
    """The router and the client behind it."""
    lab._add_bridge("br2")
    for name in ("router", "far"):
        lab._add_namespace(name)
    lab._add_host("router", ROUTER4, ROUTER6)
    lab._add_host("router", "198.18.0.1", "2001:db8:2::1", "eth1", "router1", "br2")
    lab._add_host("far", FAR4, FAR6, "eth0", "far", "br2")
    lab.run("router", "sh", "-ec",
            "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0 "
            "net.ipv6.icmp.ratelimit=0\n"
            f"ip route add {FAR4}/32 dev eth1 mtu lock {PATH}\nip route add {FAR6}/128 dev eth1 mtu lock {PATH}")
    lab.run("far", "sh", "-ec", "ip route add default via 198.18.0.1\nip route add default via 2001:db8:2::1")
    yield
    for name in ("router", "far"):
        call(["ip", "netns", "del", lab.ns(name)])
    lab.run("sw", "ip", "link", "del", "br2")


@contextlib.contextmanager
def routes(lab, *those):
    """(name, to, via ...): there while the block runs. What a host learned of paths is forgotten afterwards."""
    for name, to, *via in those:
        lab.run(name, "ip", "route", "add", to, *via)
    try:
        yield
    finally:
        for name, to, *_ in those:
            lab.run(name, "ip", "route", "del", to)
        for name in ("far", *lab.server_names()):
            lab.run(name, "ip", "route", "flush", "cache")
            lab.run(name, "ip", "-6", "route", "flush", "cache")
        forget_mtu(lab)


def ways_to_far(lab, method):
    """How the servers reach the network of `far`."""
    if method == "fullnat":
        return []
    v4, v6 = (LAN4, LAN6) if method == "nat" else (ROUTER4, ROUTER6)
    return [(name, to, "via", via) for name in lab.server_names() for to, via in ((NET4, v4), (NET6, v6))]


@contextlib.contextmanager
def capture(lab):
    """ICMP errors on both of the director's links; yields a function that reads what has come."""
    file = lab.dir / "pmtu.pcap"
    file.unlink(missing_ok=True)
    process = lab.start("sw", "tshark", "-Q", "-f", "icmp[icmptype] = 3 or (icmp6 and ip6[40] < 128)",
                        "-i", "dir", "-i", "dir1", "-w", file)

    def read():
        done = call(["tshark", "-r", str(file), "-o", "ip.check_checksum:TRUE", "-T", "json",
                     *(word for field in FIELDS for word in ("-e", field))])
        return [Error(row["_source"]["layers"]) for row in json.loads(done.stdout or "[]")]

    try:
        wait_for("tshark", lambda: file.exists() and file.stat().st_size >= 24)
        yield read
    finally:
        process.terminate()
        process.wait(5)


class Error:
    """An ICMP error with what it quotes; as tshark reads it, inner headers behind outer ones."""

    def __init__(self, fields):
        def all_of(name):
            return fields.get(name, [])

        self.link = all_of("frame.interface_name")[0]
        self.v6 = bool(all_of("icmpv6.type"))
        name = "icmpv6" if self.v6 else "icmp"
        addresses = "ipv6" if self.v6 else "ip"
        self.what = int(all_of(f"{name}.type")[0]), int(all_of(f"{name}.code")[0])
        self.mtu = int(all_of(f"{name}.mtu")[0]) if all_of(f"{name}.mtu") else None
        (self.source, *inner_from), (self.target, *inner_to) = all_of(f"{addresses}.src"), all_of(f"{addresses}.dst")
        self.quoted = (inner_from[-1], int(all_of("tcp.srcport")[-1]), inner_to[-1], int(all_of("tcp.dstport")[-1]))
        sums = all_of(f"{name}.checksum.status")
        self.sums_right = sums == ["1"] and (self.v6 or all_of("ip.checksum.status")[0] == "1")
        sizes = [int(n) for n in all_of("ipv6.plen" if self.v6 else "ip.len")]
        self.length, self.quoted_length = (n + 40 * self.v6 for n in (sizes[0], sizes[-1]))
        self.quoted_df = self.v6 or all_of("ip.flags.df")[-1] in ("1", "True")

    def __repr__(self):
        return str(vars(self))

    def check(self, mtu):
        """What every word about a packet that is too long must be."""
        assert self.what == ((2, 0) if self.v6 else (3, 4)), self
        assert self.mtu == mtu and self.sums_right, self
        assert self.quoted_length > mtu and self.quoted_df, self
        # RFC 1812 4.3.2.3: at most 576 bytes; RFC 4443 2.4 (c): at most the minimum MTU. RFC 792 wants 8 bytes
        # behind the quoted header.
        assert (48 + 48 if self.v6 else 28 + 28) <= self.length <= (1280 if self.v6 else 576), self


def exchange(lab, client, vip, clients):
    """Much data to an echo server and back; the server's name and the client's port."""
    made = netns.connect(lab, vip, PORT, name=client, timeout=20)
    clients.append(made)
    stream = made.makefile("rb")
    server = stream.readline().decode().strip()
    sent, came = hashlib.sha256(), hashlib.sha256()
    for n in range(CHUNKS):
        data = n.to_bytes(4, "big") * (CHUNK // 4)
        made.sendall(data)
        sent.update(data)
        came.update(stream.read(CHUNK))
    assert came.digest() == sent.digest()
    return server, made.getsockname()[1]


def start(director, method, v6, mss="off", mtu=None):
    """`method` as test_matrix.py writes it, for echo servers rs1 and rs2."""
    tcp = services(method, 6 if v6 else 4, 6 if v6 and "tun" not in method else 4)[0]
    tcp.update(name="tcp", mss=mss, listen=[f"[{VIP6}]:{PORT}" if v6 else f"{VIP4}:{PORT}"])
    made = ports(method)
    if mtu:
        made[0]["mtu"] = mtu
    ways = [{"to": NET4, "via": ROUTER4}, {"to": NET6, "via": ROUTER6}]
    director.start(director.config([tcp], ports=made, routes=ways, workers=2))
    wait_for("the servers' MAC addresses", lambda: all(
        server["next_hop"]["state"] == "reachable"
        for row in director.ask("services")["services"] for server in row["real_servers"]))
    if method == "fullnat":
        wait_for("the pool", lambda: any(row["addresses"] >= 2 for row in director.ask("status")["local_addresses"]))


def known_mtu(lab, name, to, source):
    """What a host knows of the path; None where it learned nothing."""
    row = json.loads(lab.run(name, "ip", "-json", "route", "get", to, "from", source).stdout)[0]
    return next((m["mtu"] for m in row.get("metrics", []) if "mtu" in m), None)


def about(errors, **wanted):
    return [e for e in errors if all(getattr(e, name) == value for name, value in wanted.items())]


@FAMILY
@pytest.mark.parametrize("kind,mss", [("ipip", "off"), ("gre", "off"), ("gue", "off"), ("ipip", "auto")])
def test_a_small_path_to_the_client_and_a_tunnel(lab, director, far, ends, echo, clients, kind, mss, v6):
    """Uploads meet the tunnel: the director says so. Downloads meet the router: its word goes to the virtual address,
    and by the tunnel to the one server that must hear it."""
    vip, client, router, own = (VIP6, FAR6, ROUTER6, PORT6) if v6 else (VIP4, FAR4, ROUTER4, PORT4)
    with routes(lab, *ways_to_far(lab, "tun")):
        start(director, f"tun {kind}", v6, mss)
        with capture(lab) as read:
            server, port = exchange(lab, "far", vip, clients)
            errors = wait_for("both errors", lambda: (
                all_ if about(all_ := read(), source=own) and about(all_, source=router) else None))
        for error in about(errors, source=own):
            error.check(1500 - OVERHEAD[kind])
            assert error.target == client and error.quoted == (client, port, vip, PORT)
        for error in about(errors, source=router):
            error.check(PATH)
            assert error.target == vip and error.quoted == (vip, PORT, client, port)
        assert {e.source for e in errors} == {own, router}
        assert known_mtu(lab, "far", vip, client) == 1500 - OVERHEAD[kind]
        for name in ("rs1", "rs2"):
            assert known_mtu(lab, name, client, vip) == (PATH if name == server else None)


@FAMILY
@pytest.mark.parametrize("method", METHODS)
def test_a_small_path_to_the_client(lab, director, far, echo, clients, method, v6):
    """The router's word is about a packet from the virtual address. It must reach the one server, as if it were about
    what that sent."""
    vip, client, router = (VIP6, FAR6, ROUTER6) if v6 else (VIP4, FAR4, ROUTER4)
    with routes(lab, *ways_to_far(lab, method)):
        start(director, method, v6)
        with capture(lab) as read:
            server, port = exchange(lab, "far", vip, clients)
            heard = vip if method == "dr" else (lan6 if v6 else lan4)(int(server[2:]))
            errors = wait_for("the error at the server", lambda: (
                all_ if about(all_ := read(), link="dir" if method == "dr" else "dir1", target=heard) else None))
        at_client = client, port
        if method == "fullnat":
            local = checks.connections(director, "--service", "tcp")[0]["local"]
            at_client = local.rsplit(":", 1)[0].strip("[]"), int(local.rsplit(":", 1)[1])
        for error in errors:
            error.check(PATH)
        for error in about(errors, link="dir"):
            assert (error.source, error.target) == (router, vip) and error.quoted == (vip, PORT, client, port)
        for error in about(errors, link="dir1"):
            assert error.target == heard and error.quoted == (heard, PORT, *at_client), error
        assert known_mtu(lab, server, at_client[0], heard) == PATH
        other = "rs1" if server == "rs2" else "rs2"
        assert known_mtu(lab, other, at_client[0], vip if method == "dr" else (lan6 if v6 else lan4)(int(other[2:]))) is None
        assert set(checks.drops(director)) <= {"neighbour_timeout"}


@FAMILY
@pytest.mark.parametrize("method", ["nat", "fullnat"])
def test_a_smaller_port_to_the_client(lab, director, echo, clients, method, v6):
    """The director itself tells the server. The client knows of 1400 bytes, but says that it takes more."""
    vip, client, own = (VIP6, CLIENT6, LAN6) if v6 else (VIP4, CLIENT4, LAN4)
    host = 128 if v6 else 32
    ways = [("client", f"{vip}/{host}", "dev", "eth0", "mtu", PATH, "advmss", 1440 if v6 else 1460)]
    if method == "nat":
        ways += [(name, f"{client}/{host}", "via", own) for name in lab.server_names()]
    with routes(lab, *ways):
        start(director, method, v6, mtu=PATH)
        with capture(lab) as read:
            server, port = exchange(lab, "client", vip, clients)
            errors = wait_for("the error", lambda: about(read(), source=own))
        heard = (lan6 if v6 else lan4)(int(server[2:]))
        for error in errors:
            error.check(PATH)
            assert error.link == "dir1" and error.target == heard and error.quoted[:2] == (heard, PORT)
            assert method == "fullnat" or error.quoted[2:] == (client, port)
        assert set(checks.drops(director)) <= {"neighbour_timeout", "mtu_exceeded"}
