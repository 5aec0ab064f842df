# SPDX-License-Identifier: Apache-2.0
"""scripts/bench: lbd by each forwarding method beside testpmd, in turn, over shared memory."""
import argparse
import json
import os
import shlex
import signal
import sys
import tempfile
from pathlib import Path

from duts import DUT_MAC, GENERATOR_MAC, METHODS, ROUTER, Lbd, Macswap, first_client, host_mac, sees_answers, vip
from machine import Process, RigError, binary, description, huge_pages, wait_for
from memory import compare_memory
from scaling import compare_workers
from tables import heading, print_latency, print_rates, print_verdicts

SMALLEST = {(4, "udp"): 64, (4, "tcp"): 64, (6, "udp"): 66, (6, "tcp"): 78}  # IPv6 headers need more
STAMP = 12
STEADY = 1.15  # what two runs of testpmd may differ by, one of them before and one after a run of lbd
ATTEMPTS = 3
MODES = {"throughput": "established flows", "new-flows": "every packet a new flow",
         "latency": "round trip", "workers": "two workers beside one", "memory": "what a connection takes"}
DEFAULT_FLOWS = {"workers": [32768], "new-flows": [1_000_000], "latency": [65536]}


def numbers(low, high):
    """A comma-separated list of numbers."""
    def parse_numbers(text):
        out = [int(word) for word in text.split(",")]
        if not all(low <= n <= high for n in out):
            raise argparse.ArgumentTypeError(f"{text}: each must be {low} to {high}")
        return out
    return parse_numbers


def words(known):
    def parse_words(text):
        out = known if text == "all" else text.split(",")
        unknown = [word for word in out if word not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are {', '.join(known)} and all")
        return out
    return parse_words


def families(text):
    if text not in ("4", "6", "both"):
        raise argparse.ArgumentTypeError(f"{text}: must be 4, 6 or both")
    return [4, 6] if text == "both" else [int(text)]


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="scripts/bench", formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        description="Measures lbd by each forwarding method beside testpmd macswap, all in turn. `scripts/bench "
                    "stages` measures the stages alone. Exit code 1: something did not run, or what came back was "
                    "wrong; a missed bar is shown, not punished.")
    parser.add_argument("mode", nargs="?", choices=MODES, default="throughput")
    add = parser.add_argument
    add("--methods", type=words(METHODS), default="all", metavar="LIST",
        help="of dr, nat, fullnat, ipip, gre, gue; or all")
    add("--flows", type=numbers(256, 10_000_000), metavar="LIST", default=argparse.SUPPRESS,
        help="connections; by default 256,65536,1000000, for latency 65536, for workers 32768 (the most there)")
    add("--proto", choices=["udp", "tcp"], default="udp", help="tcp: opened by a handshake, then ACKs")
    add("--family", type=families, default="4", dest="family_list", metavar="FAMILY", help="4, 6 or both")
    add("--one-way", action="store_true", help="nat and fullnat: clients' packets alone, without servers' answers")
    add("--frame-size", type=int, default=0, help="bytes, frame check sequence included; 0: the smallest")
    add("--order", choices=["sequential", "random"], default="sequential", help="of the flows")
    add("--repetitions", type=int, default=3)
    add("--seconds", type=float, default=5, help="measured time of each run")
    add("--rate", type=float, default=0, help="packets a second offered; 0: 1000000 for latency, else no limit")
    add("--only", choices=["testpmd", "lbd"], help="run one of the two")
    add("--quick", action="store_true", help="one repetition of 2 seconds: all methods in three minutes")
    add("--max-connections", type=int, default=0, help="of lbd; 0: 2000000, new-flows 8000000, memory 10000000")
    add("--generator-core", type=int, default=0, help="lbd's control threads run there, too")
    add("--dut-core", type=int, default=1)
    add("--json", metavar="FILE", help="write all runs, ratios and verdicts to FILE")
    return complete(parser, parser.parse_args(arguments))


def complete(parser, options):
    if options.quick:
        options.repetitions, options.seconds = 1, 2
    new = options.mode == "new-flows"
    options.flows = getattr(options, "flows", DEFAULT_FLOWS.get(options.mode, [256, 65536, 1_000_000]))
    if new:
        options.flows = [max(options.flows)]
    if options.mode == "workers" and max(options.flows) > 32768:
        parser.error("workers: --flows: at most 32768, so many packets can lie ready")
    if options.generator_core == options.dut_core:
        parser.error("--generator-core and --dut-core: must differ")
    if options.repetitions < 1 or options.seconds < 1:
        parser.error("--repetitions, --seconds: at least 1")
    if options.mode == "memory" and 0 < options.max_connections < 100_000:
        parser.error("memory: --max-connections: at least 100000, or pages of memory are too large a measure")
    options.max_connections = options.max_connections or {"new-flows": 8_000_000, "memory": 10_000_000}.get(
        options.mode, 2_000_000)
    # Flows must expire as fast as new ones come, or the table is full within seconds.
    options.udp_timeout = "500ms" if new else "5m"
    if options.rate == 0 and options.mode == "latency":
        options.rate = 1e6
    options.wanted_size = options.frame_size
    options.namespace = f"lbd-bench-{os.getpid()}"
    return options


