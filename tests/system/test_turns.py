# SPDX-License-Identifier: Apache-2.0
"""Each kind of check turns a server down and up again: refused, silent, mute, wrong; failures below the
threshold turn nothing, those across it do each time."""
import contextlib
import os
import socket
import stat
import time

import backends
import checks
import fakes
import pytest
from director import service
from fakes import DIGEST, MUTE, RIGHT, Fake
from lab import server4, server6, wait_for

PORT = 7171
TIMES = {"interval": "100ms", "timeout": "300ms", "retries": 1, "retry_delay": "20ms"}
REFUSED = "off"   # nobody listens
SILENT = "drop"   # packets of the director are dropped
TIMEOUT = "timeout after 300 ms"

SYN = f"tcp dport {PORT} tcp flags syn / syn,ack"
RESET = "reject with tcp reset"
DATAGRAM = f"udp dport {PORT}"
UNREACHABLE = "reject with icmpx type port-unreachable"
GET = {"path": "/", "status": [200], "digest": DIGEST}

# kind: its options, how it is served, what packets of it to refuse and how, and each fault with its reason.
KINDS = {
    "tcp": ({}, fakes.tcp, socket.SOCK_STREAM, (SYN, RESET), {REFUSED: "refused", SILENT: TIMEOUT}),
    "http": (GET, fakes.http, socket.SOCK_STREAM, (SYN, RESET), {
        REFUSED: "refused", SILENT: TIMEOUT, MUTE: TIMEOUT, "status": "status 503",
        "digest": "digest", "no http": "no HTTP"}),
    "https": (GET, "https", socket.SOCK_STREAM, (SYN, RESET), {
        REFUSED: "refused", SILENT: TIMEOUT, MUTE: TIMEOUT, "status": "status 503",
        "digest": "digest", "no tls": ""}),
    "smtp": ({"helo": "lb1.example"}, fakes.smtp, socket.SOCK_STREAM, (SYN, RESET), {
        REFUSED: "refused", SILENT: TIMEOUT, MUTE: TIMEOUT, "greeting": "554", "helo": "550"}),
    "dns": ({"name": "example.org"}, fakes.dns, socket.SOCK_DGRAM, (DATAGRAM, UNREACHABLE), {
        REFUSED: "refused", SILENT: TIMEOUT, MUTE: TIMEOUT, "servfail": "rcode 2",
        "nxdomain": "rcode 3", "id": TIMEOUT}),
    "udp": ({"send": "ping", "expect": "pong"}, fakes.udp, socket.SOCK_DGRAM,
            (DATAGRAM, UNREACHABLE), {REFUSED: "refused", "gnop": "differs"}),
    "udp with reply": ({"send": "ping", "expect": "pong", "require_reply": True}, fakes.udp,
                       socket.SOCK_DGRAM, (DATAGRAM, UNREACHABLE), {
                           REFUSED: "refused", SILENT: TIMEOUT, MUTE: TIMEOUT, "gnop": "differs"}),
}


def health(director):
    return director.ask("health")


def only(director, what="servers"):
    rows = health(director)[what]
    assert len(rows) == 1, rows
    return rows[0]


def wait_state(director, state, reason=""):
    wait_for(f"the server to be {state}", lambda: only(director)["state"] == state, 10)
    if reason:
        # The first reason may be of a run that began before: the last is that of the fault.
        wait_for(f'"{reason}"', lambda: reason in only(director, "checks")["last_error"], 5)


def begins(director, check, v6=False, **more):
    web = service("web", [1], "rr", v6=v6, health_checks=[{**TIMES, **check, **more}])
    director.start(director.config([web]))
    wait_state(director, "up")


