# SPDX-License-Identifier: Apache-2.0
"""vrrp_instance and vrrp_sync_group to vrrp.instances and vrrp.sync_groups."""
from . import routes, tables
from .addresses import address
from .block import Block, claim, ending, frame, lines
from .commands import command
from .vrrp_addresses import VirtualAddresses
from .vrrp_settings import Settings
from .yaml_out import List, Map

NOTIFY = (
    ("master", "notify_master"),
    ("backup", "notify_backup"),
    ("fault", "notify_fault"),
    ("stop", "notify_stop"),
    ("any", "notify"),
)


def notify_of(block, report, script_user):
    """All commands of a notify run as one user: whom most of them have."""
    out = Map()
    found = [(key, block.last(word)) for key, word in NOTIFY]
    found = [(key, statement) for key, statement in found if statement and statement.rest]
    users = [statement.rest[1] if statement.rest[1:] else script_user for _, statement in found]
    user = max(users, key=users.count) if users else None
    for key, statement in found:
        own = statement.rest[1] if len(statement.rest) > 1 else script_user
        if own != user:
            report.warning(
                statement.place,
                (
                    f"{statement.keyword}: runs as {user or 'lbd itself'}, not as"
                    f" {own or 'lbd itself'}: one user for all"
                ),
            )
        if len(statement.rest) > 2:
            report.warning(statement.place, f"{statement.text}: the group is the user's own")
        out.add(key, command(statement, statement.rest[:1], report), *claim(statement))
    if out and user:
        out.add("user", user)
    return out


