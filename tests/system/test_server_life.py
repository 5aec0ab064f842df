# SPDX-License-Identifier: Apache-2.0
"""A real server's life: it joins, starts slowly, fails, leaves, and what becomes of its connections."""
import json
import socket
import stat
import subprocess
import threading
import time

import checks
import netns
import pytest
from director import binary, service
from echo import PORT
from lab import VIP4, server4, wait_for

CHECK = {"tcp": {}, "interval": "200ms", "timeout": "400ms", "retries": 1, "retry_delay": "50ms"}
BACKUP = 7070  # a port on which servers can be stopped without stopping the service's own


def take_all(listener):
    """Accepts and closes: a connection that is never accepted keeps its place in the queue."""
    while True:
        try:
            listener.accept()[0].close()
        except OSError:
            return


@pytest.fixture
def switches(lab):
    """Listeners of ours on port BACKUP of each real server: name -> Switch."""
    class Switch:
        def __init__(self, name):
            self.name, self.socket, self.thread = name, None, None

        def on(self):
            self.socket = netns.make_socket(lab, self.name, timeout=None)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(("0.0.0.0", BACKUP))
            self.socket.listen(1024)
            self.thread = threading.Thread(target=take_all, args=(self.socket,), daemon=True)
            self.thread.start()

        def off(self):
            if self.socket is not None:
                self.socket.shutdown(socket.SHUT_RDWR)  # accept() returns
                self.thread.join(5)
                self.socket.close()
            self.socket = None

    made = {name: Switch(name) for name in lab.server_names()}
    for switch in made.values():
        switch.on()
    yield made
    for switch in made.values():
        switch.off()


def checked(name="web", weights=(1, 1), scheduler="rr", **more):
    return service(name, weights, scheduler, health_checks=[{**CHECK, "port": BACKUP}], **more)


def states(director, name="web"):
    return [s["state"] for s in checks.servers(director, name).values()]


def wait_states(director, *wanted, name="web", seconds=15):
    wait_for(f"{wanted}", lambda: states(director, name) == list(wanted), seconds)


def test_slow_start(lab, director, switches):
    director.start(director.config([checked(weights=(1, 1), scheduler="wrr", slow_start="4s")]))
    wait_states(director, "active", "active")
    switches["rs1"].off()
    wait_states(director, "down", "active")
    switches["rs1"].on()
    wait_for("rs1 to start slowly", lambda: "slow start" in checks.servers(
        director, "web")[server4(1)]["reason"], pause=0.01)
    got = checks.requests(lab, 20)
    assert got["rs1"] < got["rs2"], f"{got}: a tenth of the way takes less than its half"
    wait_for("the ramp's end", lambda: checks.servers(director, "web")[server4(1)]["reason"] == "")
    assert checks.requests(lab, 20) == {"rs1": 10, "rs2": 10}


def waiting_client(lab):
    """A connection of a client that has sent half a request and waits."""
    client = netns.connect(lab, VIP4, 80, timeout=5.0)
    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
    return client


def to_rs1(lab, director):
    """The same, to rs1: rs2 is drained meanwhile."""
    director.ctl("drain", "web", server4(2))
    client = waiting_client(lab)
    director.ctl("undrain", "web", server4(2))
    return client


def has_connection(lab, name):
    return lab.run(name, "ss", "-Htn", "state", "established", f"src {VIP4}").stdout


@pytest.mark.parametrize("workers", [1, 2])
def test_on_down_reset_tells_a_client_that_waits(lab, director, switches, workers):
    director.start(director.config([checked(on_down="reset")], workers=workers))
    wait_states(director, "active", "active")
    client = to_rs1(lab, director)
    wait_for("rs1 to have it", lambda: has_connection(lab, "rs1"))
    switches["rs1"].off()
    wait_states(director, "down", "active")
    begun = time.monotonic()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert time.monotonic() - begun < 1, "at once"
    wait_for("rs1 to be told too", lambda: not has_connection(lab, "rs1"), 3)
    counters = director.ask("counters")
    assert counters["events"]["connection_reset"] == 1
    assert set(checks.requests(lab, 4)) == {"rs2"}
    checks.sums_agree(director)


def test_on_down_keep_lets_a_client_finish(lab, director, switches):
    director.start(director.config([checked()]))
    wait_states(director, "active", "active")
    client = to_rs1(lab, director)
    switches["rs1"].off()
    wait_states(director, "down", "active")
    client.sendall(b"Connection: close\r\n\r\n")
    assert b"200 OK" in client.recv(4096)
    assert set(checks.requests(lab, 4)) == {"rs2"}


