# SPDX-License-Identifier: Apache-2.0
"""scripts/bench: lbd beside testpmd, in turn, over shared memory; medians, spread and ratio."""
import argparse
import json
import os
import shlex
import signal
import statistics
import sys
import tempfile
from pathlib import Path

from duts import DUT_MAC, GENERATOR_MAC, Lbd, Macswap, vip
from machine import Process, RigError, binary, description, huge_pages, wait_for

BARS = {65536: 0.60, 1_000_000: 0.45}  # the least ratio that is wanted, throughput of 64-byte UDP
SMALLEST = {(4, "udp"): 64, (4, "tcp"): 64, (6, "udp"): 66, (6, "tcp"): 78}  # IPv6 headers need more
STAMP = 12


def numbers(text):
    return [int(word) for word in text.split(",")]


def parse(arguments):
    parser = argparse.ArgumentParser(prog="scripts/bench", formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("mode", nargs="?", choices=["throughput", "new-flows", "latency"], default="throughput")
    add = parser.add_argument
    add("--flows", type=numbers, default=[256, 65536, 1_000_000], help="comma-separated")
    add("--proto", choices=["udp", "tcp"], default="udp", help="tcp: opened by SYN and ACK, then ACKs")
    add("--family", type=int, choices=[4, 6], default=4)
    add("--frame-size", type=int, default=0, help="bytes, frame check sequence included; 0: the smallest")
    add("--order", choices=["sequential", "random"], default="sequential", help="of the flows")
    add("--repetitions", type=int, default=3)
    add("--seconds", type=float, default=5, help="measured time of each run")
    add("--rate", type=float, default=0, help="packets a second offered; 0: 1000000 for latency, else no limit")
    add("--only", choices=["testpmd", "lbd"], help="run one of the two")
    add("--quick", action="store_true", help="one repetition of 2 seconds")
    add("--max-connections", type=int, default=0, help="of lbd; 0: 2000000, new-flows 8000000")
    add("--generator-core", type=int, default=0, help="lbd's control threads run there, too")
    add("--dut-core", type=int, default=1)
    add("--json", metavar="FILE", help="write all runs to FILE")
    options = parser.parse_args(arguments)
    if options.quick:
        options.repetitions, options.seconds = 1, 2
    new = options.mode == "new-flows"
    if new:
        options.flows = [max(options.flows)]
    options.max_connections = options.max_connections or (8_000_000 if new else 2_000_000)
    # Flows must expire as fast as new ones come, or the table is full within seconds.
    options.udp_timeout = "500ms" if new else "5m"
    if options.rate == 0 and options.mode == "latency":
        options.rate = 1e6
    if options.frame_size == 0:
        least = SMALLEST[options.family, options.proto] + (STAMP if options.mode == "latency" else 0)
        options.frame_size = max(64, least)
    options.namespace = f"lbd-bench-{os.getpid()}"
    return options


def generator(socket, result, options, flows, dut):
    command = [binary("lbd-loadgen"), f"--lcores=0@{options.generator_core}", "--in-memory", "--no-pci",
               "--no-telemetry", "-m", "256", f"--vdev=net_vhost0,iface={socket},queues=1", "--",
               "--vip", vip(options.family), "--dst-mac", DUT_MAC, "--src-mac", GENERATOR_MAC,
               "--expect-mac", *dut.comes_back_to, "--family", options.family, "--proto", options.proto,
               "--mode", "new" if options.mode == "new-flows" else "established",
               "--flows", flows, "--order", options.order, "--frame-size", options.frame_size,
               "--rate", options.rate, "--seconds", options.seconds, "--json", result, "--wait-for-line"]
    return command + (["--latency"] if options.mode == "latency" else [])


def measure(dut, flows, options):
    """One run: generator up, device under test up, go. Everything is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="lbd-bench-") as name:
        directory = Path(name)
        socket, result = directory / "vhost.sock", directory / "result.json"
        command = generator(socket, result, options, flows, dut)
        with Process("lbd-loadgen", command, directory / "loadgen.log") as sender:
            wait_for_socket(socket, sender)
            with dut.running(socket, directory, options) as process:
                sender.say("go")
                sender.wait(120 + options.seconds + flows / 200_000)
                process.check_running()
                out = json.loads(result.read_text())
                if isinstance(dut, Lbd):
                    out["verdicts"] = Lbd.counters(directory)
    out.update(dut=dut.name, commands=[shlex.join(sender.command), shlex.join(process.command)])
    check(out, dut)
    return out


def wait_for_socket(socket, sender):
    def there():
        sender.check_running()
        return socket.exists()
    wait_for("the generator's socket", there)


def check(out, dut):
    """A figure counts only if what came back was what should come back."""
    if out["received"] == 0:
        raise RigError(f"{dut.name}: nothing came back: {out.get('verdicts', '')}")
    if out["bad"] or out["foreign"] > out["looked_at"] / 100:
        raise RigError(f"{dut.name}: of {out['looked_at']} frames looked at, {out['bad']} were wrong and "
                       f"{out['foreign']} of another protocol: {out.get('verdicts', '')}")


def spread(values, digits=2):
    middle = statistics.median(values)
    if len(values) == 1:
        return f"{middle:.{digits}f}"
    return f"{middle:.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def rates(runs):
    return [r["received_mpps"] for r in runs]


def print_rates(flows, runs, options):
    """`runs`: by name of the device under test, in the order of the repetitions."""
    for name, measured in runs.items():
        mpps = rates(measured)
        lost = 100 * statistics.median(r["lost"] / r["sent"] for r in measured)
        print(f"{flows:>9}  {name:<8} {spread(mpps):>22}  {1000 / statistics.median(mpps):>9.1f}  {lost:>8.3f}",
              end="")
        if name == "lbd" and len(runs) == 2:
            ratio = [b / a for a, b in zip(rates(runs["testpmd"]), mpps)]
            print(f"  {spread(ratio):>18}", end="")
            if options.mode == "throughput" and options.proto == "udp" and flows in BARS:
                bar = BARS[flows]
                print(f"  {'reached' if statistics.median(ratio) >= bar else 'MISSED'} ({bar:.2f})", end="")
        print(flush=True)


def print_latency(flows, runs, _):
    for name, measured in runs.items():
        columns = [spread([r["latency_us"][p] for r in measured], 1) for p in ("p50", "p90", "p99", "p99.9")]
        print(f"{flows:>9}  {name:<8} " + " ".join(f"{c:>22}" for c in columns), flush=True)


def heading(options):
    what = {"throughput": "established flows", "new-flows": "every packet a new flow",
            "latency": f"round trip at {options.rate / 1e6:g} Mpps"}[options.mode]
    load = os.getloadavg()[0]
    print(f"machine: {description()}; load average {load:.2f}"
          f"{' - not idle: the figures will be too low' if load > 0.5 else ''}")
    print(f"what:    {what}, IPv{options.family} {options.proto.upper()}, {options.frame_size}-byte frames, "
          f"{options.repetitions} x {options.seconds:g} s, median (least-most)\n")
    if options.mode == "latency":
        print(f"{'flows':>9}  {'':<8} " + " ".join(f"{p + ' us':>22}" for p in ("p50", "p90", "p99", "p99.9")))
    else:
        print(f"{'flows':>9}  {'':<8} {'Mpps':>22}  {'ns/packet':>9}  {'lost %':>8}  {'ratio':>18}  bar", flush=True)


def bench(options):
    heading(options)
    show = print_latency if options.mode == "latency" else print_rates
    duts = [dut for dut in (Macswap(), Lbd()) if options.only in (None, dut.name)]
    everything = []
    for flows in options.flows:
        runs = {dut.name: [] for dut in duts}
        for _ in range(options.repetitions):
            for dut in duts:
                runs[dut.name].append(measure(dut, flows, options))
                everything.append(runs[dut.name][-1])
        show(flows, runs, options)
    print("\ncommands of the last run:")
    for command in everything[-1]["commands"]:
        print(f"  {command}")
    if options.json:
        Path(options.json).write_text(json.dumps({"machine": description(), "runs": everything}, indent=2))


def end(*_):
    raise RigError("ended by a signal")


def main():
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        # Generator, testpmd or lbd with 160 bytes a connection and its packet buffers.
        with huge_pages(1024 + options.max_connections * 320 // 2**20):
            bench(options)
    except RigError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
