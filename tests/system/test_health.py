# SPDX-License-Identifier: Apache-2.0
"""Health checks against real servers: up, down by refusal, by silence, by a wrong answer, and back."""
import hashlib
import os
import stat

import backends
import checks
import pytest
from backends import DNS, HTTP, HTTPS, SMTP
from director import service
from echo import PORT as ECHO
from lab import server4, wait_for

SERVER = server4(1)
FAST = {"interval": "200ms", "timeout": "400ms", "retries": 1, "retry_delay": "50ms"}
PAGE = b"all is well\n"


@pytest.fixture(scope="module")
def servers(lab):
    """nginx, OpenSMTPD and NSD on rs1, all running."""
    made = {"nginx": backends.nginx(lab), "smtpd": backends.smtpd(lab), "nsd": backends.nsd(lab)}
    (lab.dir / "checked/www/index.html").write_bytes(PAGE)
    try:
        for server in made.values():
            server.start()
        yield made
    finally:
        for server in made.values():
            server.stop()


@pytest.fixture
def page(lab):
    file = lab.dir / "checked/www/index.html"
    yield file
    file.write_bytes(PAGE)


def checked(*kinds, **more):
    return service("web", [1], "rr", health_checks=[{**FAST, **kind} for kind in kinds], **more)


def row(director):
    return checks.servers(director, "web")[SERVER]


def is_up(director):
    return row(director)["state"] == "active"


def wait_up(director):
    wait_for("the server to be up", lambda: is_up(director), 15)


def wait_down(director, *reasons):
    """Down, and each reason stands in what lbctl says why."""
    wait_for("the server to be down", lambda: row(director)["state"] == "down", 15)
    why = row(director)["reason"]
    assert all(reason in why for reason in reasons), why


def starts_up(lab, director, *kinds, **more):
    director.start(director.config([checked(*kinds, **more)]))
    wait_up(director)


def goes_silent_and_comes_back(lab, director):
    with backends.silent(lab):
        wait_down(director, "timeout after 400 ms")
    wait_up(director)


def stops_and_comes_back(director, server):
    server.stop()
    wait_down(director, "refused")
    server.start()
    wait_up(director)


def test_tcp(lab, director, servers):
    director.start(director.config([checked({"tcp": {}, "port": HTTP})]))
    wait_up(director)
    stops_and_comes_back(director, servers["nginx"])
    goes_silent_and_comes_back(lab, director)
    assert director.ask("health")["summary"]["server_down"] == 2


def test_http(lab, director, servers, page):
    digest = hashlib.md5(PAGE).hexdigest()
    starts_up(lab, director, {"http": {"path": "/index.html", "status": [200], "digest": digest},
                              "port": HTTP})
    page.write_bytes(b"all is lost\n")
    wait_down(director, "digest differs", hashlib.md5(b"all is lost\n").hexdigest())
    page.write_bytes(PAGE)
    wait_up(director)
    page.unlink()
    wait_down(director, "status 404, not 200")
    page.write_bytes(PAGE)
    wait_up(director)
    stops_and_comes_back(director, servers["nginx"])
    goes_silent_and_comes_back(lab, director)
    with_wrong = [{"http": {"urls": [{"path": "/index.html", "match": "^all is w.ll$"},
                                     {"path": "/host", "match": "^shop"}], "host": "shop"},
                   "port": HTTP},
                  {"http": {"path": "/busy", "status": ["500-599"]}, "port": HTTP}]
    director.reload(director.config([checked(*with_wrong)]))
    wait_for("the new checks to have run", lambda: all(
        c["state"] == "up" for c in director.ask("health")["checks"]) and is_up(director))


def test_what_is_no_http(lab, director, servers):
    servers["nginx"].stop()
    try:
        with backends.says(lab, HTTP, b"220 this is mail\r\n"):
            director.start(director.config([checked({"http": {}, "port": HTTP}, initial="up")]))
            wait_down(director, "answer is no HTTP")
    finally:
        servers["nginx"].start()
    wait_up(director)


