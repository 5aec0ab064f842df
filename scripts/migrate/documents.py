# SPDX-License-Identifier: Apache-2.0
"""The files that come of a configuration: lb.yaml and what it includes."""
import os
import re

from .block import claim, lines
from .yaml_out import List, Map, comment, write

SECTIONS = ("include", "lbd", "dataplane", "ports", "routes", "vrrp", "services")


class Document:
    """What becomes of one source file."""

    def __init__(self, source, target):
        self.source, self.target = source, target
        self.routes, self.services = List(), List()
        self.instances, self.scripts, self.groups = List(), List(), List()
        self.includes = List()
        self.head = list(source.head)
        self.links = False  # it has routes in place of addresses
        self.extra = {}  # section -> Map or List, of the main file

    def sections(self):
        vrrp = Map()
        for key, part in (
            ("instances", self.instances),
            ("scripts", self.scripts),
            ("sync_groups", self.groups),
        ):
            if part:
                vrrp.add(key, part)
        parts = {
            "include": self.includes,
            "vrrp": vrrp,
            "services": self.services,
            "routes": self.routes,
            **self.extra,
        }
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


class Documents:
    """All of them, the main one first."""

    def __init__(self, source, output):
        """`output`: where the main one is written, whose name no other may take."""
        self.output = os.path.basename(output or "lb.yaml")
        self.base = os.path.dirname(os.path.abspath(source.path))
        self.main = Document(source, "")
        self.all = []
        self._add(self.main)

    def __iter__(self):
        return iter(self.all)

    def _add(self, document):
        self.all.append(document)
        for statement in document.source.statements:
            for source in statement.files or ():
                self._add(Document(source, self._target(source.path)))

    def _target(self, path):
        """Where the document of an included file goes, relative to the main one."""
        name = os.path.relpath(os.path.splitext(os.path.abspath(path))[0] + ".yaml", self.base)
        if name.startswith(".."):
            name = os.path.join("included", os.path.basename(name))
        taken = {document.target for document in self.all} | {self.output}
        unique, n = name, 2
        while unique in taken:
            unique, n = f"{name[:-5]}-{n}.yaml", n + 1
        return unique

    def link(self):
        """The patterns of the source with .yaml for its suffix, where anything came of them."""
        by_source = {id(document.source): document for document in self.all}
        for document in reversed(self.all):
            for statement in document.source.statements:
                made = [
                    by_source[id(s)] for s in statement.files or () if by_source[id(s)].sections()
                ]
                before, after = claim(statement) if statement.files is not None else ((), "")
                if made:
                    for i, name in enumerate(self._patterns(document, statement, made)):
                        document.includes.add(
                            name, before if i == 0 else (), after if i == 0 else ""
                        )
                elif statement.files is not None:
                    document.source.tail[:0] = lines(statement)

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