def choose_family(options, family):
    options.family = family
    least = SMALLEST[family, options.proto] + (STAMP if options.mode == "latency" else 0)
    options.frame_size = options.wanted_size or max(64, least)


def traffic_mode(options, method):
    if options.mode == "new-flows":
        return "new"
    return "both-ways" if sees_answers(method) and not options.one_way else "established"


def generator(socket, result, options, flows, dut):
    command = [binary("lbd-loadgen"), f"--lcores=0@{options.generator_core}", "--in-memory", "--no-pci",
               "--no-telemetry", "-m", "256", f"--vdev=net_vhost0,iface={socket},queues=1", "--",
               "--vip", vip(options.family), "--client", first_client(options.family),
               "--dst-mac", DUT_MAC, "--src-mac", GENERATOR_MAC, "--method", dut.method,
               "--expect-mac", *dut.comes_back_to, "--client-mac", host_mac(ROUTER),
               "--family", options.family, "--proto", options.proto,
               "--mode", traffic_mode(options, dut.method),
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
                       f"{out['foreign']} of another protocol: {out.get('verdicts', '')}"
                       + (f"\n  the first wrong one: {out['first_bad']}" if out["first_bad"] else ""))
    to_clients = out["to_clients"] / out["looked_at"]
    if out["mode"] == "both-ways" and not 0.4 < to_clients < 0.6:
        raise RigError(f"{dut.name}: {100 * to_clients:.0f} % of the frames looked at were on their way to clients, "
                       f"half of them should be: {out.get('verdicts', '')}")


def repeat(duts, flows, options, runs):
    """Each of `duts` once, beside testpmd. A virtual machine's cores may be moved apart or together at any time, and their
    rings are half as fast then: so each run stands between two of testpmd, whose mean is its ceiling, and is made again where
    those two do not agree."""
    def run(dut):
        runs.setdefault(dut.name, []).append(measure(dut, flows, options))
        return runs[dut.name][-1]

    yardstick = None if options.only == "lbd" else Macswap()
    before = run(yardstick) if yardstick else None
    for dut in duts:
        for attempt in range(ATTEMPTS):
            measured = run(dut)
            if yardstick is None:
                break
            after = run(yardstick)
            ceilings = before["received_mpps"], after["received_mpps"]
            measured["ceiling_mpps"], before = sum(ceilings) / 2, after
            if max(ceilings) < STEADY * min(ceilings) or attempt == ATTEMPTS - 1:
                break
            runs[dut.name].pop()


def compare(options):
    """Throughput, new flows or latency of all devices under test, in turn."""
    show = print_latency if options.mode == "latency" else print_rates
    duts = [] if options.only == "testpmd" else [Lbd(method) for method in options.methods]
    everything, rows = [], []
    for family in options.family_list:
        choose_family(options, family)
        print(f"\nIPv{family}, {options.frame_size}-byte frames\n{heading(options)}", flush=True)
        for flows in options.flows:
            runs = {}
            for _ in range(options.repetitions):
                repeat(duts, flows, options, runs)
            everything += [dict(run, family=family) for measured in runs.values() for run in measured]
            rows += show(runs, options, family, flows)
    print_verdicts(rows)
    print("\ncommands of the last run:")
    for command in everything[-1]["commands"]:
        print(f"  {command}")
    return {"runs": everything, "ratios": rows}


def bench(options):
    load = os.getloadavg()[0]
    print(f"machine: {description()}; load average {load:.2f}"
          f"{' - not idle: the figures will be too low' if load > 0.5 else ''}")
    pace = f" at {options.rate / 1e6:g} Mpps" if options.rate else ""
    print(f"what:    {MODES[options.mode]}{pace}, {options.proto.upper()}, {options.repetitions} x "
          f"{options.seconds:g} s, median (least-most)", flush=True)
    if options.mode in ("workers", "memory"):
        out = {"workers": compare_workers, "memory": compare_memory}[options.mode](options, choose_family)
    else:
        out = compare(options)
    if options.json:
        Path(options.json).write_text(json.dumps({"machine": description(), **out}, indent=2))


def end(*_):
    raise RigError("ended by a signal")


def main():
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        # Generator, testpmd or lbd with 160 bytes a connection and its packet buffers.
        workers = 2 if options.mode in ("workers", "memory") else 1
        with huge_pages(1024 + workers * options.max_connections * 320 // 2**20):
            bench(options)
    except (RigError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
