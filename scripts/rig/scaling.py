# SPDX-License-Identifier: Apache-2.0
"""scripts/bench workers: two workers beside one on the same traffic. net_pcap replays frames from memory and drops what is
sent, so there is no generator: each worker has a core and a receive queue of its own, with the flows that are its own.
What one worker needs for a packet here less what testpmd needs is lbd's own cost."""
import re
import shlex
import statistics
import tempfile
import time
from pathlib import Path

from duts import Lbd
from machine import Process, RigError, wait_for
from replay import KEY, write_files
from tables import spread, verdict

BAR = 1.8
QUEUES = 2
WARMUP = 1.5  # seconds: opens the connections
STEERING = f'  steering: rss\n  rss: {{key: "{KEY}", table_size: 128}}\n'


def device(files):
    return f"net_pcap0,{','.join(f'rx_pcap={name}' for name in files)},infinite_rx=1"


def lcores(options, workers):
    """Control is on the generator's core, which has nothing else to do with one worker."""
    cores = [options.generator_core, options.dut_core][-workers:]
    return f"2@{options.generator_core}," + ",".join(f"{n}@{core}" for n, core in enumerate(cores))


class Replayed:
    """testpmd macswap on the same device: what receiving and sending cost."""
    name = "testpmd"

    def measure(self, files, workers, directory, options):
        command = ["dpdk-testpmd", f"--lcores={lcores(options, workers)}", "--main-lcore=2", "--in-memory", "--no-pci",
                   "--no-telemetry", "-m", "512", f"--vdev={device(files)}", "--", "--forward-mode=macswap",
                   f"--nb-cores={workers}", f"--rxq={QUEUES}", f"--txq={QUEUES}", "--burst=64",
                   "--total-num-mbufs=65536", "--no-flush-rx", "--auto-start", "--stats-period=1"]
        log = directory / "testpmd.log"
        with Process("testpmd", command, log, first=False) as process:
            def sampled():
                process.check_running()
                return len(self.samples(log)) >= 2 + options.seconds
            wait_for("testpmd's statistics", sampled, 60 + options.seconds)
            # The first sample covers the start.
            return statistics.median(self.samples(log)[1:]) / 1e6, process.command

    @staticmethod
    def samples(log):
        return [int(n) for n in re.findall(r"Tx-pps:\s+(\d+)", log.read_text(errors="replace"))]


class ReplayedLbd(Lbd):
    def measure(self, files, workers, directory, options):
        layout = {"control_core": 2, "worker_cores": list(range(workers)), "lcores": lcores(options, workers),
                  "steering": STEERING if workers == QUEUES else "", "device": device(files),
                  "queues": f"    queues: {QUEUES}\n    rx_descriptors: 4096\n    tx_descriptors: 4096\n"}
        with self.started(layout, directory, options, first=False) as process:
            time.sleep(WARMUP)
            (start, before), _, (end, after) = self.sample(directory), time.sleep(options.seconds), self.sample(directory)
            process.check_running()
            self.check(before, after)
            return (after["forwarded"] - before["forwarded"]) / (end - start) / 1e6, process.command

    def sample(self, directory):
        before = time.monotonic()
        counters = self.counters(directory)
        return (before + time.monotonic()) / 2, counters

    def check(self, before, after):
        """Nothing but forwarding, and each flow on its owner: but while lbd starts, under full load here, one worker may
        know the local addresses of fullnat before the other, and take over some of its flows for good."""
        others = {name: n - before.get(name, 0) for name, n in after.items() if name != "forwarded"}
        forwarded = after.get("forwarded", 0) - before.get("forwarded", 0)
        handed = others.pop("handed_off", 0) + others.pop("handed_in", 0)
        if forwarded == 0 or sum(others.values()) > forwarded / 1000 or handed > forwarded / 10:
            raise RigError(f"{self.name}: {forwarded} packets forwarded, {handed} handed on, and {others}")


def print_row(name, one, two):
    ratio = [b / a for a, b in zip(one, two)]
    line = (f"{name:<8} {spread(one):>22} {1000 / statistics.median(one):>9.1f} {spread(two):>22} "
            f"{spread(ratio):>18}")
    row = {"method": name, "one": one, "two": two, "ratios": ratio, "median": statistics.median(ratio)}
    if name != "testpmd":
        row.update(bar=BAR, verdict=verdict(ratio, BAR))
        line += f"  {BAR:.2f} {row['verdict']}"
    print(line, flush=True)
    return row


def compare_workers(options, choose_family):
    if options.proto != "udp":
        raise RigError("workers: UDP only: a file that is replayed has no handshakes")
    duts = [] if options.only == "lbd" else [Replayed()]
    duts += [] if options.only == "testpmd" else [ReplayedLbd(method) for method in options.methods]
    rows, command = [], None
    for family in options.family_list:
        choose_family(options, family)
        for flows in options.flows:
            print(f"\nIPv{family}, {options.frame_size}-byte frames, {flows} flows, clients' packets\n"
                  f"{'':<8} {'one worker, Mpps':>22} {'ns/packet':>9} {'two, Mpps':>22} {'two to one':>18}  bar", flush=True)
            with tempfile.TemporaryDirectory(prefix="lbd-bench-") as name:
                directory = Path(name)
                files = write_files(directory, family, flows, QUEUES, options.frame_size)
                results = {dut.name: ([], []) for dut in duts}
                for _ in range(options.repetitions):
                    for dut in duts:
                        for workers in (1, 2):
                            mpps, command = dut.measure(files, workers, directory, options)
                            results[dut.name][workers - 1].append(mpps)
            rows += [dict(print_row(name, *values), family=family, flows=flows) for name, values in results.items()]
    print(f"\ncommand of the last run:\n  {shlex.join(command)}")
    return {"workers": rows}