class Vrrp:
    def __init__(self, report, defaults, ports, tracking):
        self.report, self.defaults, self.ports, self.tracking = report, defaults, ports, tracking
        self.names = set()
        self.virtual = set()  # every virtual address
        self.senders = []  # (port, its source or None, place) of IPv4 instances

    def instance(self, statement):
        """(Map, comments above it, the one behind), or None."""
        block = Block(statement, self.report, tables.INSTANCE)
        name = statement.rest[0] if statement.rest else ""
        if not name or name in self.names:
            self.report.error(statement.place, f"vrrp_instance {name}: needs a name of its own")
            return None
        self.names.add(name)
        out = Map()
        out.add("name", name)
        addresses = VirtualAddresses(self.report, block, self.virtual)
        if not addresses.advertised:
            self.report.error(
                statement.place, f"{statement.text}: no virtual_ipaddress to advertise"
            )
        version = self._version(block, addresses.family)
        port = self._port(block, out, addresses.rows)
        block.put(out, "version", version, "version")
        settings = Settings(self.report, self.defaults, block, out)
        settings.identity(statement)
        settings.timing(version)
        settings.behaviour()
        self._wire(block, out, addresses.family, port)
        addresses.emit(out, self.ports, port)
        self._routes(block, out, port)
        settings.authentication(version)
        settings.gratuitous_arp()
        track = self.tracking.of_instance(block, name, port)
        if track:
            out.add("track", track)
        else:
            out.tail += track.tail
        notify = notify_of(block, self.report, self.defaults.script_user)
        if notify:
            out.add("notify", notify)
        block.finish()
        return out, frame(statement, out), ""

    def survey(self, statement):
        """Before all instances: interfaces that have to be ports, since something is on them."""
        own = [s.rest[0] for s in statement.body or [] if s.keyword == "interface" and s.rest]
        for part in statement.body or []:
            for row in part.body or ():
                if part.keyword.startswith("virtual_ipaddress"):
                    dev = row.words[row.words.index("dev") + 1 :][:1] if "dev" in row.words else []
                    self.ports.carriers.update(dev or own)
                elif part.keyword == "track_interface":
                    self.ports.carriers.add(row.words[0])

    def sync_group(self, statement):
        block = Block(statement, self.report, tables.GROUP)
        members = List()
        for group in block.all("group"):
            group.taken = True
            for row in group.body or []:
                before, after = claim(row)
                for i, word in enumerate(row.words):
                    if word not in self.names:
                        self.report.warning(row.place, f"{word} is no vrrp_instance; left out")
                    elif word not in [m[0] for m in members.items]:
                        members.add(word, before if i == 0 else (), after if i == 0 else "")
            members.tail += group.tail
        self.tracking.group_words(block)
        notify = notify_of(block, self.report, self.defaults.script_user)
        block.finish()
        if not members:
            self.report.warning(statement.place, f"{statement.text}: no instance in it; left out")
            return None
        out = Map()
        out.add("name", statement.rest[0] if statement.rest else "group")
        out.add("instances", members)
        if notify:
            out.add("notify", notify)
        return out, frame(statement, out), ""

    # One thing each

    def _version(self, block, family):
        version = block.number("version", low=2, high=3)
        if family == 6 and version == 2:
            self.report.warning(block.last("version").place, "version 2 has no IPv6; 3 is written")
        if family == 6:
            return 3
        return version or self.defaults.version

    def _port(self, block, out, addresses):
        """`port`, or `interface` where no virtual address is on it: a heartbeat network."""
        statement = block.last("interface")
        ifname = statement.rest[0] if statement and statement.rest else None
        vmac = block.last("use_vmac")
        if vmac is not None and ifname and vmac.rest and ":" not in vmac.rest[0]:
            self.ports.alias[vmac.rest[0]] = ifname
        devices = [self.ports.alias.get(dev, dev) for _, dev, _ in addresses]
        if ifname is None:
            ifname = next((d for d in devices if d), None) or self.defaults.default_interface
            if ifname is None:
                self.report.error(
                    block.statement.place,
                    f"{block.statement.text}: no interface, so it cannot be sent anywhere",
                )
                ifname = "eth0"
            else:
                self.report.warning(
                    block.statement.place,
                    f"no interface; {ifname} is taken, where its addresses are",
                )
        comments = claim(statement) if statement else ((), "")
        if devices and ifname not in self.ports.carriers:
            self.report.note(
                (statement or block.statement).place,
                (
                    f"interface {ifname}: carries no virtual address, so it is left to the kernel"
                    " (interface); --map makes it a port"
                ),
            )
            out.add("interface", ifname, *comments)
            return None
        port = self.ports.use(ifname, (statement or block.statement).place)
        out.add("port", port.name, *comments)
        for found, dev, row in addresses:
            owner = self.ports.use(dev, row.place) if dev else port
            if found.network not in owner.networks:
                owner.networks.append(found.network)
        return port

    def _wire(self, block, out, family, port):
        statement = block.last("unicast_src_ip", "mcast_src_ip")
        source = address(statement.rest[0]) if statement and statement.rest else None
        unicast = any(part.body for part in block.all("unicast_peer"))
        if source is not None and family == 6 and not unicast and not source.is_link_local:
            self.report.note(
                statement.place,
                (
                    f"{statement.text}: left out: over multicast the RFC has "
                    "IPv6 sent from the link-local address"
                ),
            )
        elif source is not None:
            out.add("source", str(source), *claim(statement))
        if port is not None and family == 4:
            self.senders.append((port, source, block.statement.place))
        peers = List()
        for part in block.all("unicast_peer"):
            part.taken = True
            peers.tail += part.tail
            for row in part.body or []:
                peers.add(row.words[0], *claim(row))
                if len(row.words) > 1:
                    self.report.warning(
                        row.place,
                        (
                            f"{' '.join(row.words[1:])}: no counterpart: lbd "
                            "takes any TTL from a configured peer"
                        ),
                    )
            if part.body == []:
                self.report.warning(
                    part.place, "unicast_peer without peers: multicast, as in keepalived"
                )
        group = block.word("mcast_dst_ip") or self.defaults.multicast[family]
        if peers:
            inner = Map()
            inner.add("peers", peers)
            out.add("unicast", inner, [*part.before, *([part.after] if part.after else [])])
        elif group and group not in ("224.0.0.18", "ff02::12"):
            block.put(out, "multicast_group", group, "mcast_dst_ip")
        old = block.last("old_unicast_checksum")
        if old is not None:
            self.report.warning(
                old.place,
                (
                    "old_unicast_checksum: no counterpart: of keepalived before "
                    "1.3.7; the peers need a newer one"
                ),
            )

    def _routes(self, block, out, port):
        rows = List()
        for part in block.all("virtual_routes"):
            head = lines(part)
            for row in part.body or []:
                route = routes.convert(row, self.report, self.ports, port)
                if route is not None:
                    before, after = claim(row)
                    rows.add(route, [*head, *before], after)
                    head = []
            rows.tail += head + ending(part)
        if rows:
            out.add("virtual_routes", rows)
