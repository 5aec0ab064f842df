# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts"))
sys.dont_write_bytecode = True

KEEPALIVED2LB = ROOT / "scripts" / "keepalived2lb"
LBCTL = Path(os.environ.get("LBCTL", ROOT / "build" / "src" / "cli" / "lbctl"))
LBD = Path(os.environ.get("LBD", ROOT / "build" / "src" / "main" / "lbd"))
CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())


def run(*words, cwd=None):
    """The converter as a user calls it: (exit code, standard output, standard error)."""
    done = subprocess.run(
        [sys.executable, "-B", KEEPALIVED2LB, *words],
        cwd=cwd,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check(path):
    """What lbd says to a file: (exit code, lines)."""
    done = subprocess.run(
        [LBD, "-c", path, "--check"], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, (done.stdout + done.stderr).splitlines()


class Converted:
    """One case, converted: its files by name, what was said, how it ended."""

    def __init__(self, case, out):
        # This host's own addresses are nobody's business here.
        options = ["--ip-addr", "/dev/null"]
        options += (case / "options").read_text().split() if (case / "options").exists() else []
        self.code, self.out, self.said = run(
            "-o", str(out / "lb.yaml"), "keepalived.conf", *options, cwd=case
        )
        self.directory = out
        self.files = {str(f.relative_to(out)): f.read_text() for f in sorted(out.rglob("*.yaml"))}
        self.report = "".join(
            line + "\n"
            for line in self.said.splitlines()
            if not line.startswith("keepalived2lb: wrote")
        )


@pytest.fixture(scope="session")
def converted(tmp_path_factory):
    made = {}

    def convert(case):
        if case not in made:
            made[case] = Converted(case, tmp_path_factory.mktemp(case.name))
        return made[case]

    return convert


@pytest.fixture
def convert(tmp_path):
    """Text in, (exit code, lb.yaml, report) out."""

    def of(text, *options):
        source = tmp_path / "keepalived.conf"
        source.write_text(text)
        return run("--ip-addr", "/dev/null", "keepalived.conf", *options, cwd=tmp_path)

    return of
