# SPDX-License-Identifier: Apache-2.0
"""What several tests ask of lbd and its lab."""
import collections
import hashlib
import json

from lab import VIP4, LabError, wait_for

ORIGINS = ("received", "handed_in", "from_tap", "own")


def sums_agree(director):
    """Promise: received + handed in + from the TAP + own = the sum of the verdicts + what is held, for each
    worker and in total, as soon as no packet is between two counters; what one worker handed off, another
    got."""
    counters = {}

    def agree():
        counters.update(director.ask("counters"))
        parts = [counters, *counters["workers"]]
        totals = all(counters[o] == sum(w[o] for w in counters["workers"]) for o in ORIGINS)
        verdicts = {name: sum(w["verdicts"].get(name, 0) for w in counters["workers"])
                    for name in counters["verdicts"]}
        handed = counters["verdicts"].get("handed_off", 0) == counters["handed_in"]
        return (totals and handed and verdicts == counters["verdicts"]
                and all(_balance(part) == 0 for part in parts))

    try:
        wait_for("the sums of the counters to agree", agree, 5)
    except LabError as error:
        raise AssertionError(f"{error}\n{json.dumps(counters, indent=1)}") from None
    return counters


def _balance(part):
    return sum(part[o] for o in ORIGINS) - sum(part["verdicts"].values()) - part["held"]


def nothing_left(lab):
    """No TAP and no address of lbd is left in the director's namespace."""
    links = {link["ifname"] for link in ip_json(lab, "link")}
    assert links == {"lo", "v0", "v1"}, f"interfaces left behind: {links}"


def forget_connections(lab):
    """Ends what TCP connections of earlier tests the hosts still have. Where an lbd was killed with their last
    segments in its hands, they would be sent again for a minute, to the lbd of another test."""
    for name in ("client", *lab.server_names()):
        lab.run(name, "ss", "-K", "-tn", "state", "connected", check=False)

        def quiet(name=name):
            return not lab.run(name, "ss", "-Htn", "state", "connected", "exclude", "time-wait").stdout

        wait_for(f"the connections of {name} to end", quiet, 10)


def ip_json(lab, *words, name="dir"):
    return json.loads(lab.run(name, "ip", "-json", *words).stdout or "[]")


def requests(lab, count, address=VIP4, timeout=10):
    """count HTTP requests by one curl, a new connection each: Counter of the servers that answered."""
    host = f"[{address}]" if ":" in address else address
    # -g: brackets are an IPv6 address and no range.
    done = lab.run("client", "curl", "-sSg", "--max-time", timeout, "-H", "Connection: close",
                   *(f"http://{host}/{n}" for n in range(count)), check=False)
    assert done.returncode == 0, f"curl: exit {done.returncode}: {done.stderr[-500:]}"
    return collections.Counter(done.stdout.split())


def write_large(page):
    """Makes the file `page`, 100 MiB of which no two are alike; its SHA-256."""
    block, digest = bytes(range(256)) * 4096, hashlib.sha256()
    with page.open("wb") as file:
        for n in range(100):
            part = n.to_bytes(4, "big") + block[4:]
            file.write(part)
            digest.update(part)
    return digest.hexdigest()


def servers(director, service):
    """Of one service: address -> what lbctl says of the real server."""
    for row in director.ask("services")["services"]:
        if row["name"] == service:
            return {server["address"]: server for server in row["real_servers"]}
    raise AssertionError(f"lbctl shows no service {service}")


def connections(director, *filters):
    return director.ask("connections", *filters)["connections"]


def drops(director):
    """Verdicts that dropped something."""
    ways = {"forwarded", "punted", "handed_off"}
    return {name: n for name, n in director.ask("counters")["verdicts"].items()
            if n and name not in ways}

