# SPDX-License-Identifier: Apache-2.0
"""scripts/bench memory: what a connection takes. lbd reserves all memory at start, so two starts that differ in
max_connections alone tell it; a third figure is what lbd itself plans."""
import re
import tempfile
from pathlib import Path

from duts import Lbd
from machine import RigError
from scaling import lcores

LEAST = 1024
BAR = 192  # bytes, with both directions
DEVICE = "net_null0,no-rx=1"


class Idle(Lbd):
    """lbd without traffic."""

    def taken(self, workers, connections, options):
        """Bytes in huge pages and in ordinary ones, as the kernel counts them, and the tables as lbd plans them."""
        options.max_connections = connections
        layout = {"control_core": 2, "worker_cores": list(range(workers)), "lcores": lcores(options, workers),
                  "steering": "", "device": DEVICE, "queues": ""}
        with tempfile.TemporaryDirectory(prefix="lbd-bench-") as name:
            directory = Path(name)
            with self.started(layout, directory, options, first=False) as process:
                status = Path(f"/proc/{process.process.pid}/status").read_text()
                return kibibytes(status, "HugetlbPages"), kibibytes(status, "RssAnon"), planned(directory / "lbd.log")


def kibibytes(status, name):
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    if not found:
        raise RigError(f"/proc/PID/status has no {name}: the kernel is too old")
    return int(found[1]) * 1024


def planned(log):
    """The connection tables of all workers, in bytes, to a MiB."""
    found = re.search(r"connection tables (\d+) MiB", log.read_text(errors="replace"))
    if not found:
        raise RigError(f"{log}: no memory plan in it")
    return int(found[1]) << 20


def compare_memory(options, choose_family):
    choose_family(options, 4)
    connections = options.max_connections
    print(f"\nbytes a connection: lbd with max_connections {connections} less lbd with {LEAST}, by the kernel's count\n"
          f"{'':<8} {'workers':>7} {'tables':>8} {'huge pages':>11} {'ordinary':>9}  bar", flush=True)
    rows = []
    for method in options.methods:
        for workers in (1, 2):
            few, many = (Idle(method).taken(workers, n, options) for n in (LEAST, connections))
            huge, ordinary = ((b - a) / (connections - LEAST) / workers for a, b in list(zip(few, many))[:2])
            tables = many[2] / connections / workers
            told = "reached" if tables <= BAR else "MISSED"
            print(f"{method:<8} {workers:>7} {tables:>8.1f} {huge:>11.1f} {ordinary:>9.2f}  {BAR} {told}", flush=True)
            rows.append({"method": method, "workers": workers, "connections": connections, "tables": tables,
                         "huge_pages": huge, "ordinary": ordinary, "bar": BAR, "verdict": told})
    return {"memory": rows}
