# SPDX-License-Identifier: Apache-2.0
"""global_defs: what becomes lbd and dataplane, and the defaults that instances inherit."""
from . import tables
from .block import Block, claim, duration, leftovers, lines
from .yaml_out import Map


class Globals:
    def __init__(self, report):
        self.report = report
        self.lbd, self.timeouts = Map(), Map()
        self.version = 2
        self.strict = False
        self.multicast = {4: None, 6: None}
        self.script_user = None
        self.script_user_place = None
        self.default_interface = None
        self.down_after = None
        self.arp = {}  # key of gratuitous_arp -> value
        self.comments = []

    def read(self, statement):
        block = Block(statement, self.report, tables.GLOBAL)
        name = block.word("router_id", "lvs_id")
        if name is not None:
            self.lbd.drop("name")
            block.put(self.lbd, "name", self._word(block, name), "router_id", "lvs_id")
        self._timeouts(block)
        self.version = block.number("vrrp_version", low=2, high=3) or self.version
        self.strict = block.flag("vrrp_strict", default=self.strict)
        if self.strict and block.last("vrrp_strict"):
            self.report.note(
                block.last("vrrp_strict").place,
                "vrrp_strict: lbd follows the RFC; accept: false is what it changes in lb.yaml",
            )
        for family, word in ((4, "vrrp_mcast_group4"), (6, "vrrp_mcast_group6")):
            self.multicast[family] = block.word(word) or self.multicast[family]
        self.default_interface = block.word("default_interface") or self.default_interface
        self.down_after = (
            block.number("vrrp_down_timer_adverts", low=1, high=100) or self.down_after
        )
        if block.last("script_user") is not None:
            self.script_user = block.word("script_user")
            self.script_user_place = block.last("script_user").place
        self._arp(block)
        block.finish()
        self.comments += lines(statement) + leftovers(statement)

    def _word(self, block, name):
        word = "".join(c if "!" <= c <= "~" else "-" for c in name)[:64]
        if word != name:
            statement = block.last("router_id", "lvs_id")
            self.report.warning(statement.place, f"{statement.text}: lbd.name is one word: {word}")
        return word

    def _timeouts(self, block):
        statement = block.last("lvs_timeouts")
        if statement is None:
            return
        keys = {"tcp": "tcp_established", "tcpfin": "tcp_fin", "udp": "udp"}
        words, comments = statement.rest, claim(statement)
        for i in range(0, len(words), 2):
            if words[i] not in keys or i + 1 >= len(words) or not words[i + 1].isdigit():
                self.report.warning(statement.place, f"{statement.text}: {words[i]} cannot be read")
                continue
            self.timeouts.add(keys[words[i]], duration(int(words[i + 1])), *comments)
            comments = ((), "")

    def _arp(self, block):
        if block.flag("vrrp_min_garp"):
            self.arp.update({"repeat": 1, "delay": duration(0)})
        repeat = block.number("vrrp_garp_master_repeat", low=1)
        if repeat is not None:
            self.arp["repeat"] = repeat
        for key, word in (
            ("delay", "vrrp_garp_master_delay"),
            ("refresh", "vrrp_garp_master_refresh"),
            ("interval", "vrrp_garp_interval"),
        ):
            value = block.seconds(word)
            if value is not None:
                self.arp[key] = whole(value)


def whole(seconds):
    """lb.yaml counts in milliseconds: less than one is one."""
    return duration(max(seconds, 0.001) if seconds else 0)
