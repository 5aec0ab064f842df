# SPDX-License-Identifier: Apache-2.0
"""The layers of scripts/test: each builds what it needs, runs it and counts cases."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD, SANITIZED = "build", "build-sanitized"
# One build for the sanitizer and the fuzz layer, by clang: libFuzzer is clang's, and g++ takes twice as long
# for instrumented code. Lines in reports, and no more debugging information than that, for the same reason.
# Warnings are g++'s business: the release build has -Werror.
SANITIZED_OPTIONS = ["-Db_sanitize=address,undefined", "-Ddebug=false", "-Doptimization=1",
                     "-Dcpp_args=-g1", "-Db_ndebug=false", "-Db_lundef=false", "-Dwerror=false",
                     "-Dfuzz=true", "-Dtests=true"]
SANITIZER_ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "LSAN_OPTIONS": f"suppressions={ROOT}/tests/lsan.supp:print_suppressions=0",
}


class Count:
    """Cases of a layer. A layer without a single case has failed: nothing was proven."""

    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        return self

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def sh(command, **environment):
    """Runs a command of the layers, its output where ours goes; returns the exit code."""
    sys.stdout.flush()
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment},
                          stdin=subprocess.DEVNULL, check=False).returncode


def build(directory, options, targets=(), **environment):
    command = ["scripts/build", "-C", directory]
    for option in options:
        command += ["-o", option]
    return sh([*command, *targets], **environment) == 0


def from_junit(path, exit_code):
    """Counts of a junit file; a run that ended badly has at least one failure."""
    count = Count()
    if path.exists():
        for case in xml.parse(path).iter("testcase"):
            tags = {child.tag for child in case}
            if tags & {"failure", "error"}:
                count.failed += 1
            elif "skipped" in tags or case.get("status") == "notrun":
                count.skipped += 1
            else:
                count.passed += 1
    if count.failed == 0 and (exit_code != 0 or count.passed == 0):
        count.failed = 1
    return count


def meson_tests(directory, suites, **environment):
    log = ROOT / directory / "meson-logs" / "testlog.junit.xml"
    log.unlink(missing_ok=True)
    command = ["meson", "test", "-C", directory, "--print-errorlogs", "--no-rebuild", "-q"]
    for suite in suites:
        command += ["--suite", suite]
    return from_junit(log, sh(command, **environment))


def release_build():
    """The release build with its tests (a build made by scripts/demo has none yet)."""
    if (ROOT / BUILD / "build.ninja").exists():
        asked = subprocess.run(["meson", "introspect", BUILD, "--buildoptions"], cwd=ROOT,
                               capture_output=True, text=True, check=True).stdout
        if not next(o["value"] for o in json.loads(asked) if o["name"] == "tests"):
            sh(["meson", "configure", BUILD, "-Dtests=true"])
    return build(BUILD, ["-Dtests=true"])


def format_layer(_):
    files = subprocess.run(["git", "ls-files", "*.cc", "*.h"], cwd=ROOT, capture_output=True,
                           text=True, check=True).stdout.split()
    there = [f for f in files if (ROOT / f).exists()]
    bad = sh(["clang-format-14", "--dry-run", "-Werror", "--ferror-limit=1", *there])
    return Count(failed=1) if bad else Count(passed=1)


def unit_layer(_):
    return meson_tests(BUILD, ["unit"]) if release_build() else Count(failed=1)


def packet_layer(_):
    return meson_tests(BUILD, ["packet"]) if release_build() else Count(failed=1)


def sanitized_build(targets):
    compiler = "ccache clang++-14" if shutil.which("ccache") else "clang++-14"
    return build(SANITIZED, SANITIZED_OPTIONS, targets, CXX=compiler)


def sanitizer_layer(_):
    if not sanitized_build(["meson-test-prereq"]):
        return Count(failed=1)
    return meson_tests(SANITIZED, ["unit", "packet"], **SANITIZER_ENVIRONMENT)


def fuzz_layer(options):
    """Every target fuzz_NAME with the seeds of tests/fuzz/corpus/NAME, all at the same time."""
    if not sanitized_build(["build.ninja"]):
        return Count(failed=1)
    asked = subprocess.run(["meson", "introspect", SANITIZED, "--targets"], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout
    programs = [Path(t["filename"][0]) for t in json.loads(asked)
                if t["type"] == "executable" and t["name"].startswith("fuzz_")]
    targets = [str(p.relative_to(ROOT / SANITIZED)) for p in programs]
    if not programs or not sanitized_build(targets):
        return Count(failed=1)
    runs = [(p.name, *_start_fuzzing(p, options.fuzz_seconds)) for p in programs]
    count = Count()
    for name, process, log in runs:
        code = process.wait()
        lines = log.read_text(errors="replace").splitlines()
        executed = next((l.split()[-1] for l in lines if "number_of_executed_units" in l), "?")
        print(f"  {name}: {executed} inputs in {options.fuzz_seconds} s, exit {code}")
        if code != 0:
            print("\n".join("    " + line for line in lines[-40:]))
        count += Count(failed=1) if code else Count(passed=1)
    return count


def _start_fuzzing(program, seconds):
    name = program.name.removeprefix("fuzz_")
    seeds = ROOT / "tests" / "fuzz" / "corpus" / name
    if not seeds.is_dir():
        raise SystemExit(f"test: {program.name} has no seeds in {seeds}")
    work = ROOT / SANITIZED / "corpus" / name
    work.mkdir(parents=True, exist_ok=True)
    log = ROOT / SANITIZED / f"{program.name}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [program, f"-max_total_time={seconds}", "-print_final_stats=1", "-timeout=10",
             "-rss_limit_mb=4096", f"-artifact_prefix={ROOT / SANITIZED}/{name}-", work, seeds],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            env={**os.environ, **SANITIZER_ENVIRONMENT})
    return process, log


def system_layer(options):
    if not release_build():
        return Count(failed=1)
    report = ROOT / BUILD / "system.junit.xml"
    report.unlink(missing_ok=True)
    command = ["pytest-3", "-q", "-p", "no:cacheprovider", "tests/system", *(["--all"] if options.all else [])]
    if os.geteuid() != 0:
        listed = subprocess.run([*command, "--collect-only"], cwd=ROOT, capture_output=True,
                                text=True, check=False).stdout
        cases = sum("::" in line for line in listed.splitlines())
        print("  the system tests need root: none was run")
        return Count(skipped=cases)
    sh(["scripts/hugepages", "1024"])
    return from_junit(report, sh([*command, f"--junitxml={report}"]))


LAYERS = {"format": format_layer, "unit": unit_layer, "packet": packet_layer,
          "sanitizer": sanitizer_layer, "fuzz": fuzz_layer, "system": system_layer}


def main():
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="format and unit only")
    parser.add_argument("--layer", action="append", choices=LAYERS, help="only this one")
    parser.add_argument("--fuzz-seconds", type=int, default=60, help="for each fuzz target")
    parser.add_argument("--all", action="store_true", help="system: every combination, not pairs of them")
    options = parser.parse_args()
    chosen = options.layer or (["format", "unit"] if options.quick else list(LAYERS))
    total, lines = Count(), []
    for name in chosen:
        print(f"== {name}")
        start = time.monotonic()
        count = LAYERS[name](options)
        total += count
        lines.append(f"{name:10} {count} ({time.monotonic() - start:.0f} s)")
    print("== layers")
    print("\n".join(lines))
    print(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
