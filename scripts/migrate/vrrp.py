# SPDX-License-Identifier: Apache-2.0
"""vrrp_instance and vrrp_sync_group to vrrp.instances and vrrp.sync_groups."""
import math

from . import routes, tables
from .addresses import address, interface
from .block import Block, claim, duration, ending, frame, leftovers, lines
from .commands import notify_command
from .global_defs import whole
from .tracking import Tracking
from .yaml_out import List, Map

OWNER = 255
STRICT = "strict_mode: lbd follows the RFC; accept: false is what it changes in lb.yaml"
NOTIFY = (("master", "notify_master"), ("backup", "notify_backup"), ("fault", "notify_fault"),
          ("stop", "notify_stop"), ("any", "notify"))


def notify_of(block, report, words=NOTIFY):
    out = Map()
    for key, word in words:
        statement = block.last(word)
        if statement is not None and statement.rest:
            out.add(key, notify_command(statement, report), *claim(statement))
    return out


class Vrrp:
    def __init__(self, report, defaults, ports, tracking):
        self.report, self.defaults, self.ports, self.tracking = report, defaults, ports, tracking
        self.names = set()
        self.virtual = set()   # every virtual address
        self.sources = []
        self.addressless = []  # (port, place) of instances that name no source

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
        addresses, excluded = self._addresses(block)
        family = addresses[0][0].version if addresses else 4
        version = self._version(block, family)
        port = self._port(block, out, addresses + excluded)
        block.put(out, "version", version, "version")
        self._identity(block, out, statement)
        self._timing(block, out, version)
        self._behaviour(block, out)
        self._wire(block, out, family, port)
        self._virtual_addresses(out, addresses, excluded, port)
        self._routes(block, out, port)
        self._authentication(block, out, version)
        self._arp(block, out)
        track = self.tracking.of_instance(block, name, port)
        if track:
            out.add("track", track)
        else:
            out.tail += track.tail
        notify = notify_of(block, self.report)
        if notify:
            out.add("notify", notify)
        block.finish()
        return out, frame(statement, out), ""

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
        notify = notify_of(block, self.report, NOTIFY[:3])
        for _, word in NOTIFY[3:]:
            for each in block.all(word):
                self.report.warning(each.place, f"{word} of a group: lb.yaml's groups notify of master, "
                                                "backup and fault; left out")
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

    def _addresses(self, block):
        """[(interface, dev or None, statement)] of the advertised and of the excluded ones."""
        found, self.tail = [], []
        for word in ("virtual_ipaddress", "virtual_ipaddress_excluded"):
            rows = []
            for part in block.all(word):
                for row in part.body or []:
                    self._address(row, rows)
                if rows and not part.taken:
                    rows[0][2].before[:0] = lines(part)
                    self.tail += ending(part)
            found.append(rows)
        return found

    def _address(self, row, rows):
        words = row.words
        found = interface(words[0])
        if found is None:
            self.report.error(row.place, f"{words[0]} is no address; left out")
            return
        device, i = None, 1
        while i < len(words):
            if words[i] == "dev" and i + 1 < len(words):
                device, i = words[i + 1], i + 1
            elif words[i] in ("label", "scope", "brd", "broadcast") and i + 1 < len(words):
                self.report.note(row.place, f"{words[i]} {words[i + 1]}: no counterpart: lbd sets "
                                            "address and length")
                i += 1
            elif words[i] in ("peer", "preferred_lft", "track_group") and i + 1 < len(words):
                self.report.warning(row.place, f"{words[i]} {words[i + 1]}: no counterpart: lbd sets "
                                               "address and length")
                i += 1
            elif interface(words[i]) is not None:
                self.report.warning(row.place, f"{words[i]}: left out, as keepalived does: one address a "
                                               "line")
            else:
                self.report.note(row.place, f"{words[i]}: no counterpart: lbd sets address and length")
            i += 1
        self.virtual.add(found.ip)
        rows.append((found, device, row))

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
                self.report.error(block.statement.place, f"{block.statement.text}: no interface, so it "
                                                         "cannot be sent anywhere")
                ifname = "eth0"
            else:
                self.report.warning(block.statement.place, f"no interface; {ifname} is taken, where its "
                                                           "addresses are")
        comments = claim(statement) if statement else ((), "")
        elsewhere = devices and all(d not in (None, ifname) for d in devices)
        if elsewhere and ifname not in self.ports.mapping and ifname not in self.ports.ports:
            self.report.note(statement.place, f"{statement.text}: carries no virtual address, so it is "
                                              "left to the kernel (interface); --map makes it a port")
            out.add("interface", ifname, *comments)
            return None
        port = self.ports.use(ifname, (statement or block.statement).place)
        out.add("port", port.name, *comments)
        for found, dev, row in addresses:
            owner = self.ports.use(dev, row.place) if dev else port
            if found.network not in owner.networks:
                owner.networks.append(found.network)
        return port

    def _identity(self, block, out, statement):
        vrid = block.number("virtual_router_id", low=1, high=255)
        if vrid is None:
            self.report.error(statement.place, f"{statement.text}: no virtual_router_id of 1..255")
        else:
            block.put(out, "virtual_router_id", vrid, "virtual_router_id")
        state = (block.word("state") or "").upper()
        priority = block.number("priority", low=1, high=OWNER)
        if priority is None:
            # keepalived derives it so where it is not given.
            priority = OWNER if state == "MASTER" else 100
            if priority == OWNER:
                self.report.warning(block.last("state").place, "state MASTER without priority means 255, "
                                                               "the addresses' owner")
        block.put(out, "priority", priority, "priority")
        self.starts_master = state == "MASTER" or (state == "" and priority == OWNER)
        self.owner = priority == OWNER
        if state == "MASTER" and priority != OWNER:
            self.report.note(block.last("state").place, "state MASTER: no counterpart: an instance starts "
                                                        "as backup and the priority decides")

    def _timing(self, block, out, version):
        seconds = block.seconds("advert_int")
        statement = block.last("advert_int")
        if seconds is not None:
            step, most = (1, 255) if version == 2 else (0.01, 40.95)
            exact = min(max(math.floor(seconds / step + 0.5 + 1e-9) * step, step), most)
            if abs(exact - seconds) > 1e-9:
                self.report.warning(statement.place, f"{statement.text}: {exact:g}, as keepalived rounds "
                                                     f"for version {version}")
            block.put(out, "advertisement_interval", duration(exact), "advert_int")
        down_after = block.number("down_timer_adverts", low=1, high=100) or self.defaults.down_after
        if down_after not in (None, 3):
            block.put(out, "down_after", down_after, "down_timer_adverts")

    def _behaviour(self, block, out):
        nopreempt = block.last("nopreempt")
        delay = block.seconds("preempt_delay")
        strict = block.flag("strict_mode", default=self.defaults.strict)
        if nopreempt is not None:
            if self.starts_master or self.owner:
                self.report.warning(nopreempt.place, "nopreempt: left out, as keepalived does for "
                                    + ("the owner of the addresses" if self.owner else "state MASTER"))
            else:
                block.put(out, "preempt", False, "nopreempt")
        if delay:
            statement = block.last("preempt_delay")
            why = "state MASTER" if self.starts_master else "nopreempt" if out.get("preempt") is False \
                else "strict mode" if strict else None
            if why:
                self.report.warning(statement.place, f"{statement.text}: left out, as keepalived does "
                                                     f"for {why}")
            else:
                block.put(out, "preempt_delay", whole(delay), "preempt_delay")
        if block.last("strict_mode") is not None and strict:
            self.report.note(block.last("strict_mode").place, STRICT)
        refused = block.last("no_accept")
        accepted = block.last("accept")
        if (refused or strict) and not (accepted and not refused) and not self.owner:
            block.put(out, "accept", False, "no_accept")
        if block.flag("use_vmac") if not (block.last("use_vmac") and block.last("use_vmac").rest) else True:
            self._virtual_mac(block, out)

    def _virtual_mac(self, block, out):
        statement = block.last("use_vmac")
        block.put(out, "virtual_mac", True, "use_vmac")
        for word in statement.rest:
            self.report.note(statement.place, f"{word}: no counterpart: lbd names the virtual MAC's "
                                              "interface and takes the RFC's address")

    def _wire(self, block, out, family, port):
        statement = block.last("unicast_src_ip", "mcast_src_ip")
        source = address(statement.rest[0]) if statement and statement.rest else None
        if source is not None:
            out.add("source", str(source), *claim(statement))
            self.sources.append(source)
        elif port is not None:
            self.addressless.append((port, block.statement.place))
        peers = List()
        for part in block.all("unicast_peer"):
            part.taken = True
            peers.tail += part.tail
            for row in part.body or []:
                peers.add(row.words[0], *claim(row))
                if len(row.words) > 1:
                    self.report.warning(row.place, f"{' '.join(row.words[1:])}: no counterpart: lbd "
                                                   "takes any TTL from a configured peer")
            if part.body == []:
                self.report.warning(part.place, "unicast_peer without peers: multicast, as in keepalived")
        group = block.word("mcast_dst_ip") or self.defaults.multicast[family]
        if peers:
            unicast = Map()
            unicast.add("peers", peers)
            out.add("unicast", unicast, [*part.before, *([part.after] if part.after else [])])
        elif group and group not in ("224.0.0.18", "ff02::12"):
            block.put(out, "multicast_group", group, "mcast_dst_ip")
        old = block.last("old_unicast_checksum")
        if old is not None:
            self.report.warning(old.place, "old_unicast_checksum: no counterpart: of keepalived before "
                                           "1.3.7; the peers need a newer one")

    def _virtual_addresses(self, out, addresses, excluded, port):
        rows = List()
        for advertised, part in ((True, addresses), (False, excluded)):
            for found, device, row in part:
                owner = self.ports.use(device, row.place) if device else port
                text = str(found)
                if (owner is port or owner is None) and advertised:
                    rows.add(text, *claim(row))
                    continue
                entry = Map()
                entry.add("address", text)
                if owner is not port and owner is not None:
                    entry.add("port", owner.name)
                if not advertised:
                    entry.add("advertise", False)
                rows.add(entry, *claim(row))
        rows.tail += self.tail
        if rows:
            out.add("virtual_addresses", rows)

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

    def _authentication(self, block, out, version):
        for part in block.all("authentication"):
            inner = Block(part, self.report, {})
            kind = (inner.word("auth_type") or "").upper()
            secret = inner.last("auth_pass")
            inner.finish()
            kind_at = (inner.last("auth_type") or part).place
            if kind == "AH":
                self.report.warning(kind_at, "auth_type AH: lbd refuses it, no RFC has it any more; the "
                                             "instance is written without authentication")
                continue
            if kind != "PASS" or secret is None or not secret.rest:
                self.report.warning(kind_at, f"authentication {kind}: left out, it is no PASS with a "
                                             "password")
                continue
            if version == 3:
                self.report.warning(part.place, "authentication: left out: version 3 has none, and "
                                                "keepalived ignores it")
                continue
            self._password(out, part, secret)

    def _password(self, out, part, secret):
        data = secret.rest[0].encode()
        if len(data) > 8:
            data = data[:8]
            self.report.warning(secret.place, "auth_pass: cut at 8 bytes, as keepalived does")
        entry = Map()
        entry.add("type", "password")
        entry.add("password", data.decode(errors="replace"))
        out.add("authentication", entry, lines(part) + leftovers(part))

    def _arp(self, block, out):
        arp = dict(self.defaults.arp)
        comments = []
        repeat = block.number("garp_master_repeat", low=1)
        if repeat is not None:
            arp["repeat"] = repeat
        for key, word in (("delay", "garp_master_delay"), ("refresh", "garp_master_refresh")):
            value = block.seconds(word)
            if value is not None:
                arp[key] = whole(value)
        for statement in block.all("garp_master_repeat", "garp_master_delay", "garp_master_refresh"):
            comments += lines(statement)
        if arp:
            entry = Map()
            for key in ("repeat", "delay", "refresh", "interval"):
                if key in arp:
                    entry.add(key, arp[key])
            out.add("gratuitous_arp", entry, comments)