def test_inhibited_servers_keep_what_they_have(lab, director, switches):
    web = checked(on_down="reset")
    web["real_servers"][0]["inhibit_on_failure"] = True
    director.start(director.config([web]))
    wait_states(director, "active", "active")
    client = to_rs1(lab, director)
    switches["rs1"].off()
    wait_states(director, "down", "active")
    assert "inhibited" in checks.servers(director, "web")[server4(1)]["reason"]
    client.sendall(b"Connection: close\r\n\r\n")
    assert b"200 OK" in client.recv(4096)
    assert set(checks.requests(lab, 4)) == {"rs2"}


@pytest.mark.parametrize("on_quorum_lost", ["keep", "reset"])
def test_the_sorry_server_takes_over_from_a_server_that_is_up(lab, director, switches, on_quorum_lost):
    web = checked(weights=(1, 1), quorum={"weight": 2}, sorry_server=f"{server4(3)}:80",
                  on_quorum_lost=on_quorum_lost)
    director.start(director.config([web]))
    wait_states(director, "active", "active", "standby")
    pair = [waiting_client(lab), waiting_client(lab)]
    wait_for("rs1 to have one", lambda: has_connection(lab, "rs1"))
    ports = [line.split()[-1].rpartition(":")[2] for line in has_connection(lab, "rs1").splitlines()]
    client = next(c for c in pair if str(c.getsockname()[1]) in ports)
    switches["rs2"].off()
    wait_states(director, "withheld", "down", "sorry")
    if on_quorum_lost == "keep":
        client.sendall(b"Connection: close\r\n\r\n")
        assert b"200 OK" in client.recv(4096)
    else:
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        wait_for("rs1 to be told too", lambda: not has_connection(lab, "rs1"), 3)
    assert checks.requests(lab, 4) == {"rs3": 4}
    switches["rs2"].on()
    wait_states(director, "active", "active", "standby")
    assert set(checks.requests(lab, 4)) == {"rs1", "rs2"}


def test_on_removal_reset(lab, director):
    web = service("web", [1, 1], "rr", on_removal="reset")
    director.start(director.config([web]))
    client = to_rs1(lab, director)
    wait_for("rs1 to have it", lambda: has_connection(lab, "rs1"))
    web["real_servers"] = web["real_servers"][1:]
    director.reload(director.config([web]))
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    wait_for("rs1 to be told too", lambda: not has_connection(lab, "rs1"), 3)
    wait_for("rs1 to be gone", lambda: len(checks.servers(director, "web")) == 1, 15)


def test_datagrams_of_a_failed_server_go_elsewhere_at_once(lab, director, switches, echo):
    """on_down of UDP is reschedule: the client's next datagram is answered by the other server."""
    lookup = service("echo", [1, 1], "rr", port=PORT, protocol="udp",
                     health_checks=[{**CHECK, "port": BACKUP}])
    director.start(director.config([lookup]))
    wait_states(director, "active", "active", name="echo")
    client = netns.udp(lab, VIP4, PORT)

    def answer():
        client.send(b"who")
        return client.recv(100).split(b":")[0].decode()

    first = answer()
    assert answer() == first, "a flow stays with its server"
    switches[first].off()
    wait_for("it to be down", lambda: "down" in states(director, "echo"))
    assert {answer(), first} == {"rs1", "rs2"}


def test_checks_rest_while_the_address_is_not_held(lab, director, switches):
    web = checked()
    web["health_checks"][0]["run"] = "vip_held"
    config = director.config([web])
    config["vrrp"] = {"instances": [
        {"name": "VI_1", "port": "wan0", "virtual_router_id": 51, "priority": 100,
         "advertisement_interval": "100ms", "virtual_addresses": [VIP4]}]}
    director.start(config)
    wait_for("mastery", lambda: director.ask("vrrp")["instances"][0]["state"] == "MASTER")
    wait_states(director, "active", "active")

    def check():
        return director.ask("health")["checks"][0]

    director.ctl("maintenance", "on")
    wait_for("the checks to rest", lambda: check()["state"] == "resting")
    before = check()
    switches["rs1"].off()
    wait_for("it to be due again", lambda: check()["rests"] > before["rests"] + 2)
    assert check()["runs"] == before["runs"]
    assert states(director) == ["active", "active"], "what it was"
    director.ctl("maintenance", "off")
    wait_states(director, "down", "active")
    assert check()["runs"] > before["runs"]


@pytest.fixture
def notes(lab):
    """A notify command that writes its arguments to a file, a line a call, and the lines so far."""
    log = lab.dir / "notes"
    log.unlink(missing_ok=True)
    script = lab.dir / "notify.sh"
    # Slower for the first of them: the order must hold all the same.
    script.write_text(f'#!/bin/sh\n[ -e {log} ] || sleep 0.5\necho "$LBD_NAME|$1|$2|$3" >> {log}\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script), lambda: log.read_text().splitlines() if log.exists() else []


def follow(director):
    command = [binary("lbctl"), "--socket", director.socket, "--json", "health", "--follow"]
    made = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True)
    json.loads(made.stdout.readline())  # what there is; events come from now on
    return made


