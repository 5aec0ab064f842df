# SPDX-License-Identifier: Apache-2.0
"""Keywords of a vrrp_instance that are settings: identity, timers, behaviour, password."""
import math

from .block import Block, duration, leftovers, lines
from .global_defs import whole
from .yaml_out import Map

OWNER = 255
STRICT = "strict_mode: lbd follows the RFC; accept: false is what it changes in lb.yaml"


class Settings:
    """Of one instance: writes what `block` says into `out`."""

    def __init__(self, report, defaults, block, out):
        self.report, self.defaults, self.block, self.out = report, defaults, block, out

    def identity(self, statement):
        vrid = self.block.number("virtual_router_id", low=1, high=255)
        if vrid is None:
            self.report.error(statement.place, f"{statement.text}: no virtual_router_id of 1..255")
        else:
            self.block.put(self.out, "virtual_router_id", vrid, "virtual_router_id")
        state = (self.block.word("state") or "").upper()
        priority = self.block.number("priority", low=1, high=OWNER)
        if priority is None:
            # keepalived derives it so where it is not given.
            priority = OWNER if state == "MASTER" else 100
            if priority == OWNER:
                self.report.warning(
                    self.block.last("state").place,
                    "state MASTER without priority means 255, the addresses' owner",
                )
        self.block.put(self.out, "priority", priority, "priority")
        self.starts_master = state == "MASTER" or (state == "" and priority == OWNER)
        self.owner = priority == OWNER
        if state == "MASTER" and priority != OWNER:
            self.report.note(
                self.block.last("state").place,
                (
                    "state MASTER: no counterpart: an instance starts "
                    "as backup and the priority decides"
                ),
            )

    def timing(self, version):
        seconds = self.block.seconds("advert_int")
        statement = self.block.last("advert_int")
        if seconds is not None:
            step, most = (1, 255) if version == 2 else (0.01, 40.95)
            exact = min(max(math.floor(seconds / step + 0.5 + 1e-9) * step, step), most)
            if abs(exact - seconds) > 1e-9:
                self.report.warning(
                    statement.place,
                    f"{statement.text}: {exact:g}, as keepalived rounds for version {version}",
                )
            self.block.put(self.out, "advertisement_interval", duration(exact), "advert_int")
        down_after = (
            self.block.number("down_timer_adverts", low=1, high=100) or self.defaults.down_after
        )
        if down_after not in (None, 3):
            self.block.put(self.out, "down_after", down_after, "down_timer_adverts")

    def behaviour(self):
        nopreempt = self.block.last("nopreempt")
        delay = self.block.seconds("preempt_delay")
        strict = self.block.flag("strict_mode", default=self.defaults.strict)
        if nopreempt is not None:
            if self.starts_master or self.owner:
                self.report.warning(
                    nopreempt.place,
                    "nopreempt: left out, as keepalived does for "
                    + ("the owner of the addresses" if self.owner else "state MASTER"),
                )
            else:
                self.block.put(self.out, "preempt", False, "nopreempt")
        if delay:
            statement = self.block.last("preempt_delay")
            why = (
                "state MASTER"
                if self.starts_master
                else (
                    "nopreempt"
                    if self.out.get("preempt") is False
                    else "strict mode" if strict else None
                )
            )
            if why:
                self.report.warning(
                    statement.place, f"{statement.text}: left out, as keepalived does for {why}"
                )
            else:
                self.block.put(self.out, "preempt_delay", whole(delay), "preempt_delay")
        if self.block.last("strict_mode") is not None and strict:
            self.report.note(self.block.last("strict_mode").place, STRICT)
        refused = self.block.last("no_accept")
        accepted = self.block.last("accept")
        if (refused or strict) and not (accepted and not refused) and not self.owner:
            self.block.put(self.out, "accept", False, "no_accept")
        if self.block.last("use_vmac") is not None:
            self._virtual_mac()

    def _virtual_mac(self):
        statement = self.block.last("use_vmac")
        self.block.put(self.out, "virtual_mac", True, "use_vmac")
        for word in statement.rest:
            self.report.note(
                statement.place,
                (
                    f"{word}: no counterpart: lbd names the virtual MAC's "
                    "interface and takes the RFC's address"
                ),
            )

    def authentication(self, version):
        for part in self.block.all("authentication"):
            inner = Block(part, self.report, {})
            kind = (inner.word("auth_type") or "").upper()
            secret = inner.last("auth_pass")
            inner.finish()
            kind_at = (inner.last("auth_type") or part).place
            if kind == "AH":
                self.report.warning(
                    kind_at,
                    (
                        "auth_type AH: lbd refuses it, no RFC has it any more; the "
                        "instance is written without authentication"
                    ),
                )
                continue
            if kind != "PASS" or secret is None or not secret.rest:
                self.report.warning(
                    kind_at, f"authentication {kind}: left out, it is no PASS with a password"
                )
                continue
            if version == 3:
                self.report.warning(
                    part.place,
                    "authentication: left out: version 3 has none, and keepalived ignores it",
                )
                continue
            self._password(part, secret)

    def _password(self, part, secret):
        data = secret.rest[0].encode()
        if len(data) > 8:
            data = data[:8]
            self.report.warning(secret.place, "auth_pass: cut at 8 bytes, as keepalived does")
        if not data.isascii():
            self.report.warning(
                secret.place, "auth_pass: is not plain ASCII; lbd takes it as UTF-8, a peer may not"
            )
        entry = Map()
        entry.add("type", "password")
        entry.add("password", data.decode(errors="ignore"))
        self.out.add("authentication", entry, lines(part) + leftovers(part))

    def gratuitous_arp(self):
        arp = dict(self.defaults.arp)
        comments = []
        repeat = self.block.number("garp_master_repeat", low=1)
        if repeat is not None:
            arp["repeat"] = repeat
        for key, word in (("delay", "garp_master_delay"), ("refresh", "garp_master_refresh")):
            value = self.block.seconds(word)
            if value is not None:
                arp[key] = whole(value)
        for statement in self.block.all(
            "garp_master_repeat", "garp_master_delay", "garp_master_refresh"
        ):
            comments += lines(statement)
        if arp:
            entry = Map()
            for key in ("repeat", "delay", "refresh", "interval"):
                if key in arp:
                    entry.add(key, arp[key])
            self.out.add("gratuitous_arp", entry, comments)
