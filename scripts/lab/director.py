# SPDX-License-Identifier: Apache-2.0
"""lbd in the lab's director namespace: its file, its start and its stop, and lbctl to ask it."""
import json
import os
import re
import signal
import subprocess
from pathlib import Path

from lab import VIP4, VIP6, LabError, call, server4, server6, wait_for

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("LBD_BUILD", ROOT / "build"))
HUGEPAGE_MIB = 512  # what one lbd of the lab takes at most


def binary(name):
    """The built program `name`, wherever in the build directory it lies."""
    found = [p for p in BUILD.glob(f"**/{name}") if p.is_file() and os.access(p, os.X_OK)]
    if not found:
        raise LabError(f"{name} is not built in {BUILD}: run scripts/build")
    return found[0]


def have_hugepages():
    free = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")
    mounted = " hugetlbfs " in Path("/proc/self/mounts").read_text()
    return mounted and free.exists() and 2 * int(free.read_text()) >= HUGEPAGE_MIB


def lcores(workers):
    """worker_cores and eal_args for so many workers: lcore 0 is the control core; where the machine has
    fewer CPUs than lcores, several share one."""
    cpus = sorted(os.sched_getaffinity(0))
    cores = list(range(1, workers + 1))
    if cpus[:workers + 1] == list(range(workers + 1)):
        return cores, []
    mapping = ",".join(f"{core}@{cpus[core % len(cpus)]}" for core in [0, *cores])
    return cores, [f"--lcores={mapping}"]


def service(name="web", weights=(2, 1), scheduler="wrr", v6=False, port=80, protocol="tcp", **more):
    """A dr service of the VIP; real server n has weights[n-1], None leaves it out."""
    address, vip = (server6, f"[{VIP6}]") if v6 else (server4, VIP4)
    return {"name": name, "listen": [f"{vip}:{port}"], "protocol": protocol, "scheduler": scheduler,
            "forwarding": "dr",
            "real_servers": [{"address": address(n), "weight": w}
                             for n, w in enumerate(weights, 1) if w is not None], **more}


class Director:
    """One lbd. `file` and `socket` lie in the lab's directory, the log beside them."""

    def __init__(self, lab, name="lbd", ns="dir", host=11):
        """`host`: the last number of its port's addresses; ns: the namespace that it runs in."""
        self.lab = lab
        self.ns = ns
        self.host = host
        self.file = lab.dir / f"{name}.yaml"
        self.socket = lab.dir / f"{name}.sock"
        self.log = lab.dir / f"{name}.log"
        self.process = None

    def config(self, services=(), workers=1, ports=None, routes=(), **dataplane):
        """A whole configuration; keywords go into its `dataplane`."""
        cores, eal_args = lcores(workers)
        wan0 = {"name": "wan0", "device": "af_xdp:v0", "addresses": [f"192.0.2.{self.host}/24", f"2001:db8::{self.host}/64"]}
        return {"lbd": {"name": "lab", "socket": str(self.socket), "log": {"level": "debug"}},
                "dataplane": {"worker_cores": cores, "control_core": 0, "eal_args": eal_args,
                              "hugepages": have_hugepages(), "max_connections": 20000,
                              "idle": "sleep", "steering": "software", **dataplane},
                "ports": ports or [wan0], "routes": list(routes), "services": list(services)}

    def write(self, config):
        """JSON is YAML, but for durations, sizes and what may be a word or a number: they stand without quotes."""
        text = config if isinstance(config, str) else json.dumps(config, indent=2) + "\n"
        self.file.write_text(re.sub(r'"(off|auto|\d+(?:ms|s|m|h|KiB|MiB|GiB))"', r"\1", text))

    def command(self):
        return self.lab.inside(self.ns, binary("lbd"), "-c", self.file)

    def start(self, config=None, wait=True):
        if config is not None:
            self.write(config)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)
        if wait:
            wait_for("lbd to answer", self._up_or_dead, 30)
        return self

    def _up_or_dead(self):
        if self.process.poll() is not None:
            raise LabError(f"lbd ended with {self.process.returncode}:\n{self.log_tail()}")
        return self.ctl("status", check=False).returncode == 0

    def stop(self, sig=signal.SIGTERM, timeout=10):
        """Signals lbd, waits for its end and returns its exit code (as subprocess gives it)."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        return self.process.wait(timeout)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def log_tail(self, lines=30):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def ctl(self, *words, check=True, timeout=30):
        return call([binary("lbctl"), "--socket", self.socket, *words], check=check, timeout=timeout)

    def ask(self, *words):
        """The answer of `lbctl --json ...` as Python values."""
        return json.loads(self.ctl("--json", *words).stdout)

    def reload(self, config):
        """Writes and reloads; returns when every worker has seen the new state."""
        self.write(config)
        answer = self.ask("reload")
        wait_for("the workers to see the new generation", lambda: all(
            worker["generation"] >= answer["generation"] for worker in self.ask("status")["workers"]))
        return answer
