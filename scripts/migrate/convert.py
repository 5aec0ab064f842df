# SPDX-License-Identifier: Apache-2.0
"""One conversion from its files to its documents, step by step."""
import ipaddress

from . import routes, tables
from .addresses import address, network
from .block import Block, claim, leftovers, lines
from .documents import Documents
from .global_defs import Globals
from .marks import Marks
from .parser import Parser
from .ports import Ports
from .reader import Reader
from .report import Place
from .services import Services
from .tracking import Tracking
from .vrrp import Vrrp
from .yaml_out import Map

ROOTS = {
    "global_defs",
    "static_ipaddress",
    "static_routes",
    "vrrp_instance",
    "vrrp_sync_group",
    "vrrp_script",
    "vrrp_track_process",
    "track_process",
    "virtual_server",
    "virtual_server_group",
}


STANDS_IN = "Stands in for an address of the port in this network; take it out when that is in."


class Group:
    def __init__(self, statement):
        self.statement, self.used = statement, False


class Conversion:
    def __init__(self, options, report):
        self.options, self.report = options, report
        self.globals = Globals(report)
        self.ports = Ports(report, options.mapping)
        self.marks = Marks(report)
        self.tracking = Tracking(report, self.globals, self.ports)
        self.vrrp = Vrrp(report, self.globals, self.ports, self.tracking)
        self.groups = {}
        self.static = []  # lines of static_ipaddress
        self.route_keys = set()  # destination and metric
        self.documents = None
        self.services = Services(report, self.groups, self.marks, set())

    def run(self, path):
        """The documents, the main one first."""
        for file in self.options.iptables_save:
            self.marks.read(file)
        source = Parser(Reader(self.report, self.options.config_id), self.report).parse(path, path)
        self.documents = Documents(source, self.options.output)
        main = self.documents.main
        for ifname in self.options.mapping:
            self.ports.use(ifname, Place("--map", 0))
        for step in (self._first, self._instances, self._last):
            for document in self.documents:
                for statement in document.source.statements:
                    if statement.files is None:
                        step(document, statement)
        self._finish(main)
        self.documents.link()
        return [d for d in self.documents if d is main or d.sections()]

    # Definitions before their use, whatever the order of the files

    def _first(self, document, statement):
        word = statement.keyword
        if word == "global_defs":
            self.globals.read(statement)
        elif word == "virtual_server_group":
            name = statement.rest[0] if statement.rest else ""
            if name in self.groups:
                self.report.warning(
                    statement.place, f"{statement.text}: given again; the first one holds"
                )
            else:
                self.groups[name] = Group(statement)
        elif word == "vrrp_sync_group":
            self.tracking.group_members(statement)
        elif word == "vrrp_instance":
            self.vrrp.survey(statement)

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
            self.static += statement.body or []
        elif word in tables.TOP:
            kind, reason = tables.TOP[word]
            getattr(self.report, kind)(statement.place, f"{word}: no counterpart: {reason}")
        elif word not in ROOTS:
            Block(
                type("Root", (), {"body": [statement], "keyword": "keepalived.conf"})(),
                self.report,
                dict.fromkeys(ROOTS),
                tables.TOP,
            ).finish()

    def _static_address(self, row, virtual):
        words = row.words
        device = (
            words[words.index("dev") + 1]
            if "dev" in words[:-1]
            else self.globals.default_interface or "eth0"
        )
        text = words[0] if "/" in words[0] else words[0] + ("/128" if ":" in words[0] else "/32")
        self.ports.add_address(device, text, row.place, virtual)
        self.ports.use(device, row.place).before += lines(row)

    # What only the whole can tell

    def _finish(self, main):
        for document in self.documents:
            for statement in document.source.statements:
                if statement.keyword == "vrrp_sync_group":
                    self._put(document.groups, self.vrrp.sync_group(statement))
        self._own_addresses()
        for document in self.documents:
            for statement in document.source.statements:
                if statement.keyword == "static_routes":
                    self._static_routes(document, statement)
        self._ports(main)
        self.marks.finish()
        for name, group in self.groups.items():
            if not group.used:
                self.report.warning(
                    group.statement.place,
                    f"virtual_server_group {name} is used by no virtual_server",
                )
        if self.globals.script_user and self.report.service_commands:
            self.report.warning(
                self.globals.script_user_place,
                (
                    f"script_user {self.globals.script_user}: commands and exec checks of services"
                    " run as lbd itself"
                ),
            )
        self._orphans()
        self._lbd(main)
        if not any(d.services or d.instances for d in self.documents):
            self.report.error(
                Place(main.source.shown, 0),
                "nothing to serve: it has neither virtual_server nor vrrp_instance",
            )

    def _own_addresses(self):
        virtual = self.vrrp.virtual
        for row in self.static:
            self._static_address(row, virtual)
        for ifname, text in self.options.addresses:
            self.ports.add_address(ifname, text, Place("--address", 0), virtual)
        for path in self.options.ip_addr:
            self.ports.read_ip_addr(path, virtual)
        for port, source, place in self.vrrp.senders:
            if source is not None:
                self.ports.infer(port, source, place)
        if not self.options.addresses and not self.options.ip_addr:
            self.ports.ask_host(virtual)
        for port, source, place in self.vrrp.senders:
            if not any(own.version == 4 for own in port.addresses):
                self.report.error(
                    place,
                    (
                        f"{port.ifname}: its own IPv4 address is not known, so the "
                        f"instance has none to send from: --address {port.ifname}="
                        "ADDRESS/LENGTH or --ip-addr FILE tells it"
                    ),
                )

    def _static_routes(self, document, statement):
        first = next(iter(self.ports.ports.values()), None)
        head = lines(statement)
        for row in statement.body or []:
            route = routes.convert(row, self.report, self.ports, first)
            if route is not None and self._fits(row, route):
                before, after = claim(row)
                document.routes.add(route, [*head, *before], after)
                head = []
        document.routes.tail += head + leftovers(statement)

    def _fits(self, row, route):
        """lbd sets routes whose router and source it knows; corrects the source, False without."""
        via, source = route.get("via"), route.get("source")
        here = [p for p in self.ports.ports.values() if route.get("port") in (None, p.name)]
        near = [own.network for port in here for own in port.addresses]
        if via and not address(via).is_link_local and not any(address(via) in n for n in near):
            self.report.warning(
                row.place, f"{row.text}: left out: {via} is in no network of a known port's address"
            )
            return False
        known = {str(own.ip) for port in self.ports.ports.values() for own in port.addresses}
        known |= {prefix for _, _, _, rows in self.services.servers_seen for prefix, *_ in rows}
        if source and source not in known:
            self.report.warning(
                row.place, f"{row.text}: without src {source}, which is no port's or service's"
            )
            route.drop("source")
        key = (route.get("to"), route.get("metric"))
        if key in self.route_keys:
            self.report.warning(
                row.place, f"{row.text}: left out: that destination is there already"
            )
            return False
        self.route_keys.add(key)
        return True

    def _ports(self, main):
        if not self.ports.ports:
            name = self.globals.default_interface or "eth0"
            self.report.warning(
                Place(main.source.shown, 0),
                f"names no interface; {name} is assumed: --map {name}=DEVICE says more",
            )
            self.ports.use(name, Place(main.source.shown, 0))
        needed = {port.ifname for port, _, _ in self.vrrp.senders}
        for ifname, port in self.ports.ports.items():
            if not port.addresses and ifname not in needed:
                self.report.warning(
                    port.place,
                    (
                        f"{ifname}: keepalived.conf does not tell its own "
                        f"addresses: --address {ifname}=ADDRESS/LENGTH or --ip-addr "
                        "FILE does"
                    ),
                )
        self._links(main)
        main.extra["ports"] = self.ports.section()

    def _links(self, main):
        """dr and nat need their servers on a port's link. Where no address says so a route does."""
        on_link = {
            network(str(entry.get("to")))
            for document in self.documents
            for entry, _, _ in document.routes.items
            if entry.get("via") is None
        }
        wide = {net for net in on_link if 0 < net.prefixlen < net.max_prefixlen}
        for text, service, forwarding, _ in self.services.servers_seen:
            where = address(text)
            host = ipaddress.ip_network(where)
            if forwarding == "tun":
                self._tunnel_source(where, service)
            if forwarding == "tun" or where.is_loopback or host in on_link:
                continue
            if any(where in each for each in wide) or self.ports.on_link(where):
                continue
            port, net = self.ports.nearest(where)
            (on_link if net is None else wide).add(net or host)
            self._link(main, port, net or host)
            if net is None and (port.addresses or len(self.ports.ports) > 1):
                self.report.warning(
                    port.place,
                    f"{text} of {service} is in no port's network; {port.name} is assumed",
                )

    def _tunnel_source(self, where, service):
        ports = self.ports.ports.values()
        if not any(own.version == where.version for port in ports for own in port.addresses):
            self.report.error(
                next(iter(ports)).place,
                (
                    f"no own IPv{where.version} address is known, from which the tunnels of"
                    f" {service} are sent: --address IF=ADDRESS/LENGTH or --ip-addr FILE tells it"
                ),
            )

    @staticmethod
    def _link(main, port, net):
        route = Map()
        full = net.prefixlen == net.max_prefixlen
        route.add("to", str(net.network_address) if full else str(net))
        route.add("port", port.name)
        main.routes.add(route, [] if main.links else [STANDS_IN])
        main.links = True

    def _orphans(self):
        """Comments of blocks that went nowhere stay in their file."""
        for document in self.documents:
            for statement in document.source.statements:
                lost = (
                    []
                    if statement.taken
                    else [
                        *statement.before,
                        *(
                            [f" {statement.text}: {statement.after.strip()}"]
                            if statement.after
                            else []
                        ),
                    ]
                )
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
