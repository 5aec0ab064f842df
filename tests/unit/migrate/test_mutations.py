# SPDX-License-Identifier: Apache-2.0
"""Whatever a file says, the converter ends with a result or with one clear error."""
import random

from conftest import CASES
from migrate.convert import Conversion
from migrate.main import arguments
from migrate.report import Failure, Report

ROUNDS = 20  # for each case


def mutated(text, random_):
    lines = text.split("\n")
    for _ in range(random_.randint(1, 4)):
        i = random_.randrange(len(lines))
        words = lines[i].split(" ")
        kind = random_.randrange(6)
        if kind == 0:
            del lines[i]
        elif kind == 1:
            lines.insert(random_.randrange(len(lines)), lines[i])
        elif kind == 2:
            words.pop(random_.randrange(len(words)))
            lines[i] = " ".join(words)
        elif kind == 3:
            words[random_.randrange(len(words))] = random_.choice(
                [
                    "",
                    "{",
                    "}",
                    "-1",
                    "99999999999",
                    "0.0.0.0/0",
                    "::",
                    '"',
                    "é",
                    "a=b",
                    "dev",
                    "via",
                ]
            )
            lines[i] = " ".join(words)
        elif kind == 4:
            lines[i] = lines[i].replace(" ", "", 3)
        else:
            random_.shuffle(words)
            lines[i] = " ".join(words)
        lines = lines or [""]
    return "\n".join(lines)


def test_never_breaks(tmp_path):
    random_ = random.Random(4711)
    ends = {True: 0, False: 0}
    for case in CASES:
        text = (case / "keepalived.conf").read_bytes().decode()
        for _ in range(ROUNDS):
            source = tmp_path / "keepalived.conf"
            source.write_text(mutated(text, random_))
            options = arguments([str(source), "--ip-addr", "/dev/null", "--config-id", "lb1"])
            try:
                for document in Conversion(options, Report()).run(options.source):
                    assert document.text("keepalived.conf").endswith("\n")
                ends[True] += 1
            except Failure as failure:
                assert str(failure).startswith(str(tmp_path))
                ends[False] += 1
            except Exception:
                print(source.read_text())
                raise
    assert min(ends.values()) > 0
