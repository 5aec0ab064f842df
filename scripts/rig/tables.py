# SPDX-License-Identifier: Apache-2.0
"""What scripts/bench prints: medians, spread, ratios and verdicts."""
import statistics

TUNNELS = ("ipip", "gre", "gue")
# The least ratio to testpmd that is wanted: IPv4, UDP, the smallest frames, one worker.
BARS = {("dr", 65536): 0.60, ("dr", 1_000_000): 0.45, ("nat", 65536): 0.50, ("fullnat", 65536): 0.45,
        **{(tunnel, 65536): 0.50 for tunnel in TUNNELS}}


def spread(values, digits=2):
    middle = statistics.median(values)
    if len(values) == 1:
        return f"{middle:.{digits}f}"
    return f"{middle:.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def verdict(values, bar):
    """Only where all repetitions are of one mind."""
    if min(values) >= bar:
        return "reached"
    return "MISSED" if max(values) < bar else "open: the bar lies within the spread"


def rates(runs):
    return [r["received_mpps"] for r in runs]


def ratios(runs):
    return [r["received_mpps"] / r["ceiling_mpps"] for r in runs]


def bar_of(options, family, name, flows):
    if options.mode != "throughput" or options.proto != "udp" or family != 4:
        return None
    return BARS.get((name, flows))


def heading(options):
    if options.mode == "latency":
        return f"{'flows':>9}  {'':<8} " + " ".join(f"{p + ' us':>22}" for p in ("p50", "p90", "p99", "p99.9"))
    return f"{'flows':>9}  {'':<8} {'Mpps':>22}  {'ns/packet':>9}  {'lost %':>8}  {'ratio':>18}  bar"


def print_rates(runs, options, family, flows):
    """`runs`: by name of the device under test, in the order of the repetitions. Returns the ratios."""
    out = []
    for name, measured in runs.items():
        mpps = rates(measured)
        lost = 100 * statistics.median(r["lost"] / r["sent"] for r in measured)
        line = f"{flows:>9}  {name:<8} {spread(mpps):>22}  {1000 / statistics.median(mpps):>9.1f}  {lost:>8.3f}"
        if name != "testpmd" and "testpmd" in runs:
            values = ratios(measured)
            bar = bar_of(options, family, name, flows)
            row = {"method": name, "family": family, "proto": options.proto, "flows": flows, "ratios": values,
                   "median": statistics.median(values)}
            line += f"  {spread(values):>18}"
            if bar is not None:
                row.update(bar=bar, verdict=verdict(values, bar))
                line += f"  {bar:.2f} {row['verdict']}"
            out.append(row)
        print(line, flush=True)
    return out


def print_latency(runs, _, __, flows):
    for name, measured in runs.items():
        columns = [spread([r["latency_us"][p] for r in measured], 1) for p in ("p50", "p90", "p99", "p99.9")]
        print(f"{flows:>9}  {name:<8} " + " ".join(f"{c:>22}" for c in columns), flush=True)
    return []


def print_verdicts(rows):
    judged = [row for row in rows if "bar" in row]
    if judged:
        print("\nbars:")
    for row in judged:
        print(f"  {row['method']:<8} IPv{row['family']} {row['proto'].upper()} {row['flows']:>9} flows: "
              f"{spread(row['ratios'])} of testpmd, wanted {row['bar']:.2f}: {row['verdict']}")
