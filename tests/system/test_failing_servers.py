# SPDX-License-Identifier: Apache-2.0
"""Traffic while a real server fails: who has an error, how many, and when that is over."""
import re
import subprocess
import time
from concurrent import futures

import backends
import checks
import fakes
import netns
import pytest
from director import service
from fakes import Fake
from lab import VIP4, server4, wait_for

CHECK = {"tcp": {}, "interval": "200ms", "timeout": "400ms", "retries": 1, "retry_delay": "50ms"}
# interval + (retries + 1) timeouts + retries delays, in seconds.
AT_MOST = 0.2 + 2 * 0.4 + 0.05
BUSY = 5  # what a busy machine takes on top
CLIENTS = 8
SWITCH = 7171  # the port of a check that can fail while the service's own goes on


def states(director):
    return [s["state"] for s in checks.servers(director, "web").values()]


def wait_states(director, *wanted):
    wait_for(f"{wanted}", lambda: states(director) == list(wanted), 15)


def wrk(lab, seconds):
    """wrk with a connection a request, CLIENTS at a time, started; its errors() come with its end."""
    return lab.start("client", "wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", "--timeout", "2s", "-H",
                     "Connection: close", f"http://{VIP4}/", stdout=subprocess.PIPE, text=True)


def errors(load):
    out = load.communicate(timeout=60)[0]
    found = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    assert requests > 0, out
    return sum(map(int, found.groups())) if found else 0


def taken(director):
    """How many connections rs1 was given so far."""
    web = director.ask("stats")["services"][0]
    return next(s["connections"] for s in web["real_servers"] if s["address"] == server4(1))


def fails_under_load(lab, director, fail, at_once):
    """rs1 fails by `fail` under load. Errors can have only what was on its way to rs1 when it failed, one connection a
    client at most, and, where clients hear of it `at_once` and try again, what lbd gave to rs1 until it had left. After
    that nobody has one."""
    load = wrk(lab, 4)
    wait_for("some load", lambda: taken(director) > 100)
    before = taken(director)
    fail()
    begun = time.monotonic()
    wait_states(director, "down", "active")
    assert time.monotonic() - begun < AT_MOST + BUSY
    given = taken(director) - before
    assert load.poll() is None, "the load goes on after it has left"
    had = errors(load)
    assert had <= CLIENTS + (given if at_once else 0), f"{had} errors, {given} connections to rs1"
    # lbctl may show the state a little before the workers have it.
    assert taken(director) <= before + given + CLIENTS, "new connections after it has left"
    assert errors(wrk(lab, 1)) == 0, "errors after the server has left"
    assert set(checks.requests(lab, 20)) == {"rs2"}


def comes_back(lab, director):
    wait_states(director, "active", "active")
    assert checks.requests(lab, 20) == {"rs1": 10, "rs2": 10}


@pytest.fixture
def web(director):
    """Starts a service of two servers; TIME_WAIT of wrk's connections stays for a while."""
    def start(**more):
        made = service("web", [1, 1], "rr", health_checks=[CHECK], **more)
        director.start(director.config([made], max_connections=400_000))
        wait_states(director, "active", "active")
    return start


def test_a_server_stops(lab, director, web):
    web()

    def stop():
        lab.run("rs1", "kill", "-TERM", (lab.dir / "rs1/nginx.pid").read_text().strip())
        wait_for("nginx to be gone", lambda: ":80 " not in lab.run("rs1", "ss", "-ltn").stdout)

    try:
        fails_under_load(lab, director, stop, at_once=True)
    finally:
        home = lab.dir / "rs1"
        lab.run("rs1", "nginx", "-p", home, "-c", home / "nginx.conf", "-e", home / "error.log")
    comes_back(lab, director)


@pytest.mark.parametrize("on_down", ["keep", "reset"])
def test_a_server_falls_silent(lab, director, web, on_down):
    """Nothing reaches rs1 and nothing leaves it."""
    web(on_down=on_down)

    def cut():
        lab.run("rs1", "sh", "-ec", "nft add table inet cut\n"
                "nft 'add chain inet cut in { type filter hook input priority 0; policy drop; }'\n"
                "nft 'add chain inet cut out { type filter hook output priority 0; policy drop; }'")

    try:
        fails_under_load(lab, director, cut, at_once=False)
    finally:
        lab.run("rs1", "nft", "delete", "table", "inet", "cut", check=False)
    comes_back(lab, director)


@pytest.fixture
def large_file(lab):
    """nginx on rs1, whose /large has no end that a test would see."""
    server = backends.nginx(lab).start()
    file = lab.dir / "checked/www/large"
    with file.open("wb") as made:
        made.truncate(1 << 40)
    yield
    server.stop()
    file.unlink()


@pytest.fixture
def switch(lab):
    made = Fake(lab, SWITCH, fakes.tcp).on()
    yield made
    made.off()


def read_on(client):
    """Reads whatever comes; says how it ended."""
    try:
        while client.recv(1 << 20):
            pass
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "nothing more comes"
    return "an orderly end"


@pytest.mark.parametrize("reads", [True, False], ids=["reads", "stalls"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_download_from_a_failed_server_ends(lab, director, clients, large_file, switch, workers,
                                              reads):
    """on_down: reset. The server itself goes on sending, past lbd: it is the check alone that fails."""
    director.start(director.config([service(
        "web", [1], "rr", port=backends.HTTP, on_down="reset",
        health_checks=[{**CHECK, "port": SWITCH}])], workers=workers))
    wait_states(director, "active")
    client = netns.connect(lab, VIP4, backends.HTTP, timeout=4.0)
    clients.append(client)
    client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    for _ in range(50):
        assert client.recv(65536), "it flows"

    def open_at(name, end):
        return lab.run(name, "ss", "-Htn", "state", "connected", f"{end} {VIP4}").stdout

    with futures.ThreadPoolExecutor(1) as reader:
        end = reader.submit(read_on, client) if reads else None
        switch.off()
        wait_states(director, "down")
        begun = time.monotonic()
        if end is None:
            wait_for("the client to be told", lambda: not open_at("client", "dst"), 2)
            end = reader.submit(read_on, client)
        assert end.result(10) == "reset"
        assert time.monotonic() - begun < 2
    wait_for("rs1 to be told too", lambda: not open_at("rs1", "src"), 3)
