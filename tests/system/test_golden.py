# SPDX-License-Identifier: Apache-2.0
"""What people have keepalived and LVS for, by counts: two directors, a virtual address between them, wrr 2:1 with HTTP
checks, a sorry server on the directors themselves; servers stop and come back, the master stops and comes back."""
import collections
import contextlib
import time

import checks
import fakes
import netns
import pytest
from checks import requests
from director import service
from fakes import Fake
from lab import VIP4, server4, wait_for
from vrrp_lab import Lbd, instance, is_state

BOTH = ["active", "active", "standby"]


@pytest.fixture
def sorry(place):
    """The sorry page, in both directors' namespaces."""
    made = [Fake(place, 80, lambda peer, _: fakes.http(peer, "sorry"), name=name).on()
            for name in ("dir", "dir2")]
    yield
    for one in made:
        one.off()


@pytest.fixture
def nginx(place):
    """Stops and starts the nginx of a server; all run afterwards."""
    stopped = set()

    class Nginx:
        def stop(self, name):
            place.run(name, "kill", "-TERM", (place.dir / name / "nginx.pid").read_text().strip())
            wait_for("nginx to be gone", lambda: ":80 " not in place.run(name, "ss", "-ltn").stdout)
            stopped.add(name)

        def start(self, name):
            home = place.dir / name
            place.run(name, "nginx", "-p", home, "-c", home / "nginx.conf", "-e", home / "error.log")
            stopped.discard(name)

    made = Nginx()
    yield made
    for name in sorted(stopped):
        made.start(name)


@pytest.fixture
def directors(place, sorry):
    made = [Lbd(place, 1), Lbd(place, 2)]
    yield made
    for one in made:
        try:
            if one.running():
                assert one.stop() == 0
        finally:
            one.kill()
            print(one.log_tail())


def states(director):
    return [s["state"] for s in checks.servers(director, "web").values()]


def wait_states(director, *wanted):
    wait_for(f"{wanted}", lambda: states(director) == list(wanted))


def answer(place):
    """Who answers one request, None where nobody did within 0.3 s."""
    with contextlib.suppress(OSError):
        with contextlib.closing(netns.connect(place, VIP4, 80, timeout=0.3)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            text = b""
            while more := client.recv(4096):
                text += more
            return text.split()[-1].decode() if b"\r\n\r\n" in text else None
    return None


class Asking:
    """Requests one after the other: who answered, and the longest time between two answers in seconds."""

    def __init__(self, place):
        self.place, self.answers, self.gap = place, collections.Counter(), 0.0
        self._last = time.monotonic()

    def until(self, what, condition, seconds=10):
        def ask():
            who = answer(self.place)
            now = time.monotonic()
            if who is not None:
                self.answers[who] += 1
                self.gap = max(self.gap, now - self._last)
                self._last = now
            return condition()
        wait_for(what, ask, seconds, pause=0)
        return self


@pytest.mark.parametrize("run", ["always", "vip_held"])
def test_golden(place, directors, nginx, run):
    """`initial: up`: a director that takes over serves at once, and the sorry page is for two failed servers only."""
    web = service(weights=(2, 1), initial="up", sorry_server="127.0.0.1:80", health_checks=[
        {"http": {"path": "/", "status": [200]}, "interval": "200ms", "timeout": "500ms",
         "retries": 1, "retry_delay": "50ms", "run": run}])
    a, b = directors
    a.start(a.vrrp_config(instance(200), services=[web]))
    is_state(a, "MASTER")
    b.start(b.vrrp_config(instance(100), services=[web]))
    wait_for("b to hear a", lambda: b.vrrp()["advertisements_received"] > 2)
    wait_for("the checks of a", lambda: all(
        c["state"] == "up" for c in a.ask("health")["checks"]))
    assert requests(place, 30) == {"rs1": 20, "rs2": 10}

    nginx.stop("rs1")
    wait_states(a, "down", "active", "standby")
    assert requests(place, 10) == {"rs2": 10}
    nginx.stop("rs2")
    wait_states(a, "down", "down", "sorry")
    assert requests(place, 10) == {"sorry": 10}
    nginx.start("rs2")
    wait_states(a, "down", "active", "standby")
    assert requests(place, 10) == {"rs2": 10}
    nginx.start("rs1")
    wait_states(a, *BOTH)
    assert requests(place, 30) == {"rs1": 20, "rs2": 10}
    assert not b.ask("services")["services"][0]["held"]

    a.process.terminate()
    asking = Asking(place).until("b to be master", lambda: b.state() == "MASTER")
    assert a.process.wait(10) == 0
    asking.until("b to have served", lambda: sum(asking.answers.values()) > 30)
    assert asking.gap < 2, f"{asking.gap:.2f} s without an answer"
    assert set(asking.answers) <= {"rs1", "rs2"}, asking.answers
    wait_states(b, *BOTH)
    assert requests(place, 30) == {"rs1": 20, "rs2": 10}

    nginx.stop("rs1")  # b checks by itself
    wait_states(b, "down", "active", "standby")
    assert requests(place, 10) == {"rs2": 10}
    nginx.start("rs1")
    wait_states(b, *BOTH)

    a.start()
    asking = Asking(place).until("a to be master", lambda: a.state() == "MASTER")
    asking.until("b to let go", lambda: b.state() == "BACKUP")
    asking.until("a to have served", lambda: sum(asking.answers.values()) > 30)
    assert asking.gap < 2, f"{asking.gap:.2f} s without an answer"
    assert set(asking.answers) <= {"rs1", "rs2"}, asking.answers
    wait_states(a, *BOTH)
    assert requests(place, 30) == {"rs1": 20, "rs2": 10}
