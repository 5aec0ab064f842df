# SPDX-License-Identifier: Apache-2.0
"""Which server gets what, with real clients and real servers."""
import collections

import checks
import echo as echo_module
import netns
import pytest
from director import service
from lab import VIP4, VIP6, server4, wait_for

VIPS = pytest.mark.parametrize("vip", [VIP4, VIP6])


def serve(director, vip, weights, scheduler, **more):
    director.start(director.config([service(weights=weights, scheduler=scheduler, v6=":" in vip,
                                            **more)]))


@VIPS
def test_wrr_spreads_exactly_by_weight(lab, director, vip):
    serve(director, vip, [2, 1], "wrr")
    assert checks.requests(lab, 300, vip) == {"rs1": 200, "rs2": 100}
    assert checks.drops(director) == {}


@VIPS
def test_rr_takes_turns(lab, director, vip):
    serve(director, vip, [5, 1, 1], "rr")
    assert checks.requests(lab, 300, vip) == {"rs1": 100, "rs2": 100, "rs3": 100}


@VIPS
def test_stats_count_what_was_sent(lab, director, vip):
    serve(director, vip, [1, 1], "rr")
    checks.requests(lab, 20, vip)
    row = next(s for s in director.ask("stats")["services"] if s["name"] == "web")
    assert row["connections"] == 20
    assert row["packets_in"] >= 20 * 4  # SYN, ACK, request, FIN at least
    assert row["bytes_in"] > row["packets_in"] * 40


@VIPS
def test_lc_sends_to_the_server_with_the_fewest_connections(lab, director, echo, clients, vip):
    serve(director, vip, [1, 1, 1], "lc", port=echo_module.PORT)
    clients += [echo_module.EchoClient(lab, vip) for _ in range(30)]
    by_server = collections.Counter(c.server for c in clients)
    assert by_server == {"rs1": 10, "rs2": 10, "rs3": 10}

    for client in [c for c in clients if c.server == "rs1"]:
        clients.remove(client)
        client.close()
    first = server4(1) if vip == VIP4 else "2001:db8::31"
    wait_for("rs1's connections to end", lambda: active(director, first) == 0)
    fresh = [echo_module.EchoClient(lab, vip) for _ in range(9)]
    clients += fresh
    assert {c.server for c in fresh} == {"rs1"}


def active(director, address):
    return checks.servers(director, "web")[address]["active_connections"]


@VIPS
def test_udp_flows_are_spread_and_stay(lab, director, echo, clients, vip):
    serve(director, vip, [1, 1, 1], "rr", port=echo_module.PORT, protocol="udp")
    count = collections.Counter()
    for _ in range(30):
        client = netns.udp(lab, vip, echo_module.PORT)
        clients.append(client)
        answers = set()
        for _ in range(4):
            client.send(b"hello")
            answers.add(client.recv(100))
        assert len(answers) == 1, f"one flow went to several servers: {answers}"
        count[answers.pop()] += 1
    assert count == {b"rs1:hello": 10, b"rs2:hello": 10, b"rs3:hello": 10}


def test_one_service_listens_on_several_ports(lab, director, echo, clients):
    config = service(weights=[1], scheduler="rr")
    config["listen"].append(f"{VIP4}:{echo_module.PORT}")
    director.start(director.config([config]))
    assert checks.requests(lab, 3) == {"rs1": 3}
    clients.append(echo_module.EchoClient(lab, VIP4))
    assert clients[0].server == "rs1"


def test_a_large_answer_and_a_large_request_pass(lab, director, echo, clients):
    serve(director, VIP4, [1], "rr", port=echo_module.PORT)
    client = echo_module.EchoClient(lab, VIP4)
    clients.append(client)
    blob = b"x" * 200_000 + b"\n"
    client.socket.settimeout(10)
    client.socket.sendall(blob[:100_000])
    client.socket.sendall(blob[100_000:])
    received = b""
    while len(received) < len(blob):
        received += client.socket.recv(65536)
    assert received == blob


def test_idle_poll(lab, director):
    director.start(director.config([service(weights=[2, 1])], idle="poll"))
    assert checks.requests(lab, 30) == {"rs1": 20, "rs2": 10}
