# SPDX-License-Identifier: Apache-2.0
"""real_server of a virtual_server."""
import copy

from . import tables
from .addresses import address, endpoint
from .block import Block, claim, ending, orphans
from .checks import CHECKERS, Checks, Defaults
from .commands import notify_command
from .methods import method_of
from .yaml_out import Map, flow


class Servers:
    """Read once; emitted for each service that comes of the virtual_server."""

    def __init__(self, report, service, defaults, forwarding, tunnel, parts):
        self.report, self.service = report, service
        self.defaults, self.forwarding, self.tunnel = defaults, forwarding, tunnel
        self.ports = {port for _, rows in parts for _, port, _ in rows}
        self.held = service.flag("ha_suspend")
        self.inhibit = service.flag("inhibit_on_failure")
        self.default_weight = service.number("weight", low=1, high=65535)
        self.alpha = False
        self.sorry = None  # address text
        self.list = []
        for statement in service.all("real_server"):
            server = self._server(statement)
            if server is None:
                continue
            # dr finds a server by its address alone.
            if any(server["known_by"] == other["known_by"] for other in self.list):
                report.warning(
                    statement.place, f"{statement.text}: left out: it is in the service already"
                )
            else:
                self.list.append(server)

    def emit(self, family, rows, several):
        """Those that can serve listens of `family`: all by tun, else those of the same one."""
        out = []
        for server in self.list:
            same = (6 if ":" in server["address"] else 4) == family
            if same or server["forwarding"] == "tun":
                out.append({**copy.deepcopy(server), "place": server["place"]})
            elif not several:
                self.report.error(
                    server["place"],
                    (
                        f"{server['address']} is of another family than the "
                        "service; only TUN can do that"
                    ),
                )
        return out

    def kept_port(self, where, port, forwarding, statement):
        """The port to write: none where lbd takes the client's, as dr and tun always do."""
        if port in (None, "0"):
            return None
        if forwarding == "nat" and not where.is_loopback:
            return int(port)
        if self.ports == {port}:
            return int(port)
        if port not in self.ports and self.ports != {"0"}:
            self.report.note(
                statement.place,
                (
                    f"port {port} is left out:"
                    f" {'the director itself' if where.is_loopback else forwarding} keeps the port"
                    " that the client used"
                ),
            )
        return None

    @property
    def weight(self):
        weights = [server["map"].get("weight") for server in self.list]
        return sum(1 if weight is None else weight for weight in weights)

    @property
    def sees_replies(self):
        return any(server["forwarding"] == "nat" for server in self.list)

    def _server(self, statement):
        block = Block(statement, self.report, tables.SERVER)
        words = statement.rest
        where = address(words[0]) if words else None
        port = words[1] if len(words) > 1 else None
        if where is None or (port is not None and (not port.isdigit() or int(port) > 65535)):
            self.report.error(statement.place, f"{statement.text}: no address and port; left out")
            return None
        entry = Map()
        forwarding, tunnel = self._method(block)
        kept = self.kept_port(where, port, forwarding, statement)
        entry.add("address", endpoint(where, kept) if kept else str(where))
        self._weight(block, entry)
        if forwarding != self.forwarding:
            block.put(entry, "forwarding", forwarding, "lvs_method", "lb_kind")
        if tunnel is not None and flow(tunnel) != "{type: ipip}":
            entry.add("tunnel", tunnel)
        self._options(block, entry)
        server = {
            "address": str(where),
            "map": entry,
            "place": statement.place,
            "forwarding": forwarding,
            "known_by": (where, kept if forwarding == "nat" else None),
        }
        self._notify(block, server)
        server["checks"] = self._checks(block, port if not kept and port != "0" else None)
        block.finish()
        before, server["after"] = claim(statement)
        server["comments"] = before
        server["orphans"] = orphans(statement)
        entry.tail = ending(statement)
        return server

    def _method(self, block):
        statement = block.last("lvs_method", "lb_kind")
        if statement is None:
            return self.forwarding, self.tunnel
        return method_of(statement, self.report)

    def _weight(self, block, entry):
        weight = block.number("weight", high=65535)
        weight = self.default_weight if weight is None else weight
        if weight is not None:
            block.put(entry, "weight", weight, "weight")

    def _options(self, block, entry):
        if block.flag("inhibit_on_failure", default=self.inhibit):
            block.put(entry, "inhibit_on_failure", True, "inhibit_on_failure")
        for key, word in (("max_connections", "uthreshold"), ("min_connections", "lthreshold")):
            value = block.number(word)
            if value:
                block.put(entry, key, value, word)

    def _notify(self, block, server):
        for key, word in (("server_up", "notify_up"), ("server_down", "notify_down")):
            statement = block.last(word)
            server[key] = notify_command(statement, self.report) if statement else ""
            server[key + "_place"] = statement.place if statement else None

    def _checks(self, block, port):
        self.alpha |= block.flag("alpha")
        above = Defaults(block, self.defaults)
        checks = Checks(self.report, above, int(port) if port else None, self.held)
        for statement in block.all(*CHECKERS):
            checks.add(statement)
            self.alpha |= any(
                s.keyword == "alpha" and s.rest[:1] != ["off"] for s in statement.body or []
            )
        return checks.list
