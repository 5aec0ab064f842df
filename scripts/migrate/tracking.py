# SPDX-License-Identifier: Apache-2.0
"""vrrp_script, track_process and what instances and groups track."""
import re

from . import tables
from .block import Block, claim, duration, ending, frame, leftovers, lines
from .commands import command, single_quoted
from .yaml_out import List, Map


class Tracking:
    def __init__(self, report, defaults, ports):
        self.report, self.defaults, self.ports = report, defaults, ports
        self.weights = {}  # script or process -> (weight, reverse)
        self.processes = {}  # what keepalived calls it -> (the process's name, its block)
        self.groups = {}  # instance -> [Block of its sync groups]
        self.scripts = []  # (Map, comments, the one behind)

    # Scripts and processes

    def script(self, statement):
        block = Block(statement, self.report, tables.SCRIPT)
        name = statement.rest[0] if statement.rest else ""
        run = block.last("script")
        if not name or name in self.weights or run is None or not run.rest:
            self.report.warning(
                statement.place, f"{statement.text}: needs a name of its own and a script; left out"
            )
            return None
        out = Map()
        out.add("name", name)
        out.add("command", command(run, run.rest, self.report), *claim(run))
        interval = block.seconds("interval") or 1.0
        block.put(out, "interval", duration(interval), "interval")
        timeout = block.seconds("timeout") or interval
        block.put(out, "timeout", duration(timeout), "timeout")
        for word in ("rise", "fall"):
            value = block.number(word, low=1)
            if value is not None:
                block.put(out, word, value, word)
        self._user(block, out)
        self._weight(block, name)
        block.finish()
        return out, frame(statement, out), ""

    def _user(self, block, out):
        statement = block.last("user")
        user = statement.rest[0] if statement and statement.rest else self.defaults.script_user
        if statement and len(statement.rest) > 1:
            self.report.warning(statement.place, f"{statement.text}: the group is the user's own")
        if user:
            block.put(out, "user", user, "user")

    def _weight(self, block, name):
        statement = block.last("weight")
        weight = block.number_of(statement, -254, 254) if statement else 0
        reverse = bool(statement) and "reverse" in statement.rest[1:]
        self.weights[name] = (weight or 0, reverse)

    def process(self, statement):
        """One of track.processes where its name says all; else a script that asks pgrep, which is returned."""
        block = Block(statement, self.report, {})
        name = statement.rest[0] if statement.rest else ""
        run = block.last("process")
        if not name or name in self.weights or run is None or not run.rest:
            self.report.warning(
                statement.place,
                f"{statement.text}: needs a name of its own and a process; left out",
            )
            return None
        find = self._pgrep(block, run.rest)
        how = "pgrep looks once a second" if find else "lbd notices an end at once"
        for word in ("fork_delay", "terminate_delay", "delay"):
            for odd in block.all(word):
                self.report.warning(odd.place, f"{odd.text}: no counterpart: {how}")
        self._weight_of_process(block, name)
        if find is None:
            self.processes[name] = run.rest[0].rsplit("/", 1)[-1], statement
            block.finish()
            return None
        self.report.note(
            statement.place,
            f"{statement.text}: more than a process's name, so a script asks pgrep (package procps)",
        )
        block.finish()
        out = Map()
        out.add("name", name)
        out.add("command", find, *claim(run))
        out.add("interval", duration(1))
        return out, frame(statement, out), ""

    @staticmethod
    def _pgrep(block, words):
        """The command; None where the process's name alone is looked for, and one of it is enough."""
        full = block.flag("full_command") or len(words) > 1
        least, most = block.number("quorum", low=1), block.number("quorum_max", low=0)
        match = block.word("param_match")
        one = least in (None, 1) and most is None and match is None
        if one and not full and re.fullmatch(r"[!-~]{1,64}", words[0].rsplit("/", 1)[-1]):
            return None
        text = re.sub(r"([][()*+?{}|^$\\])", r"\\\1", " ".join(words))
        text = text if re.fullmatch(r"[\w./-]+", text) else single_quoted(text)
        if match == "initial":
            find = f"/usr/bin/pgrep -f '^'{text}"
        elif match == "partial":
            find = f"/usr/bin/pgrep -f '^'{text}'( |$)'"
        else:
            find = f"/usr/bin/pgrep -x {'-f ' if full or match else ''}{text}"
        if least in (None, 1) and most is None:
            return find
        tests = [f"test $n -ge {least or 1}"] if most != 0 or least else []
        tests += [f"test $n -le {most}"] if most is not None else []
        return "/bin/sh -c " + single_quoted(f"n=$({find} | wc -l); {' && '.join(tests)}")

    def _weight_of_process(self, block, name):
        statement = block.last("weight")
        weight = block.number_of(statement, -254, 254) if statement else 1
        self.weights[name] = (
            1 if weight is None else weight,
            bool(statement) and "reverse" in statement.rest[1:],
        )

    # Who tracks

    def group_members(self, statement):
        """Before the instances: what a group tracks each of its members does."""
        block = Block(statement, self.report, {})
        for part in block.all("group"):
            for row in part.body or []:
                for word in row.words:
                    self.groups.setdefault(word, []).append(statement)

    def group_words(self, block):
        for word in (
            "track_interface",
            "track_script",
            "track_process",
            "global_tracking",
            "sync_group_tracking_weight",
        ):
            for statement in block.all(word):
                statement.taken = False
                if word == "global_tracking":
                    self.report.warning(
                        statement.place,
                        "global_tracking: no counterpart: track in each instance what all need",
                    )
                elif statement.body:
                    self.report.note(
                        statement.place, f"{word} of a group: written to each of its instances"
                    )

    def of_instance(self, block, name, port):
        out = Map()
        if block.last("dont_track_primary"):
            block.put(out, "own_port", False, "dont_track_primary")
        ports, tracked = List(), {"scripts": List(), "processes": List()}
        weighs = name not in self.groups or self._may_weigh(name)
        self._interfaces(block.all("track_interface"), ports, port, weighs)
        self._commands(block.all("track_script", "track_process"), tracked, weighs)
        for group in self.groups.get(name, []):
            inner = [s for s in group.body or [] if s.body]
            self._interfaces(
                [s for s in inner if s.keyword == "track_interface"], ports, port, True
            )
            self._commands(
                [s for s in inner if s.keyword in ("track_script", "track_process")], tracked, True
            )
        for key, part in (("ports", ports), *tracked.items()):
            if part:
                out.add(key, part)
            else:
                out.tail += part.tail
        return out

    def _interfaces(self, parts, out, own, weighs):
        for part in parts:
            head = lines(part)
            part.before, part.after = [], ""
            for row in part.body or []:
                before, after = claim(row)
                port = self.ports.use(row.words[0], row.place)
                weight = self._row_weight(row, (0, False))
                if weight is None or port.name in [i[0].get("name") for i in out.items]:
                    continue
                if weight and not weighs:
                    self.report.warning(
                        row.place,
                        f"{row.text}: 0, as in keepalived within a sync group: down is a fault",
                    )
                    weight = 0
                if port is own and weight == 0:
                    self.report.note(row.place, f"{row.text}: own_port is tracked by default")
                    out.tail += [*head, *before, *([after] if after else [])]
                    head = []
                    continue
                entry = Map()
                entry.add("name", port.name)
                if weight:
                    entry.add("weight", weight)
                out.add(entry, [*head, *before], after)
                head = []
            out.tail += head + ending(part)

    def _commands(self, parts, tracked, weighs):
        """Scripts and processes, into the one or the other list of `tracked`."""
        for part in parts:
            out = tracked["scripts"]
            head = lines(part)
            part.before, part.after = [], ""
            for row in part.body or []:
                before, after = claim(row)
                if row.words[0] not in self.weights:
                    self.report.warning(row.place, f"{row.words[0]} is nowhere defined; left out")
                    out.tail += [*head, *before, *([after] if after else [])]
                    head = []
                    continue
                weight = self._row_weight(row, self.weights[row.words[0]])
                name, defined = self.processes.get(row.words[0], (row.words[0], None))
                if defined and not defined.taken:
                    head = lines(defined) + leftovers(defined) + head
                out = tracked["processes" if row.words[0] in self.processes else "scripts"]
                if weight is None:
                    continue
                if name in [i[0].get("name") for i in out.items]:
                    if defined:
                        self.report.warning(
                            row.place, f"{row.text}: {name} is tracked already; left out"
                        )
                    continue
                if weight and not weighs:
                    self.report.warning(
                        row.place,
                        (
                            f"{row.text}: left out, as keepalived does for a weight "
                            "within a sync group"
                        ),
                    )
                    continue
                entry = Map()
                entry.add("name", name)
                if weight:
                    entry.add("weight", weight)
                out.add(entry, [*head, *before], after)
                head = []
            out.tail += head + ending(part)

    def _may_weigh(self, instance):
        words = {"sync_group_tracking_weight", "global_tracking"}
        return all(
            any(s.keyword in words for s in group.body or []) for group in self.groups[instance]
        )

    def _row_weight(self, row, default):
        """None where it has no counterpart."""
        weight, reverse = default
        if "weight" in row.words[1:-1]:
            text = row.words[row.words.index("weight") + 1]
            try:
                weight = max(-253, min(253, int(text)))
            except ValueError:
                self.report.warning(row.place, f"{row.text}: {text} is no number; 0 is written")
                weight = 0
        if ("reverse" in row.words[1:] or reverse) and not {"noreverse", "no_reverse"} & set(
            row.words
        ):
            if weight == 0:
                self.report.warning(
                    row.place,
                    (
                        f"{row.text}: no counterpart: lbd cannot be down because "
                        "something is up; left out"
                    ),
                )
                return None
            self.report.warning(row.place, f"{row.text}: no counterpart: reverse; left out")
            return None
        return weight
