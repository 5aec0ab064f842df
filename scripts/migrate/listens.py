# SPDX-License-Identifier: Apache-2.0
"""What a virtual_server listens on: an address, a group's addresses, what a mark stands for."""
import re

from .addresses import address, virtual_range
from .block import claim


class Listens:
    """What a service listens on: (protocol, family) -> [(prefix text, port, comments)]."""

    def __init__(self):
        self.by = {}

    def add(self, protocol, prefix, port, comments=((), "")):
        family = 6 if ":" in prefix else 4
        rows = self.by.setdefault((protocol, family), [])
        if (prefix, str(port)) not in [row[:2] for row in rows]:
            rows.append((prefix, str(port), comments))


class Finder:
    def __init__(self, report, groups, marks, names):
        self.report, self.groups, self.marks, self.names = report, groups, marks, names

    def find(self, statement, block):
        """(Listens, the stem of its name); (None, "") where nothing can come of it."""
        given = block.word("protocol")
        protocol = (given or "UDP").lower()
        if given is None and statement.rest[:1] != ["fwmark"]:
            self.report.warning(
                statement.place,
                (
                    f"{statement.text}: no protocol: udp, as keepalived 2 "
                    "takes it; if tcp was meant, say so there"
                ),
            )
        if protocol not in ("tcp", "udp", "sctp"):
            self.report.error(statement.place, f"protocol {protocol}: write TCP, UDP or SCTP")
            return None, ""
        words, listens = statement.rest, Listens()
        snmp = block.word("snmp_name")
        if not words:
            self.report.error(
                statement.place, "virtual_server names neither address, group nor fwmark"
            )
            return None, ""
        if words[0] == "group":
            stem = words[1] if len(words) > 1 else ""
            if stem not in self.groups:
                self.report.error(
                    statement.place, f"virtual_server_group {stem} is nowhere defined"
                )
                return None, ""
            self._group(self.groups[stem], protocol, given, listens)
        elif words[0] == "fwmark":
            stem = f"fwmark-{words[1] if len(words) > 1 else ''}"
            self._mark(statement, words[1:2], listens, block)
        else:
            port = words[1] if len(words) > 1 else "0"
            where = address(words[0])
            if where is None or not port.isdigit() or int(port) > 65535:
                self.report.error(statement.place, f"{' '.join(words[:2])} is no address and port")
                return None, ""
            stem = f"{protocol}-{where}-{port}"
            listens.add(protocol, str(where), int(port))
        if snmp and re.fullmatch(r"[\x21-\x7e]{1,64}", snmp) and snmp not in self.names:
            stem = snmp
        if not listens.by:
            if words[0] != "fwmark":
                self.report.error(statement.place, f"{statement.text}: nothing to listen on")
            listens.by[(protocol, 4)] = []
        return listens, stem

    def _group(self, group, protocol, given, listens):
        group.used = True
        for line in group.statement.body or []:
            if line.keyword == "fwmark":
                self._mark(line, line.rest[:1], listens, None, given and protocol)
                continue
            prefixes = virtual_range(line.words[0])
            port = line.rest[0] if line.rest else "0"
            if prefixes is None or not port.isdigit() or int(port) > 65535:
                self.report.error(
                    line.place, f"{line.text}: no address, range or prefix with a port"
                )
                continue
            comments = ((), "") if line.taken else claim(line)
            for prefix in prefixes:
                listens.add(protocol, prefix, int(port), comments)
                comments = ((), "")

    def _mark(self, statement, words, listens, block, only=None):
        if block is not None:
            block.word("ip_family")
        if not words or not words[0].isdigit():
            self.report.error(statement.place, f"{statement.text}: no number of a mark")
            return
        rules = self.marks.of(int(words[0]))
        if not rules:
            self.report.error(
                statement.place,
                f"mark {words[0]}: no rule sets it"
                + ("" if self.marks.read_any else "; name the rules by --iptables-save FILE"),
            )
        for rule in rules:
            for protocol in rule.protocols:
                for prefix in rule.destinations:
                    for port in rule.ports:
                        if only in (None, protocol):
                            listens.add(protocol, prefix, port)
