# SPDX-License-Identifier: Apache-2.0
"""Reload: the difference is applied and told, a bad file changes nothing, what cannot change is refused."""
import signal

import checks
import pytest
from director import service
from lab import VIP4, VIP6, wait_for


@pytest.fixture
def running(director):
    director.start(director.config([service(weights=[1, 1], scheduler="rr")]))
    return director


def generation(director):
    return director.ask("status")["generation"]


def test_difference_is_told(lab, running):
    before = generation(running)
    answer = running.reload(running.config([service(weights=[1, None, 1], scheduler="rr"),
                                            service("web6", [1], v6=True)]))
    told = " ".join(answer["changes"])
    assert "web6" in told and "192.0.2.32" in told and "192.0.2.33" in told
    assert answer["generation"] > before
    assert checks.requests(lab, 4) == {"rs1": 2, "rs3": 2}
    assert checks.requests(lab, 2, VIP6) == {"rs1": 2}
    wait_for("every worker to see it", lambda: all(
        w["generation"] >= answer["generation"] for w in running.ask("status")["workers"]))


def test_nothing_changed(running):
    assert running.ask("reload")["changes"] == []


def test_dry_run_changes_nothing(lab, running):
    before = generation(running)
    running.write(running.config([service(weights=[None, 1], scheduler="rr")]))
    told = running.ctl("reload", "--dry-run").stdout
    assert "192.0.2.31" in told
    assert generation(running) == before
    assert checks.requests(lab, 4) == {"rs1": 2, "rs2": 2}


def test_a_bad_file_changes_nothing(lab, running):
    before = generation(running)
    config = running.config([service(weights=[1, 70000])])
    config["services"][0]["scheduller"] = "rr"
    running.write(config)
    done = running.ctl("reload", check=False)
    assert done.returncode == 1
    assert "70000" in done.stderr and "scheduller" in done.stderr
    assert generation(running) == before
    assert checks.requests(lab, 4) == {"rs1": 2, "rs2": 2}


@pytest.mark.parametrize("change", [
    lambda c: c["ports"][0].update(mtu=1400),
    lambda c: c["ports"][0].update(device="af_xdp:v1"),
    lambda c: c["ports"].append({"name": "lan0", "device": "af_xdp:v1",
                                 "addresses": ["198.51.100.11/24"]}),
    lambda c: c["dataplane"].update(max_connections=30000),
    lambda c: c["lbd"].update(socket="/run/other.sock"),
], ids=["mtu", "device", "new port", "max_connections", "socket"])
def test_what_cannot_change_is_refused(lab, running, change):
    config = running.config([service(weights=[1])])
    change(config)
    running.write(config)
    done = running.ctl("reload", check=False)
    assert done.returncode == 1 and "restart" in done.stderr
    assert checks.requests(lab, 4) == {"rs1": 2, "rs2": 2}, "nothing of a refused file is applied"


def test_sighup(lab, running):
    running.write(running.config([service(weights=[None, 1], scheduler="rr")]))
    running.process.send_signal(signal.SIGHUP)
    wait_for("the reload", lambda: "192.0.2.31" not in str(running.ask("services")) or
             checks.requests(lab, 2) == {"rs2": 2})
    assert checks.requests(lab, 4) == {"rs2": 4}


def test_sighup_with_a_bad_file(lab, running):
    running.write("services: [")
    before = generation(running)
    lines = running.log_tail(10000)
    running.process.send_signal(signal.SIGHUP)
    wait_for("a word in the log", lambda: running.log_tail(10000) != lines)
    assert running.running() and generation(running) == before
    assert checks.requests(lab, 4) == {"rs1": 2, "rs2": 2}


def test_a_new_vip_is_answered_for(lab, running):
    # Not on the servers' lo: only the director answers.
    config = service("other", [1])
    config["listen"] = ["192.0.2.21:80"]
    running.reload(running.config([config]))
    ping = ["ping", "-n", "-c", "1", "-W", "2", "192.0.2.21"]
    assert lab.run("client", *ping, check=False).returncode == 0
    running.reload(running.config([service(weights=[1])]))
    # It stays until the removed service's connections have ended; there is none, so that is soon.
    wait_for("the address to go", lambda: "192.0.2.21" not in lab.run("dir", "ip", "addr").stdout)
    assert checks.requests(lab, 1, VIP4) == {"rs1": 1}


def test_routes_and_port_addresses_follow_the_file(lab, running):
    config = running.config([service(weights=[1])],
                            routes=[{"to": "203.0.113.0/24", "via": "192.0.2.101"}])
    config["ports"][0]["addresses"].append("192.0.2.12/24")
    running.reload(config)
    assert "via 192.0.2.101" in lab.run("dir", "ip", "route", "show", "203.0.113.0/24").stdout
    assert "192.0.2.12/24" in lab.run("dir", "ip", "-br", "addr", "show", "wan0").stdout
    assert any("203.0.113.0/24" in str(row) for row in running.ask("routes")["routes"])
    running.reload(running.config([service(weights=[1])]))
    assert lab.run("dir", "ip", "route", "show", "203.0.113.0/24").stdout == ""
    assert "192.0.2.12" not in lab.run("dir", "ip", "-br", "addr", "show", "wan0").stdout


def test_an_included_file_is_named(running, lab):
    more = lab.dir / "more.yaml"
    config = running.config([service(weights=[1])]) | {"include": ["more.yaml"]}
    more.write_text("services:\n  - {name: web, listen: ['192.0.2.20:81'], forwarding: dr, weihgt: 1}\n")
    running.write(config)
    done = running.ctl("reload", check=False)
    assert done.returncode == 1 and "more.yaml:2:" in done.stderr
    more.unlink()


def test_overrides_outlive_a_restart(lab, director):
    config = director.config([service(weights=[1, 1, 1], scheduler="rr")])
    config["lbd"]["state_file"] = str(lab.dir / "state")
    director.start(config)
    director.ctl("weight", "web", "192.0.2.31", "0")
    director.ctl("drain", "--no-wait", "web", "192.0.2.32")
    assert director.stop() == 0
    director.start()
    assert checks.requests(lab, 4) == {"rs3": 4}
    rows = checks.servers(director, "web")
    assert (rows["192.0.2.31"]["state"], rows["192.0.2.32"]["state"]) == ("quiesced", "drained")
    assert director.stop() == 0
    (lab.dir / "state").write_text("{")
    director.start()
    assert "starting without it" in director.log_tail(1000)
    assert checks.requests(lab, 3) == {"rs1": 1, "rs2": 1, "rs3": 1}