def test_https(lab, director, servers):
    ca = str(lab.dir / "checked/ca.pem")
    good = {"https": {"path": "/index.html", "sni": "a.example", "verify": True, "ca_file": ca},
            "port": HTTPS}
    by_sni = {"https": {"sni": "b.example", "verify": True, "ca_file": ca, "match": "this is b"},
              "port": HTTPS}
    starts_up(lab, director, good, by_sni)
    goes_silent_and_comes_back(lab, director)
    stops_and_comes_back(director, servers["nginx"])
    other = {"https": {"path": "/index.html", "sni": "c.example", "verify": True, "ca_file": ca},
             "port": HTTPS}
    director.reload(director.config([checked(other)]))
    wait_down(director, "certificate: ", "mismatch")
    stranger = {"https": {"path": "/index.html", "sni": "a.example", "verify": True},
                "port": HTTPS}
    director.reload(director.config([checked(stranger)]))
    wait_for("the reason", lambda: "unable to get local issuer" in str(director.ask("health")))
    unverified = {"https": {"path": "/index.html"}, "port": HTTPS}
    director.reload(director.config([checked(unverified)]))
    wait_up(director)


def test_smtp(lab, director, servers):
    starts_up(lab, director, {"smtp": {"helo": "lb1.example"}, "port": SMTP})
    probe = director.ctl("probe", "web", SERVER).stdout
    assert "received: 220 mail.example" in probe and "sent: HELO lb1.example" in probe
    goes_silent_and_comes_back(lab, director)
    servers["smtpd"].stop()
    wait_down(director, "refused")
    with backends.says(lab, SMTP, b"554 no service here\r\n"):
        wait_for("the reason", lambda: "reply 554" in str(director.ask("health")))
    servers["smtpd"].start()
    wait_up(director)


def test_dns(lab, director, servers):
    starts_up(lab, director, {"dns": {"name": "example.org", "type": "SOA"}, "port": DNS})
    stops_and_comes_back(director, servers["nsd"])
    goes_silent_and_comes_back(lab, director)
    director.reload(director.config([checked({"dns": {"name": "example.net"}, "port": DNS})]))
    wait_down(director, "rcode 5 (REFUSED)")


def test_udp(lab, director, echo):
    ask = {"send": "hello", "expect": "rs1:hello", "require_reply": True}
    starts_up(lab, director, {"udp": ask, "port": ECHO})
    goes_silent_and_comes_back(lab, director)
    director.reload(director.config([checked({"udp": {**ask, "expect": "rs2:"}, "port": ECHO})]))
    wait_down(director, 'answer "rs1:hello" differs')
    # Silence is up where no reply is required, port unreachable is down.
    director.reload(director.config([checked({"udp": {"send": "x"}, "port": 9})]))
    wait_for("the reason", lambda: "refused" in str(director.ask("health")))
    with backends.silent(lab):
        wait_up(director)


def test_ping_both_families(lab, director):
    both = [checked({"ping": {}}), service("web6", [1], "rr", v6=True,
                                           health_checks=[{**FAST, "ping": {}}])]
    director.start(director.config(both))
    wait_up(director)
    wait_for("IPv6", lambda: [s["state"] for s in checks.servers(director, "web6").values()]
             == ["active"])
    goes_silent_and_comes_back(lab, director)


@pytest.fixture
def script(lab):
    """An exec check's program; write its body to .text."""
    class Script:
        path = lab.dir / "check.sh"

        def body(self, text):
            fresh = self.path.with_suffix(".new")
            fresh.write_text("#!/bin/sh\n" + text)
            fresh.chmod(fresh.stat().st_mode | stat.S_IXUSR)
            os.replace(fresh, self.path)
    return Script()


def test_exec(director, script):
    script.body('echo "$LBD_SERVICE $LBD_SERVER $1"; exit 0')
    director.start(director.config([checked({"exec": {"command": f"{script.path} 'an argument'",
                                                      "dynamic_weight": True}})]))
    wait_up(director)
    assert f"web {SERVER} an argument" in director.ctl("probe", "web", SERVER).stdout
    script.body("exit 22")
    wait_for("the check's weight", lambda: row(director)["weight"] == 20)
    assert row(director)["configured_weight"] == 1 and "exec check" in row(director)["reason"]
    director.ctl("weight", "web", SERVER, "7")
    assert row(director)["weight"] == 7, "an operator's word stands above a check's"
    director.ctl("weight", "web", SERVER, "--clear")
    script.body("exit 2")
    wait_for("to be quiesced by the check", lambda: row(director)["state"] == "quiesced")
    script.body("echo out of order; exit 1")
    wait_down(director, "exit code 1: out of order")
    script.body("exit 0")
    wait_up(director)


