# SPDX-License-Identifier: Apache-2.0
"""static_routes and virtual_routes, in the words of ip route."""
from .addresses import address, network
from .yaml_out import Map

# Words with a value that only the kernel's table keeps; nothing is lost for forwarding.
QUIET = {"scope", "proto", "protocol", "preference", "pref"}
FLAGS = {"no_track", "onlink", "append", "inet", "inet6"}


def convert(statement, report, ports, default_port):
    """A Map, or None where the route has no counterpart. `default_port`: where it names no dev."""
    words, i, found, odd = statement.words, 0, {}, []
    if words[0] in ("blackhole", "unreachable", "prohibit", "throw"):
        report.warning(
            statement.place, f"{statement.text}: no counterpart: lbd sets no {words[0]} routes"
        )
        return None
    while i < len(words):
        word, value = words[i], words[i + 1] if i + 1 < len(words) else ""
        if word in ("or", "nexthop"):
            report.warning(
                statement.place,
                (
                    f"{statement.text}: no counterpart: one router a route; "
                    f"{'the others are' if word == 'nexthop' else value + ' is'} "
                    "left out"
                ),
            )
            if word == "nexthop" and "via" in found:
                break
            i -= word == "nexthop"
        if word in ("via", "gw"):
            if value in ("inet", "inet6"):
                i += 1
                value = words[i + 1] if i + 1 < len(words) else ""
            found["via"] = value
        elif word in ("dev", "src", "metric", "priority"):
            found[{"priority": "metric"}.get(word, word)] = value
        elif word in FLAGS:
            i -= 1
        elif word in QUIET:
            pass
        elif word == "table":
            if value not in ("main", "254"):
                report.warning(
                    statement.place,
                    f"{statement.text}: no counterpart: lbd's routes are those of the main table",
                )
                return None
        elif word == "to" and value not in ("unicast",):
            found["to"] = value
        elif network(word) is not None and "to" not in found:
            found["to"], i = word, i - 1
        elif word != "to":
            odd.append(f"{word} {value}".strip())
        i += 2
    return _emit(statement, report, ports, default_port, found, odd)


def _emit(statement, report, ports, default_port, found, odd):
    to = network(found.get("to", ""))
    if to is None or ("via" in found and address(found["via"]) is None):
        report.warning(statement.place, f"{statement.text}: cannot be read as a route; left out")
        return None
    if not found.get("metric", "0").isdigit():
        odd.append(f"metric {found.pop('metric')}")
    if odd:
        report.warning(statement.place, f"{statement.text}: without {', '.join(odd)}")
    out = Map()
    full = to.prefixlen == to.max_prefixlen
    out.add(
        "to",
        (
            "default"
            if to.prefixlen == 0 and to.version == 4
            else str(to.network_address) if full else str(to)
        ),
    )
    if "via" in found:
        out.add("via", found["via"])
    if "dev" in found or "via" not in found:
        port = ports.use(found["dev"], statement.place) if "dev" in found else default_port
        if port is None:
            report.warning(statement.place, f"{statement.text}: no dev; left out")
            return None
        out.add("port", port.name)
    if "src" in found:
        out.add("source", found["src"])
    if "metric" in found:
        out.add("metric", int(found["metric"]))
    return out
