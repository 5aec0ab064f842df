# SPDX-License-Identifier: Apache-2.0
"""Interfaces become ports. Their own addresses are not in keepalived.conf: they come from
--address and --ip-addr, from static_ipaddress and from what instances say of themselves."""
import ipaddress
import re
import subprocess

from .addresses import interface
from .report import Failure
from .yaml_out import List, Map

MAX_NAME = 15
INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,14}")
KERNEL = ("af_xdp:", "af_packet:")


class Port:
    def __init__(self, ifname, name, device, place):
        self.ifname, self.name, self.device, self.place = ifname, name, device, place
        self.addresses = []  # ip_interface
        self.networks = []  # of virtual addresses on it: what its link seems to be
        self.before, self.after = [], ""


class Ports:
    def __init__(self, report, mapping):
        self.report, self.mapping = report, mapping
        self.ports = {}  # interface -> Port
        self.carriers = set(mapping)
        self.alias = {}  # name of a virtual MAC's interface -> interface

    def use(self, ifname, place):
        """The port of a kernel interface; its name is what lb.yaml calls it."""
        ifname = self.alias.get(ifname, ifname)
        if ifname not in self.ports:
            if not INTERFACE.fullmatch(ifname):
                self.report.error(place, f"{ifname!r} is no name of an interface")
            device = self.mapping.get(ifname, f"af_xdp:{ifname}")
            self.ports[ifname] = Port(ifname, self._name(ifname, device), device, place)
        return self.ports[ifname]

    def _name(self, ifname, device):
        """The TAP cannot have the name of an interface that stays in the kernel."""
        kernel = {
            d.split(":", 1)[1] for d in [device, *self.mapping.values()] if d.startswith(KERNEL)
        }
        name = ifname if ifname not in kernel else "lb-" + ifname
        taken = {port.name for port in self.ports.values()} | kernel
        name, n = name[:MAX_NAME], 2
        while name in taken:
            name, n = f"{name[:MAX_NAME - 3]}-{n}", n + 1
        return name

    def add_address(self, ifname, text, place, virtual):
        found = interface(text)
        if found is None or "/" not in text:
            raise Failure(place, f"{text} is no address with its prefix length, as 192.0.2.11/24")
        port = self.use(ifname, place)
        if found.ip in virtual:
            self.report.warning(
                place,
                (
                    f"{found.ip} comes and goes with its instance, so it is no own "
                    f"address of {port.name}"
                ),
            )
        elif found not in port.addresses:
            port.addresses.append(found)

    def read_ip_addr(self, path, virtual):
        """Output of `ip addr` or `ip -o addr`."""
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                self._take(file.read(), virtual)
        except OSError as error:
            raise Failure(path, f"cannot be read: {error.strerror}") from error

    def ask_host(self, virtual):
        """The converter often runs on the director itself, which knows its addresses."""
        try:
            text = subprocess.run(
                ["ip", "-o", "addr"], capture_output=True, text=True, check=False
            ).stdout
        except OSError:
            return
        for ifname, found in self._take(text, virtual):
            self.report.note(
                self.ports[ifname].place,
                (
                    f"{ifname}: has {found} on this host, so its port "
                    "gets that; --ip-addr FILE tells of another host"
                ),
            )

    def _take(self, text, virtual):
        """Virtual addresses that are held just now are not the port's own; interfaces that nothing
        speaks of are left alone. Returns what was new."""
        current, new = None, []
        for row in text.splitlines():
            if match := re.match(r"\d+:\s+([^\s:@]+)", row):
                current = match[1]
            match = re.search(r"\binet6?\s+(\S+)", row)
            found = interface(match[1]) if match else None
            if (
                found is None
                or current not in self.ports
                or found.ip in virtual
                or found.is_link_local
            ):
                continue
            if found not in self.ports[current].addresses:
                self.ports[current].addresses.append(found)
                new.append((current, found))
        return new

    def infer(self, port, source, place):
        """The address that an instance sends from is its port's own; the virtual address whose
        network it is in tells the length."""
        if any(source == own.ip for own in port.addresses):
            return
        fits = [
            net for net in port.networks if source in net and 0 < net.prefixlen < net.max_prefixlen
        ]
        length = fits[0].prefixlen if fits else source.max_prefixlen
        port.addresses.append(ipaddress.ip_interface(f"{source}/{length}"))
        if not fits:
            self.report.warning(
                place,
                (
                    f"the prefix length of {source} is not known, so {length} is "
                    "written; --address says it"
                ),
            )

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
