# SPDX-License-Identifier: Apache-2.0
"""YAML with comments: maps and lists that know what stood above and behind their entries.
Leaves without comments that fit a line are written {a: b} and [a, b]."""
import re

WIDTH = 100
# What YAML and lb.yaml read as text without quotes, also within [] and {}.
PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./@%+=~*-]*( [A-Za-z0-9_./@%+=~-]+)*")
NUMERIC = re.compile(r"\d{1,3}(\.\d{1,3}){3}(/\d{1,2})?|\d+(\.\d+)?(ms|s|m|h|KiB|MiB|GiB|%)")
WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "~", "."}


class Plain(str):
    """Text that is written as it is."""


class Map:
    def __init__(self):
        self.entries = []  # [key, value, before, after]
        self.tail = []

    def add(self, key, value, before=(), after=""):
        self.entries.append([key, value, list(before), after])

    def get(self, key):
        return next((e[1] for e in self.entries if e[0] == key), None)

    def set(self, key, value):
        for entry in self.entries:
            if entry[0] == key:
                entry[1] = value

    def drop(self, key):
        self.entries = [e for e in self.entries if e[0] != key]

    def __bool__(self):
        return bool(self.entries)

    def same(self, other):
        """Equal but for comments."""
        return text(self, bare=True) == text(other, bare=True)


class List:
    def __init__(self, items=()):
        self.items = [[item, [], ""] for item in items]  # [value, before, after]
        self.tail = []

    def add(self, value, before=(), after=""):
        self.items.append([value, list(before), after])

    def __bool__(self):
        return bool(self.items)

    def __len__(self):
        return len(self.items)


def quoted(text):
    out = text.replace("\\", "\\\\").replace('"', '\\"')
    out = re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda m: f"\\x{ord(m[0]):02x}", out)
    return f'"{out}"'


def scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Plain)):
        return str(value)
    if NUMERIC.fullmatch(value) or (PLAIN.fullmatch(value) and value.lower() not in WORDS):
        return value
    return quoted(value)


def comment(text):
    return "#" if not text else "#" + ("" if text[0].isspace() else " ") + text


def flow(value, bare=False):
    """On one line, or None where a comment or a map in depth needs more."""
    if isinstance(value, Map):
        if not bare and (value.tail or any(e[2] or e[3] for e in value.entries)):
            return None
        parts = [(e[0], flow(e[1], bare)) for e in value.entries]
        if any(part is None for _, part in parts):
            return None
        return "{" + ", ".join(f"{key}: {part}" for key, part in parts) + "}"
    if isinstance(value, List):
        if not bare and (value.tail or any(i[1] or i[2] for i in value.items)):
            return None
        parts = [flow(i[0], bare) for i in value.items]
        return None if any(p is None for p in parts) else "[" + ", ".join(parts) + "]"
    return scalar(value)


def is_leaf(value):
    """A list of scalars, a map of scalars or of lists of them: one line reads well."""
    if isinstance(value, List):
        return all(not isinstance(i[0], (Map, List)) for i in value.items)
    if isinstance(value, Map):
        return len(value.entries) <= 6 and all(
            not isinstance(e[1], Map) or not e[1] for e in value.entries
        )
    return True


def write_comments(out, comments, pad):
    out.extend(pad + comment(line) for line in comments)


def write_entry(out, pad, head, value, after):
    """`head` is "key:" or "-"."""
    line = flow(value)
    behind = "  " + comment(after) if after else ""
    if not isinstance(value, (Map, List)):
        out.append(f"{pad}{head} {line}{behind}")
    elif line is not None and (is_leaf(value) or not value) and len(pad + head + line) < WIDTH:
        out.append(f"{pad}{head} {line}{behind}")
    elif isinstance(value, List) or head != "-":
        out.append(f"{pad}{head}{behind}")
        write(out, value, pad + "  ")
    else:
        if behind:
            out.append(pad + comment(after))
        inner = []
        write(inner, value, pad + "  ")
        first = next(i for i, row in enumerate(inner) if not row.lstrip().startswith("#"))
        out.extend(row[2:] for row in inner[:first])
        out.append(pad + "- " + inner[first].lstrip())
        out.extend(inner[first + 1 :])


def write(out, value, pad=""):
    rows = value.entries if isinstance(value, Map) else [["-", *i] for i in value.items]
    for key, item, before, after in rows:
        write_comments(out, before, pad)
        write_entry(out, pad, "-" if isinstance(value, List) else key + ":", item, after)
    write_comments(out, value.tail, pad)


def text(value, bare=False):
    if bare:
        return flow(value, bare=True)
    out = []
    write(out, value)
    return "\n".join(out) + "\n"
