# SPDX-License-Identifier: Apache-2.0
"""virtual_ipaddress and virtual_ipaddress_excluded to virtual_addresses."""
from .addresses import interface
from .block import claim, ending, lines
from .yaml_out import List, Map

WITH_VALUE = ("peer", "preferred_lft", "track_group", "label", "scope", "brd", "broadcast")
HARMLESS = ("label", "scope", "brd", "broadcast")


class VirtualAddresses:
    """Of one instance: rows of (ip_interface, dev or None, statement)."""

    def __init__(self, report, block, known):
        """`known`: the addresses of all instances so far; those of this one are added."""
        self.report, self.known, self.tail = report, known, []
        self.advertised = self._read(block, "virtual_ipaddress")
        self.excluded = self._read(block, "virtual_ipaddress_excluded")

    @property
    def rows(self):
        return self.advertised + self.excluded

    @property
    def family(self):
        return self.advertised[0][0].version if self.advertised else 4

    def _read(self, block, word):
        rows = []
        for part in block.all(word):
            for row in part.body or []:
                self._address(row, rows)
            if rows and not part.taken:
                rows[0][2].before[:0] = lines(part)
            self.tail += ending(part)
        return rows

    def _address(self, row, rows):
        words = row.words
        found = interface(words[0])
        if found is None:
            self.report.error(row.place, f"{words[0]} is no address; left out")
            return
        device, i = None, 1
        while i < len(words):
            value = words[i + 1] if i + 1 < len(words) else ""
            if words[i] == "dev" and value:
                device, i = value, i + 1
            elif words[i] in WITH_VALUE and value:
                say = self.report.note if words[i] in HARMLESS else self.report.warning
                say(row.place, f"{words[i]} {value}: no counterpart: lbd sets address and length")
                i += 1
            elif interface(words[i]) is not None:
                self.report.warning(
                    row.place, f"{words[i]}: left out, as keepalived does: one address a line"
                )
            else:
                self.report.note(
                    row.place, f"{words[i]}: no counterpart: lbd sets address and length"
                )
            i += 1
        if found.ip in self.known:
            self.report.warning(row.place, f"{found.ip} is a virtual address already; left out")
            return
        self.known.add(found.ip)
        rows.append((found, device, row))

    def emit(self, out, ports, port):
        """`port`: the instance's own, None where it speaks by an interface of the kernel."""
        rows = List()
        for found, device, row in self.rows:
            advertised = any(row is each for _, _, each in self.advertised)
            owner = ports.use(device, row.place) if device else port
            if owner in (port, None) and advertised:
                rows.add(str(found), *claim(row))
                continue
            entry = Map()
            entry.add("address", str(found))
            if owner not in (port, None):
                entry.add("port", owner.name)
            if not advertised:
                entry.add("advertise", False)
            rows.add(entry, *claim(row))
        rows.tail += self.tail
        if rows:
            out.add("virtual_addresses", rows)
