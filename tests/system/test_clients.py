# SPDX-License-Identifier: Apache-2.0
"""What is remembered of clients: persistence over workers, reloads and deaths; limits of new connections; and
services of many listens."""
import collections
import itertools
import socket

import checks
import netns
from director import service
from echo import PORT, EchoClient
from lab import CLIENT4, VIP4, server4, wait_for


PORTS = itertools.count(10000)


def udp_servers(lab, count):
    """So many UDP flows, from a port each that no flow before had (an old flow stays with its server, even
    with one that has left the file): name of the server that answered -> how many."""
    flows = [netns.make_socket(lab, "client", kind=socket.SOCK_DGRAM) for _ in range(count)]
    names = collections.Counter()
    try:
        for flow in flows:
            flow.bind((CLIENT4, next(PORTS)))
            flow.connect((VIP4, PORT))
            flow.send(b"x")
            names[flow.recv(64).decode().split(":")[0]] += 1
    finally:
        for flow in flows:
            flow.close()
    return dict(names)


def persistent(weights, **more):
    return service("dns", weights, "rr", port=PORT, protocol="udp",
                   persistence={"timeout": "50s"}, **more)


def test_a_client_keeps_its_server(lab, director, echo):
    director.start(director.config([persistent([1, 1, 1])], workers=4))
    first = udp_servers(lab, 1000)
    assert list(first.values()) == [1000], first
    mine = int(next(iter(first))[2:])
    others = [n for n in (1, 2, 3) if n != mine]

    director.reload(director.config([persistent([1, 1, 1]), service()], workers=4))
    assert udp_servers(lab, 20) == {f"rs{mine}": 20}, "a reload changes nothing"

    weights = [1, 1, 1]
    weights[others[0] - 1] = None
    director.reload(director.config([persistent(weights)], workers=4))
    assert udp_servers(lab, 20) == {f"rs{mine}": 20}, "another server's end changes nothing"

    director.ctl("weight", "dns", server4(mine), "0")
    assert udp_servers(lab, 20) == {f"rs{mine}": 20}, "weight 0 keeps its clients"

    weights[mine - 1] = None
    director.reload(director.config([persistent(weights)], workers=4))
    assert udp_servers(lab, 20) == {f"rs{others[1]}": 20}, "its own end moves it, once"


def test_a_limit_of_new_connections_is_exact_over_workers(lab, director, echo):
    config = service("dns", [1, 1, 1], "rr", port=PORT, protocol="udp",
                     limits={"new_per_second_per_client": 1, "new_per_second": 1000})
    director.start(director.config([config], workers=4))
    flows = [netns.udp(lab, VIP4, PORT) for _ in range(40)]
    for flow in flows:
        flow.send(b"x")
    wait_for("all to be forwarded or refused", lambda: sum(limited(director)) >= 40)
    let_in, refused = limited(director)
    # One at once, and one for each second that the sending took on a busy machine.
    assert 1 <= let_in <= 10 and let_in + refused == 40
    assert len(checks.connections(director, "--service", "dns")) == let_in
    for flow in flows:
        flow.close()


def limited(director):
    stats = director.ask("stats", "dns")["services"][0]["connections"]
    return stats, director.ask("counters")["verdicts"].get("client_rate_limited", 0)


def test_ranges_and_prefixes(lab, director, echo, clients):
    """192.0.2.20 by its prefix and by a range of ports; the longer prefix wins, then the narrower range."""
    wide = service("wide", [1, None, None], "rr", port=PORT)
    wide["listen"] = ["192.0.2.16/29:0"]
    ports = service("ports", [None, 1, None], "rr", port=PORT)
    ports["listen"] = [f"{VIP4}:{PORT - 5}-{PORT + 5}"]
    one = service("one", [None, None, 1], "rr", port=PORT)
    director.start(director.config([wide]))
    for services, name in (([wide], "rs1"), ([wide, ports], "rs2"), ([wide, ports, one], "rs3")):
        director.reload(director.config(services))
        clients.append(EchoClient(lab, VIP4))
        assert clients[-1].server == name
    shown = {row["name"]: row["listen"] for row in director.ask("services")["services"]}
    assert shown["wide"] == ["192.0.2.16/29:0"]
    assert shown["ports"] == [f"{VIP4}:{PORT - 5}-{PORT + 5}"]
    assert director.ask("explain", "192.0.2.101:5", "192.0.2.17:9")["service"] == "wide"


def test_sloppy_tcp_and_mh_keep_connections_over_a_change_of_director(lab, director, echo, clients):
    """A director that knows nothing of a connection, as one behind routers that rehash, or this one after its
    restart, sends its packets to the server that they went to before."""
    config = director.config([service("echo", [1, 1, 1], "mh", port=PORT, scheduler_flags=["mh-port"])],
                             sloppy_tcp=True)
    director.start(config)
    clients += [EchoClient(lab, VIP4) for _ in range(12)]
    assert len({client.server for client in clients}) > 1
    assert director.stop() == 0
    director.start(config)
    assert checks.connections(director, "--service", "echo") == []
    assert all(client.says() for client in clients)
    assert len(checks.connections(director, "--service", "echo")) == len(clients)
