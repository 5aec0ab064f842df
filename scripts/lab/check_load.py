#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What thousands of health checks cost: scripts/lab/check_load.py [CHECKS] [SECONDS] [KIND]

Makes the lab, gives lbd CHECKS (5000) checks of KIND (tcp, http or ping) at 1 s, each of a target of its own, and
says after SECONDS (20) how many were made, how late the latest began, and what the control thread took, and how late
the latest timer of a VRRP instance beside them was that advertises every 100 ms; then all fail at once, and it says how
many snapshots that took. Exit 1 where a check began later than 100 ms, a timer of VRRP later than 20 ms, or the control
thread took more than 60 % of a core (tcp).
"""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from director import Director, service  # noqa: E402
from lab import VIP4, Lab, LabError, call, wait_for  # noqa: E402

FIRST = 10000
NGINX = """\
worker_processes 1;
worker_rlimit_nofile 65536;
daemon off;
pid {dir}/load.pid;
error_log {dir}/load.log warn;
events {{ worker_connections 20000; }}
http {{
  access_log off;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  server {{ listen {first}-{last}; location / {{ return 200 "ok\\n"; }} }}
}}
"""


def make_services(checks, kind):
    def check(n):
        return {kind: {}, "port": FIRST + n, "interval": "1s", "timeout": f"{900 + n % 50}ms",
                "retries": 0}
    return [service(f"s{n}", [1], "rr", port=FIRST + n, health_checks=[check(n)])
            for n in range(checks)]


def cpu_seconds(pid):
    """Of each thread: name and id -> seconds."""
    out = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        text = open(f"/proc/{pid}/task/{task}/stat").read()
        name, rest = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
        out[f"{name}/{task}"] = (int(rest[11]) + int(rest[12])) / os.sysconf("SC_CLK_TCK")
    return out


def measure(director, checks, seconds, kind):
    summary = director.ask("health")["summary"]
    before, runs, start = cpu_seconds(director.process.pid), summary["runs"], time.monotonic()
    time.sleep(seconds)
    after, passed = cpu_seconds(director.process.pid), time.monotonic() - start
    summary = director.ask("health")["summary"]
    control = f"/{director.process.pid}"
    used = {name: 100 * (after[name] - before.get(name, 0)) / passed for name in after}
    core = next(percent for name, percent in used.items() if name.endswith(control))
    print(f"{checks} {kind} checks at 1 s: {(summary['runs'] - runs) / passed:.0f} a second, "
          f"{summary['failures']} failed, the latest {summary['latest_ms']} ms late")
    print(f"control thread {core:.1f} % of a core; the others: "
          + ", ".join(f"{n.split('/')[0]} {p:.1f} %" for n, p in used.items()
                      if p > 0.5 and not n.endswith(control)))
    late = director.ask("vrrp")["instances"][0]["timing"]["latest_ms"]
    print(f"the latest timer of VRRP was {late:.1f} ms late")
    return summary["latest_ms"] <= 100 and late <= 20 and (kind != "tcp" or core <= 60)


def fail_all(director, server, checks):
    before, start = director.ask("health")["summary"]["publications"], time.monotonic()
    server.kill()
    wait_for("all to be down", lambda: director.ask("health")["summary"]["server_down"] >= checks, 60)
    passed = time.monotonic() - start
    made = director.ask("health")["summary"]["publications"] - before
    print(f"all {checks} servers failed: down within {passed:.2f} s, {made} snapshots, "
          f"at most {passed / 0.01:.0f} were allowed")
    return made <= passed / 0.01 + 1


def main(checks=5000, seconds=20, kind="tcp"):
    checks, seconds = int(checks), int(seconds)
    with Lab(servers=1) as lab:
        conf = lab.dir / "load.conf"
        conf.write_text(NGINX.format(dir=lab.dir, first=FIRST, last=FIRST + checks - 1))
        server = lab.start("rs1", "nginx", "-p", lab.dir, "-c", conf, "-e", lab.dir / "load.log")
        wait_for("nginx", lambda: f":{FIRST + checks - 1} " in lab.run("rs1", "ss", "-ltn").stdout, 30)
        config = Director(lab).config(make_services(checks, kind))
        config["lbd"]["log"] = {"level": "error"}
        config["vrrp"] = {"instances": [{
            "name": "VI_1", "port": "wan0", "virtual_router_id": 51, "priority": 200,
            "advertisement_interval": "100ms", "virtual_addresses": [VIP4]}]}
        director = Director(lab).start(config)
        try:
            wait_for("all to be up",
                     lambda: director.ask("health")["summary"]["server_up"] >= checks, 60)
            good = measure(director, checks, seconds, kind)
            # nginx's worker goes with its master's group.
            good = (kind == "ping" or fail_all(director, Killer(lab, server), checks)) and good
        finally:
            director.stop()
    return 0 if good else 1


class Killer:
    """Ends nginx and its worker at once."""

    def __init__(self, lab, server):
        self.lab, self.server = lab, server

    def kill(self):
        worker = call(["ps", "-o", "pid=", "--ppid", str(self.server.pid)]).stdout.split()
        call(["kill", "-9", str(self.server.pid), *worker])
        self.server.wait(5)


if __name__ == "__main__":
    if "-h" in sys.argv or "--help" in sys.argv:
        print(__doc__)
        sys.exit(0)
    try:
        sys.exit(main(*sys.argv[1:4]))
    except LabError as error:
        sys.exit(f"check_load: {error}")
