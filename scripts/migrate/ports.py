# SPDX-License-Identifier: Apache-2.0
"""Interfaces become ports. Their own addresses are not in keepalived.conf: they come from
--address and --ip-addr, from static_ipaddress and from what instances say of themselves."""
import ipaddress
import re

from .addresses import interface
from .report import Failure
from .yaml_out import List, Map

MAX_NAME = 15
KERNEL = ("af_xdp:", "af_packet:")


class Port:
    def __init__(self, name, device, place):
        self.name, self.device, self.place = name, device, place
        self.addresses = []  # ip_interface
        self.networks = []   # of virtual addresses on it: what its link seems to be
        self.before, self.after = [], ""


class Ports:
    def __init__(self, report, mapping):
        self.report, self.mapping = report, mapping
        self.ports = {}   # interface -> Port
        self.alias = {}   # name of a virtual MAC's interface -> interface

    def use(self, ifname, place):
        """The port of a kernel interface; its name is what lb.yaml calls it."""
        ifname = self.alias.get(ifname, ifname)
        if ifname not in self.ports:
            device = self.mapping.get(ifname, f"af_xdp:{ifname}")
            self.ports[ifname] = Port(self._name(ifname, device), device, place)
        return self.ports[ifname]

    def _name(self, ifname, device):
        """The TAP cannot have the name of an interface that stays in the kernel."""
        kernel = {d.split(":", 1)[1] for d in [device, *self.mapping.values()] if d.startswith(KERNEL)}
        name = ifname if ifname not in kernel else "lb-" + ifname
        taken = {port.name for port in self.ports.values()} | kernel
        name, n = name[:MAX_NAME], 2
        while name in taken:
            name, n = f"{name[:MAX_NAME - 3]}-{n}", n + 1
        return name

    def add_address(self, ifname, text, place):
        found = interface(text)
        if found is None or "/" not in text:
            raise Failure(place, f"{text} is no address with its prefix length, as 192.0.2.11/24")
        port = self.use(ifname, place)
        if found not in port.addresses:
            port.addresses.append(found)

    def read_ip_addr(self, path, virtual):
        """Output of `ip addr` or `ip -o addr`. Virtual addresses that are held just now are not the
        port's own; interfaces that nothing speaks of are left alone."""
        current = None
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                rows = file.read().splitlines()
        except OSError as error:
            raise Failure(path, f"cannot be read: {error.strerror}") from error
        for row in rows:
            if match := re.match(r"\d+:\s+([^\s:@]+)", row):
                current = match[1]
            match = re.search(r"\binet6?\s+(\S+)", row)
            found = interface(match[1]) if match else None
            known = current in self.ports or current in self.mapping
            if found is None or not known or found.ip in virtual or found.is_link_local:
                continue
            port = self.use(current, path)
            if found not in port.addresses:
                port.addresses.append(found)

    def infer(self, source):
        """An instance's own address, with the length of the virtual address whose network it is in."""
        for port in self.ports.values():
            for net in port.networks:
                if source in net and net.prefixlen < net.max_prefixlen and not self.holds(source):
                    port.addresses.append(ipaddress.ip_interface(f"{source}/{net.prefixlen}"))

    def holds(self, where):
        return any(where == own.ip for port in self.ports.values() for own in port.addresses)

    def on_link(self, where):
        return any(where in own.network for port in self.ports.values() for own in port.addresses)

    def nearest(self, where):
        """(port, network) by the virtual addresses' networks; (first port, None) else."""
        for port in self.ports.values():
            for net in port.networks:
                if where in net and net.prefixlen < net.max_prefixlen:
                    return port, net
        return next(iter(self.ports.values()), None), None

    def section(self):
        out = List()
        for port in self.ports.values():
            entry = Map()
            entry.add("name", port.name)
            entry.add("device", port.device)
            if port.addresses:
                entry.add("addresses", List([str(a) for a in port.addresses]))
            out.add(entry, port.before, port.after)
        return out
