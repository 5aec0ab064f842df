# SPDX-License-Identifier: Apache-2.0
"""virtual_server to services: one for each family and protocol that its addresses, group or mark
stand for."""
import copy
import re

from . import tables
from .addresses import address, endpoint
from .block import Block, claim, duration, ending, lines, orphans
from .checks import Defaults, hoisted
from .listens import Finder
from .methods import method_of
from .quorum import quorum, sorry_server
from .servers import Servers
from .yaml_out import List, Map

SCHEDULERS = {
    "rr",
    "wrr",
    "lc",
    "wlc",
    "lblc",
    "sh",
    "mh",
    "dh",
    "fo",
    "ovf",
    "lblcr",
    "sed",
    "nq",
    "twos",
}
FLAGS = {
    "sh": {"flag-1": "sh-fallback", "flag-2": "sh-port"},
    "mh": {"flag-1": "mh-fallback", "flag-2": "mh-port"},
}
PERSISTENCE = 360  # seconds, where persistence_timeout has no value


class Services:
    def __init__(self, report, groups, marks, names):
        self.report, self.groups, self.names = report, groups, names
        self.finder = Finder(report, groups, marks, names)
        self.servers_seen = []  # (address text, service name, forwarding, [listen addresses])

    def convert(self, statement):
        """[(Map, comments above it)]"""
        block = Block(statement, self.report, tables.SERVICE)
        listens, stem = self.finder.find(statement, block)
        if listens is None:
            return []
        parts = sorted(listens.by.items(), key=lambda part: part[0][1])
        out = []
        base = self._body(block, statement, parts)
        for i, ((protocol, family), rows) in enumerate(parts):
            service = self._service(base, stem, protocol, family, rows, len(parts))
            head = []
            if i == 0:
                head = lines(statement) + orphans(statement)
                service.get("real_servers").tail += ending(statement)
            out.append((service, head))
        return out

    def _service(self, base, stem, protocol, family, rows, parts):
        service = Map()
        name = stem
        if parts > 1 or (protocol != "tcp" and not stem.startswith(protocol)):
            name += f"-{protocol}" if protocol != "tcp" and not stem.startswith(protocol) else ""
            name += "-ipv6" if parts > 1 and family == 6 else ""
        name = self._unique(name)
        service.add("name", name)
        listen = List()
        for prefix, port, comments in rows:
            listen.add(endpoint(prefix, port), *comments)
        service.add("listen", listen, *base["listen_comments"])
        if protocol != "tcp":
            service.add("protocol", protocol, *base["protocol_comments"])
        body = copy.deepcopy(base["body"])
        servers = base["servers"].emit(family, rows, parts > 1)
        service.entries += body.entries
        checks = hoisted([s["checks"] for s in servers])
        if checks:
            service.add("health_checks", checks)
        if any(s["checks"] for s in servers):
            self._initial(base, service)
        up_down = self._notify(servers)
        if up_down:
            service.add("notify", up_down)
        service.add("real_servers", self._server_list(servers, checks))
        if not servers:
            self.report.warning(base["place"], f"service {name} has no real server")
        for server in servers:
            self.servers_seen.append((server["address"], name, server["forwarding"], rows))
        if base["servers"].sorry:
            self.servers_seen.append((base["servers"].sorry, name, base["servers"].forwarding, rows))
        base["used"] = True
        return service

    def _unique(self, name):
        name = re.sub(r"\s+", "-", name)[:64]
        unique, n = name, 2
        while unique in self.names:
            unique, n = f"{name[:60]}-{n}", n + 1
        self.names.add(unique)
        return unique

    # What all its parts share

    def _body(self, block, statement, parts):
        self.block = block
        defaults = Defaults(block)
        forwarding, tunnel, method_row = self._forwarding(block)
        body = Map()
        body.add("forwarding", forwarding, *method_row)
        scheduler = self._scheduler(block, body)
        self._flags(block, scheduler, body)
        self._persistence(block, body, parts)
        alpha = block.last("alpha")
        base = {
            "body": body,
            "place": statement.place,
            "alpha": block.flag("alpha") if alpha else False,
            "alpha_row": claim(alpha) if alpha else ((), ""),
            "listen_comments": self._group_comments(statement),
            "protocol_comments": self._row(block, "protocol"),
        }
        base["servers"] = Servers(self.report, block, defaults, forwarding, tunnel, parts)
        self._one_packet(block, body, parts, base["servers"])
        quorum(self.report, block, body, base["servers"].weight)
        sorry_server(self.report, block, body, base["servers"], forwarding)
        for word in ("delay_loop", "connect_timeout", "retry", "delay_before_retry", "virtualhost"):
            block.last(word)
        block.finish()
        return base

    @staticmethod
    def _row(block, *words):
        found = [s for s in block.body if s.keyword in words]
        return claim(found[-1]) if found else ((), "")

    def _group_comments(self, statement):
        """What was said in the group that it names, once."""
        group = (
            self.groups.get(statement.rest[1])
            if statement.rest[0] == "group" and len(statement.rest) > 1
            else None
        )
        if group is None or group.statement.taken:
            return (), ""
        return lines(group.statement) + orphans(group.statement), ""

    def _forwarding(self, block):
        statement = block.last("lvs_method", "lb_kind")
        if statement is None:
            return "nat", None, ((), "")
        method, tunnel = method_of(statement, self.report)
        return method, tunnel, claim(statement)

    def _scheduler(self, block, body):
        statement = block.last("lvs_sched", "lb_algo")
        name = statement.rest[0].lower() if statement and statement.rest else "wlc"
        if name not in SCHEDULERS:
            self.report.error(
                statement.place,
                f"{name}: lbd has no such scheduler; it has {' '.join(sorted(SCHEDULERS))}",
            )
        body.add("scheduler", name, *(claim(statement) if statement else ((), "")))
        return name

    def _flags(self, block, scheduler, body):
        flags = []
        for word in (
            "sh-port",
            "sh-fallback",
            "mh-port",
            "mh-fallback",
            "flag-1",
            "flag-2",
            "flag-3",
        ):
            statement = block.last(word)
            if statement is None:
                continue
            flag = FLAGS.get(scheduler, {}).get(word, word)
            if flag.startswith("flag-") or not flag.startswith(scheduler + "-"):
                self.report.warning(
                    statement.place, f"{word}: means nothing to {scheduler}; left out"
                )
            else:
                flags.append(flag)
        if flags:
            body.add("scheduler_flags", List(dict.fromkeys(flags)))

    def _one_packet(self, block, body, parts, servers):
        if not block.flag("ops"):
            return
        if servers.sees_replies:
            place = block.last("ops").place
            self.report.warning(place, "ops: left out: replies by nat need a connection")
            return
        if any(protocol == "udp" for (protocol, _), _ in parts):
            block.put(body, "one_packet", True, "ops")
        else:
            self.report.warning(block.last("ops").place, "ops: left out: it is for udp only")

    def _persistence(self, block, body, parts):
        statement = block.last("persistence_timeout")
        mask = block.last("persistence_granularity")
        if statement is None and mask is None:
            return
        seconds = PERSISTENCE
        if statement is not None and statement.rest:
            seconds = block.number_of(statement, 1, 31 * 86400) or PERSISTENCE
        out = Map()
        out.add("timeout", duration(seconds))
        if mask is not None and mask.rest:
            self._granularity(mask, out, {family for (_, family), _ in parts})
        body.add("persistence", out, *(claim(statement) if statement else claim(mask)))

    def _granularity(self, statement, out, families):
        text = statement.rest[0]
        where = address(text)
        if where is not None and where.version == 4:
            bits = f"{int(where):032b}"
            if "01" not in bits:
                out.add("prefix4", bits.count("1"))
                return
        elif text.isdigit() and 1 <= int(text) <= (128 if 6 in families else 32):
            out.add("prefix6" if 6 in families else "prefix4", int(text))
            return
        self.report.warning(
            statement.place, f"{statement.text}: no netmask; each client for itself"
        )

    # What its servers say together

    def _initial(self, base, service):
        if base["alpha"] or base["servers"].alpha:
            if not base["alpha"]:
                self.report.warning(
                    base["place"],
                    (
                        "alpha of one server: in lb.yaml all servers of the "
                        "service wait for their first success"
                    ),
                )
            return
        service.add("initial", "up", *base["alpha_row"])

    def _notify(self, servers):
        out = Map()
        for key, word in (("server_up", "notify_up"), ("server_down", "notify_down")):
            commands = {s[key] for s in servers}
            if len(commands) == 1 and commands != {""}:
                out.add(key, commands.pop())
            elif len(commands) > 1:
                for server in servers:
                    if server[key]:
                        self.report.warning(
                            server[key + "_place"],
                            (
                                f"{word} {server[key]}: left out, since notify of a "
                                "service is one command for all its servers; lbd tells "
                                "it which one"
                            ),
                        )
        return out

    @staticmethod
    def _server_list(servers, common):
        out = List()
        for server in servers:
            entry = server["map"]
            if server["checks"] and not common:
                entry.add("health_checks", server["checks"])
            elif common and server["checks"] is not common:
                server["orphans"] += [c for i in server["checks"].items for c in i[1]]
            after = server["after"]
            if server["orphans"] and after:
                server["orphans"], after = [after, *server["orphans"]], ""
            out.add(entry, server["comments"] + server["orphans"], after)
        return out
