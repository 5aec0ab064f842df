# SPDX-License-Identifier: Apache-2.0
"""Start and stop, orderly and not, and what is left behind."""
import signal
import subprocess
import time
from pathlib import Path

import checks
import pytest
from director import service
from lab import VIP4, wait_for


def links(lab):
    return {link["ifname"] for link in checks.ip_json(lab, "link")}


def config_of(director, **more):
    return director.config([service(weights=[1, 1], scheduler="rr")], **more)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_stops_as_asked_within_a_second(lab, director, sig):
    director.start(config_of(director, max_connections=1000000))
    checks.requests(lab, 10)
    assert "wan0" in links(lab)
    start = time.monotonic()
    assert director.stop(sig) == 0
    assert time.monotonic() - start < 1
    checks.nothing_left(lab)
    assert not director.socket.exists()


def test_the_first_packet_is_forwarded_soon(lab, director):
    start = time.monotonic()
    director.start(config_of(director, max_connections=1000000))
    checks.requests(lab, 1)
    assert time.monotonic() - start < 3


def test_routes_and_addresses_go_with_it(lab, director):
    route = {"to": "203.0.113.0/24", "via": "192.0.2.101"}
    config = director.config([service(weights=[1])], routes=[route])
    director.start(config)
    shown = lab.run("dir", "ip", "route", "show", "203.0.113.0/24").stdout
    assert "via 192.0.2.101 dev wan0" in shown
    assert director.stop() == 0
    assert lab.run("dir", "ip", "route", "show").stdout == ""


# What a start-up does one after the other; SIGTERM comes right after each.
MOMENTS = {
    "at once": lambda lab, director: True,
    "its first words": lambda lab, director: director.log_tail(),
    "an EAL": lambda lab, director: list(Path("/proc").glob(f"{director.process.pid}/task/*"))[2:],
    "a TAP": lambda lab, director: "wan0" in links(lab),
    "a socket": lambda lab, director: director.socket.exists(),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_sigterm_in_the_middle_of_the_start(lab, director, moment):
    director.start(config_of(director), wait=False)
    wait_for(moment, lambda: MOMENTS[moment](lab, director), 10, pause=0.001)
    start = time.monotonic()
    code = director.stop()
    # Before main() has set its handlers there is nobody to exit in order, and nothing to clean up.
    assert code == 0 or (moment == "at once" and code == -signal.SIGTERM)
    assert time.monotonic() - start < 3
    checks.nothing_left(lab)
    director.start()
    assert sum(checks.requests(lab, 4).values()) == 4


def test_starts_again_after_a_kill(lab, director):
    director.start(config_of(director))
    checks.requests(lab, 10)
    assert director.stop(signal.SIGKILL) == -signal.SIGKILL
    director.start()
    assert checks.requests(lab, 10) == {"rs1": 5, "rs2": 5}


def test_starts_many_times(lab, director):
    director.write(config_of(director))
    for _ in range(4):
        director.start()
        assert sum(checks.requests(lab, 2).values()) == 2
        assert director.stop() == 0


AF_PACKET = [{"name": "wan0", "device": "af_packet:v0",
              "addresses": ["192.0.2.11/24", "2001:db8::11/64"]}]


@pytest.fixture
def addresses_on_v0(lab):
    """v0 has addresses of the kernel's, which lbd must take away and give back."""
    lab.run("dir", "sysctl", "-qw", "net.ipv6.conf.v0.disable_ipv6=0")
    lab.run("dir", "ip", "addr", "add", "198.18.0.1/24", "dev", "v0")
    lab.run("dir", "ip", "addr", "add", "2001:db8:2::1/64", "dev", "v0", "nodad")
    yield
    lab.run("dir", "ip", "addr", "flush", "dev", "v0")
    lab.run("dir", "sysctl", "-qw", "net.ipv6.conf.v0.disable_ipv6=1")


def state_of_v0(lab):
    rows = checks.ip_json(lab, "addr", "show", "v0")[0]["addr_info"]
    found = {(a["local"], a["prefixlen"]) for a in rows if a["scope"] == "global"}
    tables = subprocess.run(lab.inside("dir", "nft", "list", "tables"), capture_output=True,
                            text=True, check=True).stdout
    return found, tables


def test_af_packet_makes_the_interface_deaf_and_heals_it(lab, director, addresses_on_v0):
    before = state_of_v0(lab)
    director.start(config_of(director) | {"ports": AF_PACKET})
    deaf = state_of_v0(lab)
    assert deaf[0] == set() and "lbd" in deaf[1]
    assert checks.requests(lab, 20) == {"rs1": 10, "rs2": 10}
    assert lab.run("client", "ping", "-c", "1", "-W", "2", "192.0.2.11").returncode == 0
    assert director.stop() == 0
    assert state_of_v0(lab) == before


def test_af_packet_is_healed_after_a_kill(lab, director, addresses_on_v0):
    before = state_of_v0(lab)
    director.start(config_of(director) | {"ports": AF_PACKET})
    assert director.stop(signal.SIGKILL) == -signal.SIGKILL
    assert state_of_v0(lab) != before
    director.start()
    assert checks.requests(lab, 4) == {"rs1": 2, "rs2": 2}
    assert director.stop() == 0
    assert state_of_v0(lab) == before
    assert VIP4 not in lab.run("dir", "ip", "addr").stdout
