# SPDX-License-Identifier: Apache-2.0
"""Each folder of cases/ is a keepalived.conf (with what it includes), the options of the call and,
in expected/, the files and the report that must come of it, to the letter.

LBD_ACCEPT=1 writes what comes now; read the difference before you commit it."""
import os
import re
import sys

import pytest
from conftest import CASES, ROOT, check

sys.path.insert(0, str(ROOT / "scripts"))
from migrate.reader import Reader  # noqa: E402
from migrate.report import Report  # noqa: E402

FAILS = {"groups"}  # these name a group that does not exist


def names(case):
    return case.name


@pytest.mark.parametrize("case", CASES, ids=names)
def test_becomes_what_is_expected(case, converted):
    got = converted(case)
    expected = case / "expected"
    if os.environ.get("LBD_ACCEPT"):
        for name, text in {**got.files, "report": got.report}.items():
            (expected / name).parent.mkdir(parents=True, exist_ok=True)
            (expected / name).write_text(text)
    wanted = {str(f.relative_to(expected)): f.read_text() for f in sorted(expected.rglob("*.yaml"))}
    assert got.files == wanted
    assert got.report == (expected / "report").read_text()
    assert got.code == (1 if case.name in FAILS else 0)


@pytest.mark.parametrize("case", CASES, ids=names)
def test_passes_the_check_of_lbd(case, converted):
    code, lines = check(converted(case).directory / "lb.yaml")
    assert code == 0 and lines[-1].endswith(": ok"), lines


@pytest.mark.parametrize("case", CASES, ids=names)
def test_keeps_every_comment(case, converted):
    text = "".join(converted(case).files.values())
    for source in sorted(case.rglob("*")):
        if source.suffix not in (".conf", ".inc"):
            continue
        for line in Reader(Report(), "lb1").lines(str(source), source.name):
            assert line.comment.strip() in text, f"{line.place} is lost"


@pytest.mark.parametrize("case", CASES, ids=names)
def test_names_lines_that_exist(case, converted):
    """The report's places are those of the source."""
    for line in converted(case).report.splitlines():
        match = re.match(r"([^:]+):(\d+): (note|warning|error): .", line) or re.match(
            r"([^:]+)()(): (note|warning|error): .", line
        )
        assert match, line
        if match[2]:
            assert 1 <= int(match[2]) <= len((case / match[1]).read_bytes().splitlines())


def test_has_many_kinds():
    assert len(CASES) >= 12
