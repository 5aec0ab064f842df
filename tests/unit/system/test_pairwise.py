# SPDX-License-Identifier: Apache-2.0
"""tests/system/pairwise.py: every pair that can be is there, with few rows, and always the same ones."""
import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "system"))

from pairwise import pairwise, product  # noqa: E402

TABLES = [
    {"a": [1, 2], "b": [1, 2], "c": [1, 2]},
    {"a": range(6), "b": "wxyz", "c": [1, 2, 4], "d": "efgh"},
    {"a": range(3), "b": range(3), "c": range(3), "d": range(3)},
    {"a": [1], "b": [1]},
]


def two_of(rows):
    """Each pair of values in `rows`, found in another way than pairwise() does."""
    return {(one, row[one], other, row[other]) for row in rows for one in row for other in row if one < other}


@pytest.mark.parametrize("table", TABLES)
def test_each_pair_is_there(table):
    rows = product(table)
    chosen = pairwise(rows)
    assert two_of(chosen) == two_of(rows)
    assert all(row in rows for row in chosen)


@pytest.mark.parametrize("table", TABLES)
def test_few_rows(table):
    """Not fewer than the two largest dimensions ask for, and not many more."""
    sizes = sorted(len(values) for values in table.values())
    least = sizes[-1] * sizes[-2]
    assert least <= len(pairwise(product(table))) <= least * 1.5


def test_what_cannot_be_is_not_there():
    rows = product(TABLES[1], lambda row: row["a"] != 0 or row["b"] == "w")
    chosen = pairwise(rows)
    assert two_of(chosen) == two_of(rows)
    assert not any(row["a"] == 0 and row["b"] != "w" for row in chosen)


def test_always_the_same():
    rows = product(TABLES[1])
    assert pairwise(rows) == pairwise(rows)


def test_every_row_once():
    table = TABLES[0]
    assert [tuple(row.values()) for row in product(table)] == list(itertools.product(*table.values()))


def test_nothing_comes_of_nothing():
    assert pairwise([]) == []
