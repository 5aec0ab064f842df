# SPDX-License-Identifier: Apache-2.0
"""Every forwarding method with each pair of families it has, by 1, 2 and 4 workers behind one queue that steer in
software, under four loads: requests, many of them at once, a large page, datagrams in pieces.

By default the rows are a selection with every pair of two dimensions, and wrk runs for 3 s; `scripts/test --all` (--all
of pytest) takes every row, and wrk runs for 10 s."""
import checks
import large_page
import pytest
from big_echo import PORT as BIG
from big_echo import every_size_comes_back
from director import service
from lab import CLIENT4, CLIENT6, PORT4, PORT6, VIP4, VIP6, lan4, lan6, server4, server6, wait_for
from large_page import PORT as PAGE
from pairwise import pairwise, product
from test_icmp import forget_mtu
from test_load import Wrk

LAN4, LAN6 = "198.51.100.11", "2001:db8:1::11"
SAME = ((4, 4), (6, 6))
ALL = (*SAME, (4, 6), (6, 4))
# Families of the client's and the server's side.
FAMILIES = {"dr": SAME, "nat": SAME, "fullnat": ALL, **{f"tun {kind}": ALL for kind in ("ipip", "gre", "gue")}}


@pytest.fixture(scope="module")
def page(lab):
    with large_page.served(lab) as digest:
        yield digest


@pytest.fixture
def way(lab, method):
    """By nat the director is the servers' gateway; by everything else they answer, or could, by their own way."""
    routes = [(f"{CLIENT4}/32", LAN4), (f"{CLIENT6}/128", LAN6)] if method == "nat" else []
    for name in lab.server_names():
        for to, via in routes:
            lab.run(name, "ip", "route", "add", to, "via", via)
    yield
    for name in lab.server_names():
        for to, _ in routes:
            lab.run(name, "ip", "route", "del", to)
    forget_mtu(lab)


def services(method, client, server):
    forwarding, *kind = method.split()
    if forwarding in ("nat", "fullnat"):
        address = lan6 if server == 6 else lan4
    else:
        address = server6 if server == 6 else server4

    def made(name, servers, **more):
        out = service(name, weights=[], scheduler="rr", v6=client == 6, **more)
        out["forwarding"] = forwarding
        tunnel = {"tunnel": {"type": kind[0]}} if kind else {}
        out["real_servers"] = [{"address": address(n), **tunnel} for n in servers]
        return out

    return [made("web", [1, 2]), made("page", [1], port=PAGE), made("udp", [1, 2], port=BIG, protocol="udp")]


def ports(method):
    wan0 = {"name": "wan0", "device": "af_xdp:v0", "addresses": [f"{PORT4}/24", f"{PORT6}/64"]}
    lan0 = {"name": "lan0", "device": "af_xdp:v1", "addresses": [f"{LAN4}/24", f"{LAN6}/64"]}
    if method == "fullnat":
        lan0["local_addresses"] = ["198.51.100.100-198.51.100.101", "2001:db8:1::100"]
    return [wan0, lan0] if method in ("nat", "fullnat") else [wan0]


def serve(director, method, families, workers):
    director.start(director.config(services(method, *families), ports=ports(method), workers=workers,
                                   max_connections=100000))
    # Or the first packets wait for a neighbour, which on a busy machine may be longer than they may.
    wait_for("the servers' MAC addresses", lambda: all(
        server["next_hop"]["state"] == "reachable"
        for row in director.ask("services")["services"] for server in row["real_servers"]))
    if method == "fullnat":
        wait_for("the pool", lambda: any(row["addresses"] >= 2 for row in director.ask("status")["local_addresses"]))


class Run:
    """What a load needs."""

    def __init__(self, lab, director, clients, page, workers, vip, seconds):
        self.lab, self.director, self.clients, self.page = lab, director, clients, page
        self.workers, self.vip, self.seconds = workers, vip, seconds


def requests(run):
    answered = checks.requests(run.lab, 90, run.vip)
    assert sum(answered.values()) == 90
    # rr is exact for each worker, and workers start at different places.
    assert all(abs(n - 45) <= run.workers * 2 for n in answered.values()), answered
    assert checks.drops(run.director) == {}
    counters = checks.sums_agree(run.director)
    assert len(counters["workers"]) == run.workers
    assert (counters["verdicts"]["handed_off"] > 0) == (run.workers > 1)


def many(run):
    done, bad = Wrk(run.lab, run.seconds, address=f"[{run.vip}]" if ":" in run.vip else run.vip).result()
    assert bad == [] and done > 100 * run.seconds, checks.drops(run.director)
    assert set(checks.drops(run.director)) <= {"neighbour_timeout"}


def download(run):
    host = f"[{run.vip}]" if ":" in run.vip else run.vip
    done = run.lab.run("client", "sh", "-c", f"curl -sSgf http://{host}:{PAGE}/large | sha256sum")
    assert done.stdout.split()[0] == run.page


def datagrams(run):
    every_size_comes_back(run.lab, run.director, run.vip, run.clients)


LOADS = {"requests": requests, "many": many, "download": download, "datagrams": datagrams}
ROWS = product({"method": FAMILIES, "families": ALL, "workers": (1, 2, 4), "load": LOADS},
               lambda row: row["families"] in FAMILIES[row["method"]])


def pytest_generate_tests(metafunc):
    rows = ROWS if metafunc.config.getoption("all") else pairwise(ROWS)
    metafunc.parametrize(list(rows[0]), [list(row.values()) for row in rows], ids=[
        "{0}-{1[0]}to{1[1]}-{2}-{3}".format(*row.values()).replace(" ", "-") for row in rows])


def test_row(request, lab, director, way, ends, page, big_echo, clients, method, families, workers, load):
    client, server = families
    serve(director, method, families, workers)
    seconds = 10 if request.config.getoption("all") else 3
    kind = method.partition("tun ")[2]
    before = sum(end.seen[kind, server, client] for end in ends.values())
    LOADS[load](Run(lab, director, clients, page, workers, VIP6 if client == 6 else VIP4, seconds))
    carried = sum(end.seen[kind, server, client] for end in ends.values()) - before
    assert (carried > 0) == (kind != "")
