# SPDX-License-Identifier: Apache-2.0
"""docs/migration.md has a place for every keyword that the converter knows."""
import re

import pytest
from conftest import ROOT
from migrate import checks, tables

DOCS = (ROOT / "docs" / "migration.md").read_text()
NAMED = {word for code in re.findall(r"`([^`]+)`", DOCS) for word in (code, code.split()[0])}
TABLES = {
    name: table
    for name, table in vars(tables).items()
    if isinstance(table, dict) and name.isupper() and name != "PARENTS"
}


def documented(word):
    """As it is, or as 'the same with checker_ and bfd_', 'the same with _force'."""
    twin = re.sub(r"^(checker|bfd)_", "vrrp_", word)
    return bool({word, twin, word.removesuffix("_force")} & NAMED)


@pytest.mark.parametrize("name", TABLES)
def test_names_what_has_no_counterpart(name):
    assert [word for word in TABLES[name] if not documented(word)] == []


def test_names_what_is_asked_for():
    """Words that the converter asks a block for, as .last("x"), .all("x", "y") and the like."""
    asked = set()
    for file in (ROOT / "scripts" / "migrate").glob("*.py"):
        for call in re.findall(
            r"\.(?:last|all|word|number|flag|seconds)\(([^()]*)\)", file.read_text()
        ):
            asked |= set(re.findall(r'"([A-Za-z0-9_-]+)"', re.sub(r"\w+=", "", call)))
    assert sorted(word for word in asked | set(checks.CHECKERS) if not documented(word)) == []
