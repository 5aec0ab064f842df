# SPDX-License-Identifier: Apache-2.0
"""A block of keepalived.conf under conversion: each statement is asked for once by name; what
nobody asked for is reported, and no comment is left behind."""
import difflib
import re

from .yaml_out import Plain

YES, NO = {"on", "true", "yes"}, {"off", "false", "no"}


def claim(statement):
    """Comments for the key that the statement becomes: (lines above it, the one behind it)."""
    statement.taken = True
    return statement.before, statement.after


def lines(statement):
    """All comments of a statement as lines of their own."""
    before, after = claim(statement)
    return [*before, *([after] if after else [])]


def orphans(statement):
    """Comments of a block whose statements became no key of their own, in their order."""
    out = []
    for inner in statement.body or ():
        if not inner.taken:
            inner.taken = True
            out += inner.before
            out += [f" {inner.text}: {inner.after.strip()}"] if inner.after else []
        out += orphans(inner) + inner.tail
        inner.tail = []
    return out


def ending(statement):
    """Comments before and behind the closing brace, to be given away once."""
    tail, statement.tail = statement.tail, []
    return tail


def leftovers(statement):
    """Orphans and ending together, for a block that becomes no map of its own."""
    return orphans(statement) + ending(statement)


def frame(statement, target):
    """Comments above the map that a block becomes; what stands at its end goes to the map's end."""
    head = lines(statement) + orphans(statement)
    target.tail += ending(statement)
    return head


def duration(seconds):
    """The shortest exact way to write it."""
    milliseconds = round(seconds * 1000)
    if milliseconds % 1000:
        return Plain(f"{milliseconds}ms")
    return Plain(f"{milliseconds // 1000}s")


class Block:
    def __init__(self, statement, report, *tables):
        self.statement, self.report = statement, report
        self.tables = tables
        self.asked = set()

    @property
    def body(self):
        return self.statement.body or []

    def all(self, *words):
        self.asked.update(words)
        return [s for s in self.body if s.keyword in words]

    def last(self, *words):
        """keepalived takes the last one where a keyword is given again."""
        found = self.all(*words)
        for early in found[:-1]:
            self.report.note(
                early.place,
                f"{early.text}: given again in line {found[-1].place.line}, which holds",
            )
        return found[-1] if found else None

    def flag(self, *words, default=False):
        """The keyword alone, or with on, off ..."""
        statement = self.last(*words)
        if statement is None:
            return default
        word = statement.rest[0].lower() if statement.rest else "on"
        if word not in YES | NO:
            self.report.warning(
                statement.place, f"{statement.text}: neither on nor off; read as on"
            )
        return word not in NO

    def word(self, *words):
        statement = self.last(*words)
        if statement is None:
            return None
        if not statement.rest:
            self.report.warning(statement.place, f"{statement.keyword}: no value; left out")
            return None
        return statement.rest[0]

    def number(self, *words, low=0, high=2**31):
        statement = self.last(*words)
        return None if statement is None else self.number_of(statement, low, high)

    def number_of(self, statement, low=0, high=2**31, index=1):
        text = statement.words[index] if len(statement.words) > index else ""
        if not re.fullmatch(r"[+-]?\d+", text) or not low <= int(text) <= high:
            self.report.warning(
                statement.place, f"{statement.text}: no number of {low}..{high}; left out"
            )
            return None
        return int(text)

    def seconds(self, *words):
        statement = self.last(*words)
        if statement is None:
            return None
        text = statement.rest[0] if statement.rest else ""
        if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", text):
            self.report.warning(statement.place, f"{statement.text}: no time in seconds; left out")
            return None
        return float(text)

    def put(self, target, key, value, *words):
        """`value` under `key` with the comments of the statement that gave it."""
        found = [s for s in self.body if s.keyword in words]
        target.add(key, value, *(claim(found[-1]) if found else ((), "")))

    def finish(self):
        """Reports what has no counterpart."""
        known = self.asked.union(*self.tables)
        for statement in self.body:
            word = statement.keyword
            if word in self.asked:
                continue
            row = next((t[word] for t in self.tables if word in t), None)
            if row:
                getattr(self.report, row[0])(statement.place, f"{word}: no counterpart: {row[1]}")
            else:
                self._unknown(statement, known)

    def _unknown(self, statement, known):
        near = difflib.get_close_matches(statement.keyword, known, 1, 0.75)
        self.report.warning(
            statement.place,
            f"{statement.text}: no keyword of {self.statement.keyword}; left out"
            + (f"; is {near[0]} meant?" if near else ""),
        )