def turns(director, faults, apply):
    """Each fault turns the server down, its end up; each turn is counted, and there are no others."""
    first = health(director)
    changes = first["servers"][0]["changes"]
    for n, (fault, reason) in enumerate(faults.items(), 1):
        with apply(fault):
            wait_state(director, "down", reason)
        wait_state(director, "up")
        assert only(director)["changes"] == changes + 2 * n, fault
    summary = health(director)["summary"]
    assert summary["server_down"] - first["summary"]["server_down"] == len(faults)
    assert summary["server_up"] - first["summary"]["server_up"] == len(faults)


def threshold(director, failing):
    """`failing(n, of)`: n of `of` runs fail, in a row. One failure with `retries: 1` turns nothing, two do."""
    before = only(director)["changes"]
    runs = only(director, "checks")
    with failing(1, 2):
        wait_for("four failures, one at a time", lambda: only(director, "checks")["failures"]
                 >= runs["failures"] + 4)
    row = only(director)
    assert (row["state"], row["changes"]) == ("up", before)
    with failing(2, 3):
        wait_for("down, up, down, up", lambda: only(director)["changes"] >= before + 4)
    wait_state(director, "up")
    row, summary = only(director), health(director)["summary"]
    assert (row["changes"] - before) % 2 == 0
    assert summary["server_up"] == summary["server_down"] + 1


@pytest.fixture
def port_unreachable(lab):
    """rs1 says so as often as it is asked. Linux says it once a second to one host, after a burst: asked more often, it
    is silent."""
    lab.run("rs1", "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0")
    yield
    lab.run("rs1", "sysctl", "-qw", "net.ipv4.icmp_ratelimit=1000")


@pytest.fixture
def fake(lab):
    made = []

    def make(serve, kind):
        if serve == "https":
            if not (lab.dir / "a.pem").exists():
                backends.certificates(lab.dir)
            serve = fakes.https(lab.dir / "a")
        made.append(Fake(lab, PORT, serve, kind).on())
        return made[-1]

    yield make
    for one in made:
        one.off()


@pytest.mark.parametrize("kind", KINDS)
def test_turns(lab, director, fake, port_unreachable, kind):
    options, serve, transport, (match, refusal), faults = KINDS[kind]
    server = fake(serve, transport)
    begins(director, {kind.split()[0]: options}, port=PORT)

    @contextlib.contextmanager
    def apply(fault):
        if fault == SILENT:
            with backends.silent(lab):
                yield
        elif fault == REFUSED:
            server.off()
            yield
            server.on()
        else:
            server.mode = fault
            yield
            server.mode = RIGHT

    turns(director, faults, apply)
    threshold(director, lambda n, of: backends.filtered(
        lab, f"{match} numgen inc mod {of} < {n} {refusal}"))


def test_silence_is_up_where_no_reply_is_required(lab, director, fake):
    server = fake(fakes.udp, socket.SOCK_DGRAM)
    begins(director, {"udp": {"send": "ping", "expect": "pong"}}, port=PORT)
    before, runs = only(director)["changes"], only(director, "checks")["runs"]
    server.mode = MUTE
    wait_for("runs without an answer", lambda: only(director, "checks")["runs"] >= runs + 4)
    row = only(director)
    assert (row["state"], row["changes"]) == ("up", before)


@pytest.mark.parametrize("v6", [False, True], ids=["ICMP", "ICMPv6"])
def test_ping_turns(lab, director, v6):
    begins(director, {"ping": {}}, v6=v6)
    source = "2001:db8::11" if v6 else "192.0.2.11"
    echo = "icmpv6 type echo-request" if v6 else "icmp type echo-request"

    def filtered(rule):
        return backends.filtered(lab, f"{echo} {rule}", source=source)

    turns(director, {"drop": TIMEOUT, "reject with icmpx type host-unreachable": ""}, filtered)
    threshold(director, lambda n, of: filtered(f"numgen inc mod {of} < {n} drop"))


@pytest.fixture
def program(lab):
    """Writes the body of an exec check's program; its path is program.path."""
    path = lab.dir / "turns.sh"

    def write(body):
        fresh = path.with_suffix(".new")
        fresh.write_text("#!/bin/sh\n" + body)
        fresh.chmod(fresh.stat().st_mode | stat.S_IXUSR)
        os.replace(fresh, path)

    write("exit 0")
    write.path = path
    return write


