# SPDX-License-Identifier: Apache-2.0
"""What the conversion has to say, each with its place in the source."""
from typing import NamedTuple


class Place(NamedTuple):
    file: str
    line: int

    def __str__(self):
        return f"{self.file}:{self.line}" if self.line else self.file


class Failure(Exception):
    """The source cannot be read at all: nothing is written, exit code 1."""

    def __init__(self, place, text):
        super().__init__(f"{place}: {text}")


class Report:
    """note: nothing is lost; warning: something that was done before is not done; error: the
    result could not serve (exit code 1, the result is written all the same)."""

    RANK = {"error": 0, "warning": 1, "note": 2}

    def __init__(self):
        self.lines = {}  # in the order of first mention
        self.failed = False
        self.service_commands = False  # services have commands, which lbd runs as itself

    def note(self, place, text):
        self._add("note", place, text)

    def warning(self, place, text):
        self._add("warning", place, text)

    def error(self, place, text):
        self.failed = True
        self._add("error", place, text)

    def _add(self, kind, place, text):
        line = (place, kind, text)
        self.lines[line] = None

    def text(self):
        """By file, in the order of first mention, and by line."""
        files = {}
        for place, _, _ in self.lines:
            files.setdefault(place.file, len(files))
        ordered = sorted(self.lines, key=lambda l: (files[l[0].file], l[0].line, self.RANK[l[1]]))
        return "".join(f"{place}: {kind}: {text}\n" for place, kind, text in ordered)
