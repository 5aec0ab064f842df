# SPDX-License-Identifier: Apache-2.0
"""lbctl's verbs, and clients of the socket that behave badly."""
import contextlib
import os
import socket
import struct
import subprocess

import checks
import pytest
from director import binary, service
from echo import PORT, EchoClient
from lab import CLIENT4, VIP4, call, wait_for


@pytest.fixture
def running(director):
    director.start(director.config([service(weights=[2, 1]), service("echo", [1, 1], "rr", port=PORT),
                                    service("web6", [1], v6=True)], workers=2))
    return director


def test_status(running):
    status = running.ask("status")
    assert status["name"] == "lab" and status["generation"] >= 1
    assert [w["core"] for w in status["workers"]] == [1, 2]
    for key in ("generation", "busy", "connections"):
        assert key in status["workers"][0]
    port = status["ports"][0]
    assert (port["name"], port["device"]) == ("wan0", "af_xdp:v0")
    assert port["link"] in (True, "up") and len(port["mac"].split(":")) == 6


def test_services(running):
    rows = {row["name"]: row for row in running.ask("services")["services"]}
    assert set(rows) == {"web", "echo", "web6"}
    web = rows["web"]
    assert (web["protocol"], web["scheduler"], web["forwarding"]) == ("tcp", "wrr", "dr")
    assert web["held"] is True
    assert [s["weight"] for s in web["real_servers"]] == [2, 1]
    assert [row["name"] for row in running.ask("services", "echo")["services"]] == ["echo"]
    assert VIP4 in running.ctl("services").stdout


@pytest.mark.parametrize("verb", ["status", "services", "stats", "connections", "counters",
                                  "neighbours", "routes"])
def test_tables_are_for_people(running, lab, verb):
    checks.requests(lab, 2)
    table = running.ctl(verb).stdout
    assert table.strip() and "{" not in table


def test_stats_rate(running):
    assert "services" in running.ask("stats", "--rate")


def test_connections_and_their_filters(running, lab, echo, clients):
    clients += [EchoClient(lab, VIP4) for _ in range(6)]
    checks.requests(lab, 3)
    row = checks.connections(running, "--service", "echo")[0]
    for key in ("protocol", "client", "virtual", "server", "state", "expires_s", "worker"):
        assert key in row, f"no {key} in {row}"
    assert len(checks.connections(running, "--service", "echo")) == 6
    assert len(checks.connections(running, "--server", "192.0.2.31", "--service", "echo")) == 3
    assert len(checks.connections(running, "--client", CLIENT4)) >= 9
    assert checks.connections(running, "--client", "203.0.113.1") == []
    state = row["state"]
    assert len(checks.connections(running, "--service", "echo", "--state", state)) == 6


def test_explain_tells_what_then_happens(running, lab, echo, clients):
    client = EchoClient(lab, VIP4)
    clients.append(client)
    told = running.ask("explain", client.address, f"{VIP4}:{PORT}", "tcp")
    assert told["service"] == "echo"
    assert told["server"].startswith("192.0.2.3" + client.server[-1])
    where = checks.connections(running, "--service", "echo")[0]["worker"]
    assert told["worker"] == where
    assert told["reason"] and told["next_hop"]
    other = running.ask("explain", "198.51.100.7:4711", f"{VIP4}:9999", "tcp")
    assert not other.get("server") and other["reason"]


def test_log_level(running):
    running.ctl("log", "debug")
    running.ctl("log", "warn")
    assert running.ctl("log", "loud", check=False).returncode == 2


@pytest.mark.parametrize("words, code", [
    ([], 2), (["nonsense"], 2), (["weight", "web"], 2), (["services", "nosuch"], 1),
    (["weight", "nosuch", "192.0.2.31", "1"], 1), (["weight", "web", "192.0.2.99", "1"], 1),
    (["weight", "web", "192.0.2.31", "70000"], (1, 2)), (["drain", "web", "192.0.2.99"], 1)])
def test_wrong_words(running, words, code):
    done = running.ctl(*words, check=False)
    assert done.returncode in (code if isinstance(code, tuple) else (code,))
    assert done.stderr.strip()


def test_all_services_of_a_server(running):
    running.ctl("weight", "--all", "192.0.2.31", "0", check=True)
    for name in ("web", "echo"):
        assert checks.servers(running, name)["192.0.2.31"]["weight"] == 0


def test_not_running(lab):
    done = call([binary("lbctl"), "--socket", lab.dir / "nobody.sock", "status"], check=False)
    assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1


@contextlib.contextmanager
def raw(running, count=1):
    """Connections to the API's socket that speak for themselves."""
    opened = []
    try:
        for _ in range(count):
            client = socket.socket(socket.AF_UNIX)
            # connect() waits for a place in the queue; with settimeout() it would fail where there is none.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 10, 0))
            client.connect(str(running.socket))
            client.settimeout(5)
            opened.append(client)
        yield opened
    finally:
        for client in opened:
            client.close()


def still_well(running, lab):
    assert running.ctl("status", timeout=5).returncode == 0
    assert sum(checks.requests(lab, 5).values()) == 5


def test_silent_clients(running, lab):
    with raw(running, 20):
        still_well(running, lab)
    still_well(running, lab)


@pytest.mark.parametrize("text", [
    b'{"verb": "sta', b"\n\n\n", b"\0" * 5000, b"GET / HTTP/1.1\r\n\r\n", b"[]\n", b"7\n",
    b'{"verb": 7}\n', b'{"verb": "status", "arguments": 7}\n', b"[" * 100_000, b"{" + b"x" * 3_000_000,
    "random"], ids=lambda t: str(t[:24]))
def test_garbage(running, lab, text):
    data = os.urandom(100_000) if text == "random" else text
    with raw(running) as (client,):
        with contextlib.suppress(OSError):
            client.sendall(data)
        still_well(running, lab)
    assert running.running()


def test_a_client_that_does_not_read(running, lab):
    with raw(running, 5) as opened:
        for client in opened:
            client.setblocking(False)
            with contextlib.suppress(OSError):
                while True:
                    client.sendall(b'{"verb": "counters"}\n' * 100)
        still_well(running, lab)


def test_too_many_clients_are_told_so(running, lab):
    with raw(running, 200) as opened:
        wait_for("a word to those beyond the limit", lambda: b"error" in opened[-1].recv(4096))
    still_well(running, lab)


def test_a_hundred_clients_at_once(running, lab):
    before = len(os.listdir(f"/proc/{running.process.pid}/fd"))
    with raw(running, 100):
        still_well(running, lab)
    command = [binary("lbctl"), "--socket", running.socket, "--json", "status"]
    asked = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
             for _ in range(100)]
    for process in asked:
        process.communicate(timeout=30)
    assert [process.returncode for process in asked] == [0] * 100
    wait_for("their descriptors to be closed",
             lambda: len(os.listdir(f"/proc/{running.process.pid}/fd")) <= before)
