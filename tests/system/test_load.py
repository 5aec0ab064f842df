# SPDX-License-Identifier: Apache-2.0
"""wrk, 50 connections, a new one for each request, while everything that may change does change."""
import re
import socket
import subprocess
import threading
import time

import checks
import netns
import pytest
from director import have_hugepages, service
from echo import PORT
from lab import PORT4, VIP4, server4, wait_for

SECONDS = 20
BURST = 150  # of datagrams: a socket's buffer holds them
RELOADS = 20


class Wrk:
    """wrk in the client's namespace; result() waits for its end.

    A request may take 10 s: on a starved machine the kernel drops what nobody fetches in time, and a SYN is
    sent again only after 1 s and 3 s. That is slow, and no failed request."""

    def __init__(self, lab, seconds, connections=50, address=VIP4):
        self._process = lab.start("client", "wrk", "-t", "2", "-c", connections, "-d", f"{seconds}s",
                                  "--timeout", "10s", "-H", "Connection: close",
                                  f"http://{address}/",
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def running(self):
        return self._process.poll() is None

    def result(self):
        """(requests, lines that speak of errors)"""
        output, _ = self._process.communicate(timeout=60)
        done = re.search(r"(\d+) requests in", output)
        assert done, output
        bad = [line.strip() for line in output.splitlines()
               if "Socket errors" in line or "Non-2xx" in line]
        return int(done[1]), bad


# (weight of rs1, weight of rs2): either rests for a turn, never both.
TURNS = [(2, 1), (1, 3), (0, 2), (5, 5), (4, 0), (1, 1)]


def weights_every_100_ms(director, stop, errors):
    """Raises before it lowers, so that no moment has two weights of 0."""
    now = list(TURNS[0])
    turn = 0
    while not stop.wait(0.1):
        turn += 1
        wanted = TURNS[turn % len(TURNS)]
        for n in sorted((0, 1), key=lambda i: now[i] - wanted[i]):
            done = director.ctl("weight", "web", server4(n + 1), wanted[n], check=False)
            if done.returncode:
                errors.append(done.stderr)
        now = wanted


def test_no_request_fails_while_everything_changes(lab, director):
    web = service(weights=[2, 1])
    other = service("other", [1, 1, 1], "rr", port=8080)
    options = {"max_connections": 200000}
    director.start(director.config([web], **options))
    stop, errors = threading.Event(), []
    changer = threading.Thread(target=weights_every_100_ms, args=(director, stop, errors))
    load = Wrk(lab, SECONDS)
    changer.start()
    try:
        reloads = 0
        start = time.monotonic()
        while load.running() and reloads < RELOADS:
            reloads += 1
            web["real_servers"][0]["weight"] = 1 + reloads % 4
            director.reload(director.config([web, other] if reloads % 2 else [web], **options))
            # The pace of the changes; a machine that was busy catches up.
            stop.wait(max(0.0, start + reloads * SECONDS / RELOADS * 0.9 - time.monotonic()))
        requests, bad = load.result()
    finally:
        stop.set()
        changer.join()
    assert (bad, errors) == ([], [])
    assert reloads == RELOADS, "lbd was too slow to take 20 reloads in 20 s"
    assert requests > 2000
    assert {"no_connection", "no_real_server"} & set(checks.drops(director)) == set()


def test_connections_are_forgotten_after_their_time(lab, director):
    # wrk leaves handshakes behind that nobody finishes: hence tcp_syn_recv.
    timeouts = {"tcp_fin": "1s", "tcp_close": "1s", "tcp_syn_recv": "1s"}
    director.start(director.config([service(weights=[1, 1], scheduler="rr")], timeouts=timeouts,
                                   max_connections=200000))
    load = Wrk(lab, 2)
    requests, bad = load.result()
    assert bad == [] and requests > 200

    def empty():
        return sum(w["connections"] for w in director.ask("status")["workers"]) == 0

    wait_for("the table to be empty", empty, 15)
    assert checks.connections(director) == []
    assert director.ask("counters")["events"]["connection_expired"] > 0


@pytest.mark.parametrize("hugepages", [pytest.param(True, id="huge pages"), pytest.param(False, id="ordinary memory")])
def test_every_packet_buffer_carries(lab, director, hugepages):
    """More datagrams than a port has buffers go to the director's own address, and answers come back, through the
    tap thread, so that buffers go round: none is lost. AF_XDP drops in silence what lies in a buffer that the
    kernel was not told of."""
    if hugepages and not have_hugepages():
        pytest.skip("needs free 2 MiB huge pages")
    director.start(director.config([service("web", [1], "rr")], hugepages=hugepages))
    buffers = next(p for p in director.ask("status")["pools"] if p["name"] == "pkt_wan0")["size"]
    server = netns.make_socket(lab, director.ns, kind=socket.SOCK_DGRAM)
    server.bind((PORT4, PORT))
    client = netns.udp(lab, PORT4, PORT, timeout=2.0)
    for first in range(0, 3 * buffers, BURST):
        sent = {b"%d" % n for n in range(first, first + BURST)}
        for datagram in sent:
            client.send(datagram)
        for _ in sent:
            server.sendto(*server.recvfrom(100))
        assert {client.recv(100) for _ in sent} == sent, f"{first} of {buffers} buffers"
