# SPDX-License-Identifier: Apache-2.0
"""Few rows of a table of many dimensions in which each pair of values stands that can stand together."""
import itertools


def product(dimensions, allowed=lambda row: True):
    """Every row, as dictionaries, of `dimensions` (name -> values) for which allowed(row) holds; the last dimension
    changes fastest."""
    rows = (dict(zip(dimensions, values)) for values in itertools.product(*dimensions.values()))
    return [row for row in rows if allowed(row)]


def pairs(row):
    return set(itertools.combinations(row.items(), 2))


def pairwise(rows):
    """A selection of `rows` that has each pair of values that any row has. Greedy: always the first of the rows that
    bring most pairs not seen yet, so that the same rows give the same selection."""
    left = set().union(*map(pairs, rows)) if rows else set()
    chosen = []
    while left:
        chosen.append(max(rows, key=lambda row: len(pairs(row) & left)))
        left -= pairs(chosen[-1])
    return chosen
