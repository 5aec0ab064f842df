# SPDX-License-Identifier: Apache-2.0
"""All files of a configuration to as many documents: lb.yaml and what it includes."""
import ipaddress
import os
import re

from . import tables, routes
from .addresses import address
from .block import Block, claim, leftovers, lines
from .global_defs import Globals
from .marks import Marks
from .parser import Parser
from .ports import Ports
from .reader import Reader
from .report import Place
from .services import Services
from .tracking import Tracking
from .vrrp import Vrrp
from .yaml_out import List, Map, Plain, comment, write

SECTIONS = ("include", "lbd", "dataplane", "ports", "routes", "vrrp", "services")
ROOTS = {"global_defs", "static_ipaddress", "static_routes", "vrrp_instance", "vrrp_sync_group",
         "vrrp_script", "vrrp_track_process", "track_process", "virtual_server",
         "virtual_server_group"}


class Group:
    def __init__(self, statement):
        self.statement, self.used = statement, False


class Document:
    """What becomes of one source file."""

    def __init__(self, source, target):
        self.source, self.target = source, target
        self.routes, self.services = List(), List()
        self.instances, self.scripts, self.groups = List(), List(), List()
        self.includes = List()
        self.head = list(source.head)
        self.extra = {}  # section -> Map or List, of the main file

    def sections(self):
        vrrp = Map()
        for key, part in (("instances", self.instances), ("scripts", self.scripts),
                          ("sync_groups", self.groups)):
            if part:
                vrrp.add(key, part)
        parts = {"include": self.includes, "vrrp": vrrp, "services": self.services,
                 "routes": self.routes, **self.extra}
        return [(key, parts[key]) for key in SECTIONS if parts.get(key)]

    def text(self, made_from):
        out = [comment(line) for line in self.head]
        out += [comment(f"Made from {made_from} by keepalived2lb.")]
        for key, value in self.sections():
            part = Map()
            part.add(key, value)
            out.append("")
            write(out, part)
        tail = [comment(line) for line in self.source.tail]
        return "\n".join(out + ([""] + tail if tail else [])) + "\n"