@pytest.mark.parametrize("body, reason", [
    ("sleep 100", "timeout after 400 ms"),
    ("trap '' TERM; sleep 100 & sleep 100 & wait; wait", "timeout after 400 ms"),
    ("exec cat /dev/zero", "wrote more than 1 MiB"),
    ("kill -9 $$", "killed by signal 9"),
    ("exit 255", "exit code 255"),
], ids=["hangs", "forks and hangs", "floods", "dies", "exits 255"])
def test_a_bad_program_harms_nobody(lab, director, script, body, reason):
    script.body(body)
    config = director.config([checked({"exec": {"command": str(script.path)}}, initial="up"),
                              service("other", [None, 1], port=81, health_checks=[
                                  {**FAST, "tcp": {}, "port": 80}])])
    director.start(config)
    wait_down(director, reason)
    wait_for("the other service", lambda: [
        s["state"] for s in checks.servers(director, "other").values()] == ["active"])
    script.body("exit 0")
    wait_up(director)
    pid = director.process.pid
    wait_for("nothing to be left of it", lambda: not children(pid))


def children(pid):
    text = open(f"/proc/{pid}/task/{pid}/children").read()
    return [int(p) for p in text.split()]


def test_all_checks_must_pass_and_one_target_is_checked_once(director, servers, script):
    tcp = {"tcp": {}, "port": HTTP}
    two = [checked(tcp, {"exec": {"command": str(script.path)}}),
           service("again", [1], port=81, health_checks=[{**FAST, **tcp}])]
    script.body("exit 1")
    director.start(director.config(two))
    wait_for("the other service", lambda: [
        s["state"] for s in checks.servers(director, "again").values()] == ["active"])
    assert not is_up(director)
    health = director.ask("health")
    assert len(health["checks"]) == 3 and health["summary"]["checks"] == 2
    script.body("exit 0")
    wait_up(director)


def test_a_flapping_server_below_its_retries_stays(director, script):
    script.body("exit 0")
    director.start(director.config([checked({"exec": {"command": str(script.path)}, "retries": 100,
                                             "interval": "100ms"})]))
    wait_up(director)
    for code in (1, 0, 1):
        script.body(f"exit {code}")
        wait_for("its result", lambda c=code: (director.ask("health")["checks"][0]["failures_in_a_row"]
                                               > 0) == (c == 1))
        assert is_up(director)
    assert director.ask("health")["summary"]["server_down"] == 0


def test_reload_keeps_and_a_restart_remembers(lab, director, servers):
    config = director.config([checked({"tcp": {}, "port": HTTP}, {"ping": {}})])
    config["lbd"]["state_file"] = str(lab.dir / "health-state")
    director.start(config)
    wait_up(director)
    before = director.ask("health")["checks"]
    config["services"][0]["real_servers"].append({"address": server4(2)})
    director.reload(config)
    after = [c for c in director.ask("health")["checks"] if c["server"] == SERVER]
    assert [c["runs"] >= b["runs"] for c, b in zip(after, before)] == [True, True]
    assert is_up(director)
    assert checks.servers(director, "web")[server4(2)]["state"] == "down"
    # Long intervals: a director that did not remember would wait for them.
    for check in config["services"][0]["health_checks"]:
        check.update(interval="1h", retries=0)
    config["services"][0]["real_servers"].pop()
    director.reload(config)
    assert director.stop() == 0
    director.start()
    assert is_up(director), "a restarted director must not wait for what it knew"
    assert checks.requests(lab, 2) == {"rs1": 2}


def test_a_restart_remembers_weights_and_slow_starts(lab, director, script):
    script.body("exit 22")
    exec_check = {"exec": {"command": str(script.path), "dynamic_weight": True}}
    config = director.config([checked(exec_check, slow_start="1h")])
    config["lbd"]["state_file"] = str(lab.dir / "health-weights")
    director.start(config)
    wait_up(director)
    wait_for("a slow start", lambda: "slow start" in row(director)["reason"])
    # From here on the check says nothing, and the slow start is nearly over.
    script.body("sleep 100")
    config["services"][0]["health_checks"][0]["timeout"] = "60s"
    config["services"][0]["slow_start"] = "2s"
    assert director.stop() == 0
    director.start(config)
    first = row(director)
    assert first["state"] == "active"
    assert first["weight"] in range(1, 21), first
    wait_for("the end of the slow start", lambda: row(director)["weight"] == 20)
    assert "exec check" in row(director)["reason"]


def test_probe_shows_digests(director, servers):
    director.start(director.config([checked({"http": {"path": "/index.html"}, "port": HTTP})]))
    text = director.ctl("probe", "web", SERVER).stdout
    assert "sent: GET /index.html HTTP/1.1" in text and "status: 200" in text
    assert hashlib.md5(PAGE).hexdigest() in text and hashlib.sha256(PAGE).hexdigest() in text
    failed = director.ctl("probe", "web", server4(2), check=False)
    assert failed.returncode == 1
