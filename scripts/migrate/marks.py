# SPDX-License-Identifier: Apache-2.0
"""Which packets get which firewall mark: the rules of iptables-save. A mark is how IPVS makes
one service of several addresses and ports; lb.yaml lists them instead."""
import re
import shlex

from .addresses import network, networks_of
from .reader import decode
from .report import Failure, Place

HARMLESS = {"-m", "--match", "-i", "--in-interface"}
CHAINS = {"PREROUTING"}


class Rule:
    """One MARK rule: destinations as prefix texts, ports as "80" or "8000-8010" or "0"."""

    def __init__(self, place, mark, protocols, destinations, ports):
        self.place, self.mark = place, mark
        self.protocols, self.destinations, self.ports = protocols, destinations, ports
        self.used = False


def set_mark(words, i):
    """The value of --set-mark N[/MASK] or --set-xmark N/MASK; None where the mask keeps bits."""
    value, _, mask = words[i + 1].partition("/")
    if mask and int(mask, 0) not in (0xFFFFFFFF, int(value, 0)):
        return None
    return int(value, 0)


def port_list(text):
    return [part.replace(":", "-") for part in text.split(",")]


class Marks:
    def __init__(self, report):
        self.report = report
        self.rules = []
        self.read_any = False

    def read(self, path):
        """Rules of a file; those of no use here are named."""
        self.read_any = True
        try:
            with open(path, "rb") as file:
                text = decode(file.read())
        except OSError as error:
            raise Failure(path, f"cannot be read: {error.strerror}") from error
        table = ""
        for number, line in enumerate(text.splitlines(), 1):
            line = re.sub(r"^\[\d+:\d+\]\s+", "", line.strip())  # the counters of -c
            if line.startswith("*"):
                table = line[1:]
            elif line.startswith("-A") and re.search(r"--set-x?mark\b", line):
                self._rule(Place(path, number), line, table)

    def _rule(self, place, line, table):
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise Failure(place, f"cannot be read: {error}") from error
        if table not in ("", "mangle") or words[1] not in CHAINS:
            self.report.warning(
                place,
                (
                    f"rule of {table or 'a table'}/{words[1]} is left out: only "
                    "marks of mangle/PREROUTING reach IPVS"
                ),
            )
            return
        rule, odd = self._read_words(place, words[2:])
        if odd or rule is None:
            self.report.warning(place, f"rule is left out: lb.yaml has no counterpart of {odd}")
        else:
            self.rules.append(rule)

    @staticmethod
    def _read_words(place, words):
        """(rule, what it has that cannot be kept)."""
        mark, protocols, destinations, ports, i = None, ["tcp", "udp"], None, ["0"], 0
        while i < len(words):
            word, value = words[i], words[i + 1] if i + 1 < len(words) else ""
            if value == "!" or word == "!":
                return None, " ".join(words[i : i + 3])
            if word in ("-d", "--destination"):
                net = network(value)
                if net is None:
                    return None, f"-d {value}"
                destinations = networks_of(net[0], net[-1])
            elif word in ("-p", "--protocol"):
                if value not in ("tcp", "udp", "sctp"):
                    return None, f"-p {value}"
                protocols = [value]
            elif word in ("--dport", "--destination-port", "--dports", "--destination-ports"):
                ports = port_list(value)
            elif word in ("--set-mark", "--set-xmark"):
                mark = set_mark(words, i)
                if mark is None:
                    return None, f"{word} {value}, which keeps bits"
            elif word in ("-j", "--jump"):
                if value != "MARK":
                    return None, f"-j {value}"
            elif word in ("--comment",) or word in HARMLESS:
                pass
            else:
                return None, word + (f" {value}" if value and not value.startswith("-") else "")
            i += 2
        if destinations is None:
            return None, "a rule without -d"
        return (
            (Rule(place, mark, protocols, destinations, ports), None)
            if mark is not None
            else (None, "a rule without a mark")
        )

    def of(self, mark):
        found = [rule for rule in self.rules if rule.mark == mark]
        for rule in found:
            rule.used = True
        return found

    def finish(self):
        """Marks that no service uses."""
        for rule in self.rules:
            if not rule.used:
                self.report.warning(rule.place, f"mark {rule.mark} is used by no virtual_server")