def test_exec_turns(lab, director, program):
    begins(director, {"exec": {"command": str(program.path)}})

    @contextlib.contextmanager
    def body(text):
        if text == REFUSED:
            program.path.unlink()
        else:
            program(text)
        yield
        program("exit 0")

    turns(director, {"exit 1": "exit code 1", "sleep 60": TIMEOUT, REFUSED: ""}, body)
    count = lab.dir / "turns.count"

    def failing(n, of):
        count.write_text("0")
        return body(f"n=$(cat {count}); echo $(((n + 1) % {of})) >{count}; [ $n -ge {n} ]")

    threshold(director, failing)


def test_none_is_up_whatever_becomes_of_the_service(lab, director, fake):
    server = fake(fakes.tcp, socket.SOCK_STREAM)
    web = service("web", [1, 1], "rr", health_checks=[
        {**TIMES, "tcp": {}, "address": server4(1), "port": PORT}])
    web["real_servers"][1]["health_checks"] = [{"none": {}}]
    director.start(director.config([web]))

    def states():
        return [s["state"] for s in checks.servers(director, "web").values()]

    wait_for("both to be up", lambda: states() == ["active", "active"])
    server.off()
    wait_for("the service's check to fail", lambda: states() == ["down", "active"])
    assert checks.requests(lab, 4) == {"rs2": 4}
    server.on()
    wait_for("both to be up", lambda: states() == ["active", "active"])
    assert checks.requests(lab, 4) == {"rs1": 2, "rs2": 2}


def test_rise(lab, director, program):
    """With `rise: 2` every second run that succeeds is not enough, two in a row are."""
    begins(director, {"exec": {"command": str(program.path)}}, rise=2, retries=0)
    assert only(director, "checks")["runs"] >= 2
    program("exit 1")
    wait_state(director, "down")
    before = health(director)
    count = lab.dir / "turns.count"
    count.write_text("0")
    program(f"n=$(cat {count}); echo $(((n + 1) % 2)) >{count}; exit $n")
    wait_for("runs, each second a failure", lambda: only(director, "checks")["runs"]
             >= before["checks"][0]["runs"] + 10)
    row = only(director)
    assert (row["state"], row["changes"]) == ("down", before["servers"][0]["changes"])
    program("exit 0")
    wait_state(director, "up")


def test_hanging_programs_hold_up_nobody(lab, director, fake):
    """300 exec checks that hang at once: another service's check goes on, and lbctl answers within a second."""
    server = fake(fakes.tcp, socket.SOCK_STREAM)
    hanging = [{"exec": {"command": f"/bin/sleep 60.{n}"}, "interval": "100ms", "timeout": "60s"}
               for n in range(100, 250)]
    director.start(director.config([
        service("hangs", [1, 1], "rr", health_checks=hanging),
        service("other", [None, None, 1], port=81, health_checks=[
            {**TIMES, "tcp": {}, "address": server4(1), "port": PORT}])]))
    pid = director.process.pid

    def programs():
        return len(open(f"/proc/{pid}/task/{pid}/children").read().split())

    # lbd runs at most 256 programs at once; the others wait for their turn.
    wait_for("all checks to have begun", lambda: programs() >= 256 and all(
        c["runs"] == 1 for c in health(director)["checks"] if c["service"] == "hangs"), 20)

    def state():
        begun = time.monotonic()
        row = checks.servers(director, "other")[server4(3)]
        assert time.monotonic() - begun < 1, "lbctl waited"
        return row["state"]

    for _ in range(2):
        wait_for("the other server to be up", lambda: state() == "active", 5)
        server.off()
        wait_for("the other server to be down", lambda: state() == "down", 5)
        server.on()
    wait_for("the other server to be up", lambda: state() == "active", 5)
    assert programs() >= 256, "they hang still"