class Conversion:
    def __init__(self, options, report):
        self.options, self.report = options, report
        self.globals = Globals(report)
        self.ports = Ports(report, options.mapping)
        self.marks = Marks(report)
        self.tracking = Tracking(report, self.globals, self.ports)
        self.vrrp = Vrrp(report, self.globals, self.ports, self.tracking)
        self.groups = {}
        self.documents = []
        self.services = Services(report, self.groups, self.marks, set())

    def run(self, path):
        """The documents, the main one first."""
        for file in self.options.iptables_save:
            self.marks.read(file)
        source = Parser(Reader(self.report, self.options.config_id), self.report).parse(path, path)
        main = Document(source, "")
        self._documents(main)
        for ifname in self.options.mapping:
            self.ports.use(ifname, Place("--map", 0))
        for step in (self._first, self._instances, self._last):
            for document in self.documents:
                for statement in document.source.statements:
                    if statement.files is None:
                        step(document, statement)
        self._finish(main)
        self._includes()
        return [d for d in self.documents if d is main or d.sections()]

    def _documents(self, document):
        self.documents.append(document)
        for statement in document.source.statements:
            for source in statement.files or ():
                self._documents(Document(source, self._target(source.path)))

    def _target(self, path):
        """Where the document of an included file goes, relative to the main one."""
        base = os.path.dirname(os.path.abspath(self.options.source))
        name = os.path.relpath(os.path.splitext(os.path.abspath(path))[0] + ".yaml", base)
        if name.startswith(".."):
            name = os.path.join("included", os.path.basename(name))
        taken = {document.target for document in self.documents}
        unique, n = name, 2
        while unique in taken:
            unique, n = f"{name[:-5]}-{n}.yaml", n + 1
        return unique

    # Definitions before their use, whatever the order of the files

    def _first(self, document, statement):
        word = statement.keyword
        if word == "global_defs":
            self.globals.read(statement)
        elif word == "virtual_server_group":
            name = statement.rest[0] if statement.rest else ""
            if name in self.groups:
                self.report.warning(statement.place, f"{statement.text}: given again; the first one holds")
            else:
                self.groups[name] = Group(statement)
        elif word == "vrrp_sync_group":
            self.tracking.group_members(statement)

    def _instances(self, document, statement):
        word = statement.keyword
        if word == "vrrp_script":
            self._put(document.scripts, self.tracking.script(statement))
        elif word in ("vrrp_track_process", "track_process"):
            self._put(document.scripts, self.tracking.process(statement))

    @staticmethod
    def _put(target, made):
        if made is not None:
            target.add(*made)

    def _last(self, document, statement):
        word = statement.keyword
        if word == "vrrp_instance":
            self._put(document.instances, self.vrrp.instance(statement))
        elif word == "virtual_server":
            for service, head in self.services.convert(statement):
                document.services.add(service, head)
        elif word == "static_ipaddress":
            self._static_addresses(statement)
        elif word in tables.TOP:
            kind, reason = tables.TOP[word]
            getattr(self.report, kind)(statement.place, f"{word}: no counterpart: {reason}")
        elif word not in ROOTS:
            Block(type("Root", (), {"body": [statement], "keyword": "keepalived.conf"})(), self.report,
                  dict.fromkeys(ROOTS), tables.TOP).finish()

    def _static_addresses(self, statement):
        for row in statement.body or []:
            words = row.words
            device = words[words.index("dev") + 1] if "dev" in words[:-1] else \
                self.globals.default_interface or "eth0"
            text = words[0] if "/" in words[0] else words[0] + ("/128" if ":" in words[0] else "/32")
            self.ports.add_address(device, text, row.place)
            port = self.ports.use(device, row.place)
            port.before += lines(row)

    # What only the whole can tell

    def _finish(self, main):
        for document in self.documents:
            for statement in document.source.statements:
                if statement.keyword == "vrrp_sync_group":
                    self._put(document.groups, self.vrrp.sync_group(statement))
        for ifname, text in self.options.addresses:
            self.ports.add_address(ifname, text, Place("--address", 0))
        for path in self.options.ip_addr:
            self.ports.read_ip_addr(path, self.vrrp.virtual)
        for source in self.vrrp.sources:
            self.ports.infer(source)
        for document in self.documents:
            for statement in document.source.statements:
                if statement.keyword == "static_routes":
                    self._static_routes(document, statement)
        self._ports(main)
        self.marks.finish()
        for name, group in self.groups.items():
            if not group.used:
                self.report.warning(group.statement.place, f"virtual_server_group {name} is used by no "
                                                           "virtual_server")
        self._orphans()
        self._lbd(main)
        if not any(d.services or d.instances for d in self.documents):
            self.report.error(Place(main.source.shown, 0), "nothing to serve: it has neither "
                                                           "virtual_server nor vrrp_instance")

    def _static_routes(self, document, statement):
        first = next(iter(self.ports.ports.values()), None)
        head = lines(statement)
        for row in statement.body or []:
            route = routes.convert(row, self.report, self.ports, first)
            if route is not None:
                before, after = claim(row)
                document.routes.add(route, [*head, *before], after)
                head = []
        document.routes.tail += head + leftovers(statement)

    def _ports(self, main):
        if not self.ports.ports:
            name = self.globals.default_interface or "eth0"
            self.report.warning(Place(main.source.shown, 0),
                                f"names no interface; {name} is assumed: --map {name}=DEVICE says more")
            self.ports.use(name, Place(main.source.shown, 0))
        for ifname, port in self.ports.ports.items():
            if not port.addresses:
                self.report.warning(port.place, f"{ifname}: keepalived.conf does not tell its own "
                                                f"addresses: --address {ifname}=ADDRESS/LENGTH or --ip-addr "
                                                "FILE does")
        self._links(main)
        main.extra["ports"] = self.ports.section()

    def _links(self, main):
        """dr needs its servers on a port's link. Where no address says so a route does."""
        seen = set()
        for text, service, forwarding, rows in self.services.servers_seen:
            where = address(text)
            if forwarding != "dr" or where.is_loopback or self.ports.on_link(where):
                continue
            port, net = self.ports.nearest(where)
            net = net or ipaddress.ip_network(where)
            if port is None or any(where in each for each in seen):
                continue
            seen.add(net)
            route = Map()
            route.add("to", str(net) if net.prefixlen < net.max_prefixlen else str(where))
            route.add("port", port.name)
            main.routes.add(route, [] if len(seen) > 1 else
                            ["Stands in for the port's own address; take it out when that is in."])
            if net.prefixlen == net.max_prefixlen and len(self.ports.ports) > 1:
                self.report.warning(port.place, f"{text} of {service} is in no port's network; "
                                                f"{port.name} is assumed")

    def _orphans(self):
        """Comments of blocks that went nowhere stay in their file."""
        for document in self.documents:
            for statement in document.source.statements:
                lost = [] if statement.taken else [*statement.before, *(
                    [f" {statement.text}: {statement.after.strip()}"] if statement.after else [])]
                if statement.files is None or not statement.files:
                    statement.taken = True
                    document.source.tail[:0] = lost + leftovers(statement)

    def _lbd(self, main):
        if self.globals.lbd:
            main.extra["lbd"] = self.globals.lbd
        if self.globals.timeouts:
            dataplane = Map()
            dataplane.add("timeouts", self.globals.timeouts)
            main.extra["dataplane"] = dataplane
        main.head += self.globals.comments

    def _includes(self):
        """The patterns of the source with .yaml for its suffix, where anything came of them."""
        by_source = {id(document.source): document for document in self.documents}
        for document in reversed(self.documents):
            for statement in document.source.statements:
                made = [by_source[id(s)] for s in statement.files or () if by_source[id(s)].sections()]
                before, after = claim(statement) if statement.files is not None else ((), "")
                if made:
                    for i, name in enumerate(self._patterns(document, statement, made)):
                        document.includes.add(name, before if i == 0 else (), after if i == 0 else "")
                elif statement.files is not None:
                    document.source.tail[:0] = [*before, *([after] if after else [])]

    @staticmethod
    def _patterns(document, statement, made):
        here = os.path.dirname(document.target)
        names = [os.path.relpath(d.target, here or ".") for d in made]
        pattern = statement.rest[0]
        if re.search(r"[*?\[]", pattern) and not os.path.isabs(pattern) and "{" not in pattern:
            want = os.path.splitext(pattern)[0] if "." in os.path.basename(pattern) else pattern
            if os.path.dirname(want) in {os.path.dirname(n) for n in names}:
                return [want + ".yaml"]
        return names
