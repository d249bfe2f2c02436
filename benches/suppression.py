#!/usr/bin/env python3
"""How many more cells onemap hides than must be hidden: 50 random tables against the exact optimum.

Usage: pip install scipy
       cargo test --release --lib print_random_tables -- --ignored --nocapture | python3 benches/suppression.py

Every table has areas, parts and their totals. A count from 1 to 4 must be hidden, and what is shown may not tell it
better than within a range of three (as wide as its mark). The least number of cells that does so is found as a mixed
integer program (Fischetti and Salazar 2000), with a flow for each small cell upwards and one downwards, by HiGHS.
"""

import json
import sys

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_matrix


def optimum(parts, below):
    """The least number of hidden cells, and how many of them are small themselves."""
    table = np.array(parts, dtype=float).T
    table = np.hstack([table, table.sum(axis=1, keepdims=True)])
    table = np.vstack([table.sum(axis=0, keepdims=True), table])
    rows, columns = table.shape
    values = table.ravel()
    cell = lambda r, c: r * columns + c
    sums = []
    for r in range(rows):
        sums.append([(cell(r, c), 1) for c in range(columns - 1)] + [(cell(r, columns - 1), -1)])
    for c in range(columns):
        sums.append([(cell(r, c), 1) for r in range(1, rows)] + [(cell(0, c), -1)])
    small = [i for i, v in enumerate(values) if 0 < v < below]
    n = len(values)
    flows = 2 * len(small)
    width = below - 2
    most = values.max() + below
    lines, low, high = [], [], []

    def line(terms, least, greatest):
        lines.append(terms)
        low.append(least)
        high.append(greatest)

    at = lambda flow, i: n + flow * n + i
    for f in range(flows):
        for terms in sums:
            line([(at(f, i), k) for i, k in terms], 0, 0)
        for i in range(n):
            line([(at(f, i), 1), (i, -most)], -np.inf, 0)
            line([(at(f, i), 1), (i, min(values[i], most))], 0, np.inf)
    for s, i in enumerate(small):
        line([(at(2 * s, i), 1), (at(2 * s + 1, i), -1)], width, np.inf)
    matrix = lil_matrix((len(lines), n + flows * n))
    for r, terms in enumerate(lines):
        for i, k in terms:
            matrix[r, i] += k
    least = np.full(n + flows * n, -np.inf)
    greatest = np.full(n + flows * n, np.inf)
    least[:n], greatest[:n] = 0, 1
    least[small] = 1
    cost = np.zeros(n + flows * n)
    cost[:n] = 1
    integer = np.zeros(n + flows * n)
    integer[:n] = 1
    found = milp(
        cost,
        constraints=LinearConstraint(matrix.tocsr(), low, high),
        bounds=Bounds(least, greatest),
        integrality=integer,
        options={"time_limit": 60},
    )
    return (round(found.fun) if found.status == 0 else None), len(small)


def main():
    ours, best, solved, equal, narrow = 0, 0, 0, 0, 0
    for text in sys.stdin:
        if not text.startswith("{"):
            continue
        made = json.loads(text)
        narrow += made["narrow"]
        least, small = optimum(made["table"], made["below"])
        print(f"{len(made['table'])} x {len(made['table'][0])}: {small} small, {made['hidden']} hidden, at least {least}")
        if least is not None:
            solved += 1
            ours += made["hidden"]
            best += least
            equal += made["hidden"] == least
    print(f"{solved} tables solved: {ours} hidden, at least {best} must be ({100 * ours / max(best, 1) - 100:.1f} % more);")
    print(f"{equal} tables at the optimum; {narrow} small cells known better than they may be")


main()
