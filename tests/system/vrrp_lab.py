# SPDX-License-Identifier: Apache-2.0
"""What the VRRP tests need on top of the lab: more directors, each an lbd, a keepalived or a vrrpd in a
namespace of its own, and eyes on the wire."""
import contextlib
import ctypes
import json
import os
import signal
from pathlib import Path

from director import Director
from lab import VIP4, Lab, wait_for


def vrrp_lab():
    """A client, two real servers and three places for directors: dir, dir2, dir3."""
    lab = Lab(os.environ.get("LBD_LAB", "lbdtest") + "v", servers=2)
    lab.up()
    for n in (2, 3):
        lab._add_namespace(f"dir{n}")
        lab.connect(f"dir{n}", "v0", f"dir{n}")
    return lab


def instance(priority=100, vrid=51, **more):
    return {"name": "VI_1", "port": "wan0", "virtual_router_id": vrid, "priority": priority,
            "advertisement_interval": "100ms", "virtual_addresses": [VIP4], **more}


class Lbd(Director):
    """lbd number n of the lab: 192.0.2.(10+n)."""

    def __init__(self, lab, n):
        super().__init__(lab, f"lbd{n}", "dir" if n == 1 else f"dir{n}", 10 + n)
        self.n = n
        self.log.unlink(missing_ok=True)

    def vrrp_config(self, *instances, services=(), **vrrp):
        config = self.config(services=services, max_connections=2048)
        config["vrrp"] = {"instances": list(instances), **vrrp}
        return config

    @property
    def address(self):
        return f"192.0.2.{self.host}"

    def vrrp(self, name="VI_1"):
        rows = self.ask("vrrp")["instances"]
        return next(row for row in rows if row["name"] == name)

    def state(self, name="VI_1"):
        return self.vrrp(name)["state"]

    def holds(self, vip=VIP4):
        return holds(self.lab, self.ns, vip)

    def kill(self):
        if self.running():
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


def holds(lab, ns, vip=VIP4):
    """Whether the kernel of a namespace has the address."""
    found = json.loads(lab.run(ns, "ip", "-json", "addr").stdout or "[]")
    return any(a["local"] == vip for link in found for a in link.get("addr_info", [])
               if link["ifname"] != "lo")


def is_state(director, state, name="VI_1", seconds=10):
    wait_for(f"{director.ns} to be {state}", lambda: director.state(name) == state, seconds)


@contextlib.contextmanager
def halted_worker(director):
    """Halts one worker thread of an lbd as a debugger does, by ptrace(2), and nothing else of it."""
    libc = ctypes.CDLL(None, use_errno=True)
    seize, interrupt, detach = 0x4206, 0x4207, 17
    threads = Path(f"/proc/{director.process.pid}/task")
    worker = next(int(t.name) for t in threads.iterdir()
                  if "worker" in (t / "comm").read_text())

    def trace(request):
        if libc.ptrace(request, worker, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    trace(seize)
    trace(interrupt)
    os.waitpid(worker, 0x40000000)  # __WALL: it stands
    try:
        yield
    finally:
        trace(detach)