def test_golden(lab, director, switches, notes):
    """keepalived and LVS as people have them: wrr 2:1, HTTP checks, a quorum, a sorry server, notify; stop one
    server, stop both, bring them back, stop the director."""
    script, lines = notes
    check = {**CHECK, "tcp": {}, "port": BACKUP}
    page = {"http": {"path": "/", "status": [200]}, "interval": "300ms", "timeout": "500ms"}
    web = service("web", (2, 1), "wrr", health_checks=[page, check],
                  sorry_server=f"{server4(3)}:80",
                  quorum={"weight": 1, "up": script, "down": script},
                  notify={"server_up": script, "server_down": script})
    director.start(director.config([web]))
    wait_states(director, "active", "active", "standby")
    assert checks.requests(lab, 30) == {"rs1": 20, "rs2": 10}
    events = follow(director)

    switches["rs1"].off()
    wait_states(director, "down", "active", "standby")
    assert checks.requests(lab, 10) == {"rs2": 10}
    switches["rs2"].off()
    wait_states(director, "down", "down", "sorry")
    assert checks.requests(lab, 10) == {"rs3": 10}, "the sorry page"
    switches["rs2"].on()
    wait_states(director, "down", "active", "standby")
    assert checks.requests(lab, 10) == {"rs2": 10}
    switches["rs1"].on()
    wait_states(director, "active", "active", "standby")
    assert checks.requests(lab, 30) == {"rs1": 20, "rs2": 10}

    wait_for("all notices", lambda: len(lines()) >= 9)
    told = [line.split("|") for line in lines()]
    assert {line[0] for line in told} == {"lab"}
    happened = [(line[1], line[3].split(":")[0]) for line in told]
    rs1, rs2 = server4(1), server4(2)
    assert sorted(happened[:3]) == [("quorum_up", "-"), ("server_up", rs1), ("server_up", rs2)]
    assert happened[3:] == [("server_down", rs1), ("server_down", rs2), ("quorum_down", "-"),
                            ("server_up", rs2), ("quorum_up", "-"), ("server_up", rs1)]
    summary = director.ask("health")["summary"]
    assert (summary["server_up"], summary["server_down"]) == (4, 2)
    assert (summary["quorum_gained"], summary["quorum_lost"]) == (2, 1)
    log = director.log_tail(10000)
    assert f"service web: server {rs1} is down: tcp {rs1}:{BACKUP}: connect: connection refused" in log

    assert director.stop() == 0
    seen = [json.loads(line) for line in events.stdout.read().splitlines()]
    events.wait(5)
    turns = [(e["what"], e["state"]) for e in seen if e["what"] != "check"]
    assert turns == [("server", "down"), ("server", "down"), ("quorum", "lost"), ("server", "up"),
                     ("quorum", "gained"), ("server", "up")]


def test_quorum_regained_by_a_reload_and_a_removed_sorry_server(lab, director, switches):
    web = checked(weights=(1, 1), quorum={"weight": 2}, sorry_server=f"{server4(3)}:80")
    director.start(director.config([web]))
    wait_states(director, "active", "active", "standby")
    switches["rs1"].off()
    wait_states(director, "down", "withheld", "sorry")
    assert checks.requests(lab, 4) == {"rs3": 4}
    web["quorum"] = {"weight": 1}
    director.reload(director.config([web]))
    assert states(director) == ["down", "active", "standby"]
    del web["sorry_server"]
    director.reload(director.config([web]))
    assert checks.requests(lab, 4) == {"rs2": 4}


def test_a_thousand_fail_at_once(lab, director, switches):
    """They cost few publications: at most one in 10 ms."""
    count = 1000
    many = [service(f"s{n}", [1], "rr", port=10000 + n, health_checks=[
        {"tcp": {}, "port": BACKUP, "interval": "1s", "timeout": "900ms", "retries": 0}])
        for n in range(count)]
    for n, one in enumerate(many):  # a check of its own for each, though the target is the same
        one["health_checks"][0]["timeout"] = f"{900 + n % 1000}ms"
    director.start(director.config(many))
    wait_for("all to be up", lambda: director.ask("health")["summary"]["server_up"] == count, 30)
    before = director.ask("health")["summary"]["publications"]
    begun = time.monotonic()
    switches["rs1"].off()
    wait_for("all to be down", lambda: director.ask("health")["summary"]["server_down"] == count, 30)
    took = time.monotonic() - begun
    summary = director.ask("health")["summary"]
    assert summary["checks"] == count
    assert summary["publications"] - before <= took / 0.01 + 1
