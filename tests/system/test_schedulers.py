# SPDX-License-Identifier: Apache-2.0
"""Every scheduler with real connections, opened one at a time over two workers: which server each gets is
foretold by the rules below, which know nothing of lbd's code."""
import collections
import errno
import selectors
import socket

import checks
import echo as echo_module
import netns
import pytest
from director import service
from lab import CLIENT4, VIP4, server4

WEIGHTS = (3, 1, 2)
NAMES = ("rs1", "rs2", "rs3")
COUNT = 18
FLAGS = {"sh": ["sh-port"], "mh": ["mh-port"]}
KINDS = ("rr", "wrr", "lc", "wlc", "sed", "nq", "fo", "ovf", "sh", "dh", "mh", "lblc", "lblcr", "twos")
PORTS = {kind: 7100 + i for i, kind in enumerate(KINDS)}
TABLE = 4093
U64 = (1 << 64) - 1


@pytest.fixture(scope="module")
def many_echoes(lab):
    servers = echo_module.EchoServers(lab, [*PORTS.values(), 7200])
    yield servers
    servers.close()


# --- The rules ---

def least(cost):
    """The first server of the least cost, given as a fraction."""
    def rule(active, _):
        best = 0
        for i in range(1, len(WEIGHTS)):
            (n, d), (least_n, least_d) = cost(active[i], WEIGHTS[i]), cost(active[best], WEIGHTS[best])
            if n * least_d < least_n * d:
                best = i
        return best
    return rule


def never_queue(active, port):
    return active.index(0) if 0 in active else sed(active, port)


def overflow(active, _):
    room = [i for i, weight in enumerate(WEIGHTS) if active[i] <= weight]
    return max(room, key=lambda i: (WEIGHTS[i], -i)) if room else None


def mix(x):
    for factor in (0xff51afd7ed558ccd, 0xc4ceb9fe1a85ec53):
        x = (x ^ x >> 33) * factor & U64
    return x ^ x >> 33


def stable_hash(address, port=0):
    number = int.from_bytes(socket.inet_aton(address), "little")
    return mix(number | int.from_bytes(port.to_bytes(2, "big"), "little") << 32)


def bucket(value, size):
    return (value >> 32) * size >> 32


def source_hash(_, port):
    row = [i for i, weight in enumerate(WEIGHTS) for _ in range(weight)]
    return row[bucket(stable_hash(CLIENT4, port), 256) % len(row)]


def destination_hash(_, __):
    return bucket(stable_hash(VIP4), 256) % len(WEIGHTS)


def maglev_table():
    hashes = [mix((stable_hash(server4(n)) + 1) & U64) for n in (1, 2, 3)]
    orders = [(h % TABLE, mix((h + 1) & U64) % (TABLE - 1) + 1) for h in hashes]
    turns = sorted(((k / weight, stable_hash(server4(i + 1)), i)
                    for i, weight in enumerate(WEIGHTS) for k in range(1, TABLE)))
    table, places = [None] * TABLE, [offset for offset, _ in orders]
    for _, _, i in turns[:TABLE]:
        while table[places[i]] is not None:
            places[i] = (places[i] + orders[i][1]) % TABLE
        table[places[i]] = i
    return table


MAGLEV = maglev_table()


def maglev(_, port):
    return MAGLEV[bucket(stable_hash(CLIENT4, port), TABLE)]


wlc = least(lambda active, weight: (active, weight))
sed = least(lambda active, weight: (active + 1, weight))


class Locality:
    """One destination: its set of servers; lblc has one, lblcr lets it grow."""

    def __init__(self, grows):
        self.grows, self.known = grows, []

    def __call__(self, active, port):
        if self.known:
            best = min(self.known, key=lambda i: active[i] / WEIGHTS[i])
            roomy = any(2 * a < w for a, w in zip(active, WEIGHTS))
            if active[best] <= WEIGHTS[best] or not roomy:
                return best
        chosen = wlc(active, port)
        self.known = [*self.known, chosen] if self.grows else [chosen]
        return chosen


RULES = {"lc": least(lambda active, _: (active, 1)), "wlc": wlc, "sed": sed, "nq": never_queue,
         "fo": lambda *_: 0, "ovf": overflow, "sh": source_hash, "dh": destination_hash, "mh": maglev,
         "lblc": Locality(False), "lblcr": Locality(True)}


# --- Real connections ---

def test_each_connection_goes_where_the_rule_says(lab, director, many_echoes, clients):
    director.start(director.config(
        [service(kind, WEIGHTS, kind, port=PORTS[kind], scheduler_flags=FLAGS.get(kind, []))
         for kind in KINDS], workers=2))
    for kind, rule in RULES.items():
        active, got = [0] * len(WEIGHTS), []
        for n in range(COUNT):
            raw = netns.make_socket(lab, "client")
            raw.bind((CLIENT4, 0))
            want = rule(active, raw.getsockname()[1])
            if want is None:
                raw.close()
                break
            clients.append(raw)
            raw.connect((VIP4, PORTS[kind]))
            name = raw.makefile("rb").readline().decode().strip()
            assert name == NAMES[want], f"{kind}: connection {n} of {got}, {active} active"
            active[want] += 1
            got.append(name)
    for kind, shares in (("rr", (6, 6, 6)), ("wrr", (9, 3, 6))):
        count = collections.Counter()
        for _ in range(COUNT):
            clients.append(echo_module.EchoClient(lab, VIP4, PORTS[kind]))
            count[clients[-1].server] += 1
        # Exact for each worker; two of them may both be within a round.
        for name, share in zip(NAMES, shares):
            assert abs(count[name] - share) <= 2, (kind, count)
    count = collections.Counter()
    for _ in range(2 * COUNT):
        clients.append(echo_module.EchoClient(lab, VIP4, PORTS["twos"]))
        count[clients[-1].server] += 1
    # By weight in the long run: 18, 6, 12; random, so that only a gross error is told.
    assert all(abs(count[name] - share) <= 9 for name, share in zip(NAMES, (18, 6, 12))), count


def test_a_threshold_is_exact_over_four_workers(lab, director, many_echoes, clients):
    """1,000 connections at once: 100 at the server whose maximum that is, and 100 at the next; the others
    are refused and counted."""
    config = service("full", [1, 1], "rr", port=7200)
    for server in config["real_servers"]:
        server["max_connections"] = 100
    config["real_servers"].append({"address": server4(3), "max_connections": 700})
    director.start(director.config([config], workers=4))
    answers = open_at_once(lab, 1000, clients)
    assert answers == {"rs1": 100, "rs2": 100, "rs3": 700, "refused": 100}
    shown = checks.servers(director, "full")
    assert [shown[server4(n)]["active_connections"] for n in (1, 2, 3)] == [100, 100, 700]
    assert director.ask("counters")["verdicts"]["no_real_server"] >= 100


def open_at_once(lab, count, clients):
    """So many connections that all wait for their handshake together: server's name or "refused" -> how
    many. A reset that was lost to the limit of resets is asked for again by the client's kernel."""
    answers = collections.Counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(count):
            made = netns.make_socket(lab, "client", timeout=0)
            clients.append(made)
            assert made.connect_ex((VIP4, 7200)) in (0, errno.EINPROGRESS)
            selector.register(made, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(20)
            assert ready, f"no answer for 20 s, {len(selector.get_map())} are open: {answers}"
            for key, _ in ready:
                selector.unregister(key.fileobj)
                try:
                    answers[key.fileobj.recv(64).decode().strip() or "refused"] += 1
                except ConnectionError:
                    answers["refused"] += 1
    return dict(answers)
