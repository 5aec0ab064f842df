# SPDX-License-Identifier: Apache-2.0
"""Lines of a keepalived.conf as its parser sees them: comments taken off, conditional lines
decided, parameters put in, ~SEQ and ~LST rolled out. An expanded line keeps the number of the
line that it came from."""
import os
import re
import socket
from typing import NamedTuple

from .report import Failure, Place

MAX_LINES = 1_000_000  # of one file after expansion: definitions may call each other
MAX_DEPTH = 64

DEFINITION = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)=(.*)$", re.S)
USE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)(?=\s|$)")
CONDITION = re.compile(r"@(\^?)(\S+)\s*(.*)$", re.S)
SEQUENCE = re.compile(r"~SEQ(x?)\(([^)]*)\)\s*(.*)$", re.S)
LIST = re.compile(r"~LST\((.*?)\)\s*(?=[^)\s])(.*)$", re.S)


class Line(NamedTuple):
    place: Place
    text: str  # without its comment, stripped
    comment: str  # without its mark, "" where there is none
    bare: bool  # nothing but a comment


def host_id():
    return socket.gethostname().split(".")[0]


def split_comment(text):
    """(what is before, the comment or None). Marks within quotes are no comments."""
    quote, i = "", 0
    while i < len(text):
        c = text[i]
        if c == "\\" and quote:
            i += 1
        elif quote:
            quote = "" if c == quote else quote
        elif c in "\"'":
            # A lone quote, as an apostrophe has, quotes nothing.
            quote = c if c in text[i + 1 :] else ""
        elif c in "#!":
            return text[:i], text[i + 1 :].lstrip("#!").rstrip()
        i += 1
    return text, None


def decode(data):
    """UTF-8, or Latin-1 where it is none: comments are all that can differ."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


class Reader:
    """One for a conversion: parameters live on from file to file, as in keepalived."""

    def __init__(self, report, config_id=None):
        self.report = report
        self.config_id = config_id or host_id()
        self.said_id = config_id is not None
        self.parameters = {}
        self.count = 0

    def lines(self, path, shown):
        try:
            with open(path, "rb") as file:
                text = decode(file.read())
        except OSError as error:
            raise Failure(shown, f"cannot be read: {error.strerror}") from error
        if "\0" in text:
            raise Failure(shown, "is no text: it has NUL bytes")
        self.parameters["_PWD"] = os.path.dirname(os.path.abspath(path))
        self.parameters.update({"_INSTANCE": self.config_id, "_HASH": "#", "_BANG": "!"})
        rows = enumerate(re.split(r"\r\n|\n|\r", text), 1)
        for number, row in rows:
            place = Place(shown, number)
            code, comment = split_comment(row)
            code = code.strip()
            definition = DEFINITION.match(self._after_condition(code, place) or "")
            while code.endswith("\\") and (definition or "~" in code):
                _, more = next(rows, (0, ""))
                more, _ = split_comment(more)
                code = code[:-1].rstrip() + "\n" + more.strip()
            if not code:
                if comment is not None or row.strip() == "":
                    yield Line(
                        place, "", comment if comment is not None else "", comment is not None
                    )
                continue
            first = True
            for text in self._expand(code, place, 0):
                yield Line(place, text, comment or "" if first else "", False)
                first = False
            if first and comment is not None:
                yield Line(place, "", comment, True)

    def _after_condition(self, text, place):
        """The line without its @id; None where it is another machine's."""
        while match := CONDITION.match(text):
            wanted = (match[2] == self.config_id) != bool(match[1])
            if not self.said_id:
                self.said_id = True
                self.report.warning(
                    place,
                    (
                        f"lines with @ are decided for {self.config_id}, this "
                        "host's name; --config-id NAME decides for another"
                    ),
                )
            if not wanted:
                return None
            text = match[3]
        return text

    def _expand(self, text, place, depth):
        """The lines that this one stands for, none where it defines or is another machine's."""
        self.count += 1
        if depth > MAX_DEPTH or self.count > MAX_LINES:
            raise Failure(place, "its parameters expand without end")
        text = self._after_condition(text.strip(), place)
        if not text:
            return
        if match := DEFINITION.match(text):
            self.parameters[match[1]] = match[2].lstrip("\n").strip()
        elif match := SEQUENCE.match(text):
            for value in self._sequence(match, place):
                yield from self._with(
                    {match[2].split(",")[0].strip(): value}, match[3], place, depth
                )
        elif match := LIST.match(text):
            for values in self._list(match[1], place):
                yield from self._with(values, match[2], place, depth)
        else:
            put_in = USE.sub(lambda m: self.parameters.get(m[1] or m[2], m[0]), text)
            if put_in == text:
                if "${_RANDOM" in text:
                    self.report.warning(place, "${_RANDOM} has no counterpart; put a number in")
                yield from (row.strip() for row in text.split("\n") if row.strip())
                return
            for row in put_in.split("\n"):
                yield from self._expand(row, place, depth + 1)

    def _with(self, values, text, place, depth):
        before = {name: self.parameters.get(name) for name in values}
        self.parameters.update(values)
        yield from self._expand(text, place, depth + 1)
        for name, value in before.items():
            if value is None:
                self.parameters.pop(name, None)
            else:
                self.parameters[name] = value

    @staticmethod
    def _sequence(match, place):
        words = [word.strip() for word in match[2].split(",")]
        try:
            numbers = [int(word, 0) for word in words[1:]]
            if not 1 <= len(numbers) <= 3:
                raise ValueError
        except ValueError:
            raise Failure(place, f"~SEQ({match[2]}) is not ~SEQ(NAME, START, STEP, END)") from None
        end = numbers[-1]
        start = numbers[0] if len(numbers) > 1 else (1 if end > 0 else -1)
        step = numbers[1] if len(numbers) == 3 else (1 if end >= start else -1)
        if step == 0:
            raise Failure(place, "~SEQ with step 0 never ends")
        for value in range(start, end + (1 if step > 0 else -1), step):
            yield f"{value:x}" if match[1] else str(value)

    @staticmethod
    def _list(text, place):
        groups = re.findall(r"\{[^}]*\}|[^,{}]+", text)
        groups = [g.strip() for g in groups if g.strip()]
        rows = [[w.strip() for w in g.strip("{}").split(",")] for g in groups]
        if len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):
            raise Failure(place, f"~LST({text}) is not ~LST(NAME, VALUE, ...)")
        for row in rows[1:]:
            yield dict(zip(rows[0], row))
