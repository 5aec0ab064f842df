# SPDX-License-Identifier: Apache-2.0
"""scripts/demo, as a user runs it, in a lab of its own."""
import os
import subprocess
import sys

import pytest
from director import ROOT
from lab import Lab

DEMO = [sys.executable, str(ROOT / "scripts" / "lab" / "demo.py")]


@pytest.fixture
def prefix():
    name = "lbddemo"
    yield name
    Lab(name).down()


def run_demo(prefix, *words):
    return subprocess.run([*DEMO, *words], env={**os.environ, "LBD_LAB": prefix}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)


def test_demo_spreads_by_weight_and_leaves_nothing(prefix):
    done = run_demo(prefix)
    assert done.returncode == 0, done.stdout
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["rs1", "2", "200", "200"] in rows and ["rs2", "1", "100", "100"] in rows
    assert Lab(prefix).names() == []


def test_keep_leaves_the_lab_up_and_down_removes_it(prefix):
    done = run_demo(prefix, "--keep")
    assert done.returncode == 0, done.stdout
    kept = Lab(prefix)
    assert kept.run("client", "curl", "-s", "http://192.0.2.20/").stdout in ("rs1\n", "rs2\n")
    assert run_demo(prefix, "--down").returncode == 0
    assert kept.names() == []
