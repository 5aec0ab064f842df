# SPDX-License-Identifier: Apache-2.0
"""Commands: lbd wants a program's full path and asks no shell."""
import re

SHELL = re.compile(r"[|&;<>`]|\$\(|\$\{?[A-Za-z]")


def single_quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def command(statement, words, report):
    """One line for lbd. `words`: what stands behind the keyword, quotes gone."""
    if not words:
        return ""
    line = (
        words[0]
        if len(words) == 1
        else " ".join(single_quoted(w) if re.search(r"\s", w) or not w else w for w in words)
    )
    line = line.strip()
    if SHELL.search(re.sub(r"'[^']*'", "", line)):
        report.note(statement.place, f"{statement.keyword}: needs a shell, so /bin/sh -c runs it")
        return "/bin/sh -c " + single_quoted(line)
    if line and not line.startswith("/"):
        report.note(
            statement.place,
            (
                f"{statement.keyword}: {line.split()[0]} has no full path, "
                "so /usr/bin/env looks for it"
            ),
        )
        return "/usr/bin/env " + line
    return line


def notify_command(statement, report):
    """`notify_x COMMAND [USER [GROUP]]` of a service; that of an instance has a user."""
    report.service_commands = True
    if len(statement.rest) > 1:
        report.warning(
            statement.place,
            f"{statement.keyword}: runs as lbd itself, not as {' '.join(statement.rest[1:])}",
        )
    return command(statement, statement.rest[:1], report)
