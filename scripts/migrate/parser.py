# SPDX-License-Identifier: Apache-2.0
"""Statements of a keepalived.conf: words, a block or none, and the comments around them.

A statement ends with its line, its '{' or the '}' of the block that holds it. Braces need no
blanks and may stand on a line of their own. Only ${NAME} and the
{2} of a regular expression are text."""
import glob
import os
import re

from .report import Failure, Place
from .tables import PARENTS, TOP_BLOCKS

INCLUDES = {"include", "includer", "includem", "includew", "includeb", "includea"}
QUANTIFIER = re.compile(r"\{\d*,?\d*\}")
ESCAPES = {"a": "\a", "b": "\b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Statement:
    def __init__(self, place, words):
        self.place = place
        self.words = words
        self.body = None  # list of Statement where it has a block
        self.before = []  # comment lines above it
        self.after = ""  # the comment behind it
        self.tail = []  # comments before its closing brace
        self.files = None  # of an include: [SourceFile]
        self.taken = False  # its comments have found their place

    @property
    def keyword(self):
        return self.words[0] if self.words else ""

    @property
    def rest(self):
        return self.words[1:]

    @property
    def text(self):
        return " ".join(self.words)


class SourceFile:
    def __init__(self, path, shown):
        self.path, self.shown = path, shown
        self.statements, self.head, self.tail = [], [], []


def unescape(text, i):
    """The character that the escape at text[i] (behind its backslash) stands for, and its end."""
    c = text[i]
    if match := re.match(r"[0-7]{1,3}", text[i:]):
        return chr(int(match[0], 8) & 0xFF), i + len(match[0])
    if match := re.match(r"x([0-9a-fA-F]+)", text[i:]):
        return chr(int(match[1], 16) & 0xFF), i + len(match[0])
    if c == "c" and i + 1 < len(text):
        return chr(ord(text[i + 1]) & 0x1F), i + 2
    return ESCAPES.get(c, c), i + 1


def tokens(text, place):
    """('word', text), ('{', ''), ('}', ''). Quoted pieces join the word that they stand in."""
    word, depth, i = None, 0, 0
    while i < len(text):
        c = text[i]
        if c.isspace():
            if word is not None:
                yield "word", word
            word, depth, i = None, 0, i + 1
        elif c in "\"'":
            word = word or ""
            i += 1
            while i < len(text) and text[i] != c:
                if text[i] == "\\" and i + 1 < len(text):
                    piece, i = unescape(text, i + 1)
                else:
                    piece, i = text[i], i + 1
                word += piece
            if i >= len(text):
                raise Failure(place, f"the quote {c} is never closed")
            i += 1
        elif c == "{" and not (word and (word[-1] == "$" or QUANTIFIER.match(text, i))):
            if word is not None:
                yield "word", word
            yield "{", ""
            word, depth, i = None, 0, i + 1
        elif c == "}" and depth == 0:
            if word is not None:
                yield "word", word
            yield "}", ""
            word, i = None, i + 1
        else:
            depth += (c == "{") - (c == "}")
            word, i = (word or "") + c, i + 1
    if word is not None:
        yield "word", word


def expand_braces(pattern):
    """{a,b} of csh, inside out."""
    match = re.search(r"\{([^{}]*)\}", pattern)
    if not match:
        return [pattern]
    return [
        each
        for choice in match[1].split(",")
        for each in expand_braces(pattern[: match.start()] + choice + pattern[match.end() :])
    ]


class Parser:
    def __init__(self, reader, report):
        self.reader, self.report = reader, report
        self.open_files = []

    def parse(self, path, shown):
        real = os.path.realpath(path)
        if real in self.open_files:
            raise Failure(shown, "includes itself")
        self.open_files.append(real)
        file = SourceFile(path, shown)
        stack = []  # statements whose block is open
        self._read(file, stack, path, shown)
        if stack:
            opener = stack[-1]
            raise Failure(opener.place, f"the '{{' of {opener.text} is never closed; add its '}}'")
        self.open_files.pop()
        return file

    def _read(self, file, stack, path, shown):
        base, pending, last = len(stack), [], None
        for line in self.reader.lines(path, shown):
            if not line.text:
                pending = self._comment(line, file, pending)
                continue
            statement = None
            words, ended = [], False
            for kind, text in list(tokens(line.text, line.place)) + [("end", "")]:
                if kind == "word":
                    words.append(text)
                    continue
                if words:
                    statement = Statement(line.place, words)
                    statement.before, pending, words = pending, [], []
                    if statement.keyword in INCLUDES:
                        self._include(statement, file, stack, path, shown)
                        last = statement
                        continue
                    self._check_nesting(statement, stack)
                    self._siblings(file, stack).append(statement)
                    last = statement
                if kind == "{":
                    if last is None or last.body is not None or last.files is not None:
                        raise Failure(line.place, "'{' opens no block; a keyword belongs before it")
                    last.body = []
                    stack.append(last)
                    statement = statement or last
                elif kind == "}":
                    if len(stack) == base:
                        raise Failure(
                            line.place,
                            (
                                "this '}' closes nothing; a '{' before it is "
                                "missing, or it is one too many"
                            ),
                        )
                    closed = stack.pop()
                    closed.tail += pending
                    pending, ended = [], True
                    statement = statement or closed
                    last = None
            if line.comment:
                self._behind(statement, line.comment, ended)
        if pending:
            (stack[-1] if stack else file).tail.extend(pending)

    @staticmethod
    def _comment(line, file, pending):
        if line.bare:
            return pending + [line.comment]
        if pending and not file.statements and not file.head:
            # An empty line parts the head of the file from what comes first.
            file.head = pending
            return []
        return pending

    @staticmethod
    def _behind(statement, comment, ended):
        if ended and (statement.after or statement.body is not None):
            statement.tail.append(comment)
        else:
            statement.after = comment

    @staticmethod
    def _siblings(file, stack):
        return stack[-1].body if stack else file.statements

    @staticmethod
    def _check_nesting(statement, stack):
        """A block that cannot stand within the open one: a '}' is missing above it."""
        if not stack:
            return
        opener, word = stack[-1], statement.keyword
        at_top = word in TOP_BLOCKS - {"track_file", "track_group"}
        if at_top or opener.keyword not in PARENTS.get(word, {opener.keyword}):
            raise Failure(
                statement.place,
                (
                    f"{statement.keyword} stands within {opener.text}, which line "
                    f"{opener.place.line} opens; a '}}' is missing between them"
                ),
            )

    def _include(self, statement, file, stack, path, shown):
        """At the top the file is kept apart; within a block its statements join the block."""
        patterns = (
            [os.path.join(os.path.dirname(path), p) for p in expand_braces(statement.rest[0])]
            if statement.rest
            else []
        )
        found = [f for p in patterns for f in sorted(glob.glob(p)) if os.path.isfile(f)]
        if not found:
            self.report.warning(statement.place, f"{statement.text}: no such file; left out")
        if not stack:
            statement.files = []
            file.statements.append(statement)
        for name in found:
            there = os.path.relpath(name, os.path.dirname(path) or ".")
            named = (
                os.path.join(os.path.dirname(shown), there)
                if not os.path.isabs(statement.rest[0])
                else name
            )
            here = self.reader.parameters.get("_PWD")
            if not stack:
                statement.files.append(self.parse(name, named))
            else:
                self._join(statement, stack, name, named)
            self.reader.parameters["_PWD"] = here

    def _join(self, statement, stack, name, named):
        if os.path.realpath(name) in self.open_files:
            raise Failure(statement.place, f"{name} includes itself")
        self.report.note(
            statement.place,
            (
                f"{statement.text}: joined into {stack[-1].text}; "
                "lb.yaml includes files at the top only"
            ),
        )
        self.open_files.append(os.path.realpath(name))
        depth = len(stack)
        part = SourceFile(name, named)
        self._read(part, stack, name, named)
        if len(stack) > depth:
            raise Failure(
                stack[-1].place, f"the '{{' of {stack[-1].text} is not closed in this file"
            )
        stack[-1].tail += part.head
        self.open_files.pop()
