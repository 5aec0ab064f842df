# SPDX-License-Identifier: Apache-2.0
"""A real server on the director itself: what a sorry server on the same machine is, too."""
import collections
import socket
import threading

import netns
import pytest
from director import service
from lab import PORT4, PORT6, VIP4, VIP6, server4, server6

PORT = 80


@pytest.fixture
def server(lab):
    """A server in the director's namespace on PORT, both families: says `dir` and what it was sent."""
    listeners = []
    for family in (socket.AF_INET, socket.AF_INET6):
        made = netns.make_socket(lab, "dir", family, timeout=None)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(("", PORT))
        made.listen(64)
        listeners.append(made)
    threads = [threading.Thread(target=_serve, args=(one,), daemon=True) for one in listeners]
    for thread in threads:
        thread.start()
    yield
    for one in listeners:
        one.shutdown(socket.SHUT_RDWR)  # accept() returns
        one.close()
    for thread in threads:
        thread.join(5)


def _serve(listener):
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        with peer:
            peer.settimeout(5)
            data = b""
            while not data.endswith(b"\r\n\r\n"):
                data += peer.recv(65536)
            body = b"dir\n"
            peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                         % (len(body), body))


def answers(lab, vip, count):
    host = f"[{vip}]" if ":" in vip else vip
    done = lab.run("client", "curl", "-sSg", "--max-time", 10, "-H", "Connection: close",
                   *(f"http://{host}/{n}" for n in range(count)), check=False)
    assert done.returncode == 0, done.stderr[-300:]
    return collections.Counter(done.stdout.split())


@pytest.mark.parametrize("vip,own", [(VIP4, "127.0.0.1"), (VIP4, PORT4), (VIP6, "::1"), (VIP6, PORT6)])
def test_takes_its_turn(lab, director, server, vip, own):
    config = service(weights=[], scheduler="rr", v6=vip == VIP6)
    config["real_servers"] = [{"address": own}, {"address": (server6 if vip == VIP6 else server4)(1)}]
    director.start(director.config([config]))
    assert answers(lab, vip, 20) == {"dir": 10, "rs1": 10}
    shown = {row["address"]: row["forwarding"]
             for row in director.ask("services")["services"][0]["real_servers"]}
    assert shown[own] == "local"
    assert "Local" in director.ctl("services").stdout


def test_a_sorry_server_on_the_director(lab, director, server):
    check = {"tcp": {}, "port": 9, "interval": "200ms", "timeout": "400ms", "retries": 0}
    director.start(director.config([service(weights=[1], scheduler="rr", health_checks=[check],
                                            sorry_server=f"127.0.0.1:{PORT}")]))
    assert answers(lab, VIP4, 3) == {"dir": 3}
