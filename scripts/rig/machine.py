# SPDX-License-Identifier: Apache-2.0
"""What the rig borrows from the machine, and gives back: huge pages, processes, a namespace."""
import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("LBD_BUILD", "build-bench")
HUGE_PAGES = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")


class RigError(Exception):
    """Why a measurement could not be made, in one line or with a log below it."""


def binary(name):
    found = [p for p in BUILD.glob(f"**/{name}") if p.is_file() and os.access(p, os.X_OK)]
    if not found:
        raise RigError(f"{name} is not built in {BUILD}: run scripts/bench")
    return str(found[0])


def run(*command, check=True):
    """A short command; its output is the error's text where it fails."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=60)
    if check and done.returncode != 0:
        raise RigError(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.stdout.strip()}")
    return done


def wait_for(what, condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RigError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


@contextlib.contextmanager
def huge_pages(mebibytes):
    """Reserves what is missing and restores the number and the mount found before."""
    def pages():
        return HUGE_PAGES.read_text() if HUGE_PAGES.exists() else None

    def mounted():
        return " hugetlbfs " in Path("/proc/self/mounts").read_text()

    before, was_mounted, reserved = pages(), mounted(), None
    try:
        run(ROOT / "scripts/hugepages", mebibytes)
        reserved = pages()
        yield
    finally:
        # Somebody else may have reserved more in the meantime: then the number is theirs.
        if reserved not in (None, before) and pages() == reserved:
            HUGE_PAGES.write_text(before)
        if not was_mounted and mounted():
            run("umount", "/dev/hugepages", check=False)


@contextlib.contextmanager
def namespace(name):
    run("ip", "netns", "add", name)
    try:
        run("ip", "-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        run("ip", "netns", "del", name, check=False)


class Process:
    """A program with its log; `with` ends it, and so does the end of this script, whatever its cause."""

    def __init__(self, title, command, log, first=True):
        """`first`: before all else that the machine runs."""
        self.title = title
        self.command = [str(c) for c in command]
        self.bound = ["setpriv", "--pdeathsig", "TERM", "--", *self.command]
        self.log = Path(log)
        self.first = first
        self.process = None

    def __enter__(self):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self.bound, stdin=subprocess.PIPE, stdout=log,
                                            stderr=subprocess.STDOUT, start_new_session=True)
        if self.first:
            self._go_first()
        return self

    def _go_first(self):
        """What else runs on this machine must not decide the figures. A session of its own is a scheduling
        group of its own where the kernel makes such (sched_autogroup), and then the group's nice counts."""
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self.process.pid, -20)
            Path(f"/proc/{self.process.pid}/autogroup").write_text("-20")

    def __exit__(self, *_):
        for sig, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            if self.process.poll() is None:
                self.process.send_signal(sig)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(seconds)
        self.process.stdin.close()

    def running(self):
        return self.process.poll() is None

    def say(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def check_running(self):
        if not self.running():
            raise RigError(self.story(f"ended with {self.process.returncode}"))

    def wait(self, seconds):
        """The exit code must be 0."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise RigError(self.story(f"did not end within {seconds} s")) from None
        if code != 0:
            raise RigError(self.story(f"ended with {code}"))

    def story(self, what):
        tail = self.log.read_text(errors="replace").splitlines()[-15:]
        return "\n  ".join([f"{self.title} {what}", " ".join(self.command), *tail])


def description():
    """The machine in one line: processor, cores, memory, kernel."""
    model = next((line.split(":", 1)[1].strip() for line in
                  Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
                 "unknown processor")
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    virtual = ", virtual" if "hypervisor" in Path("/proc/cpuinfo").read_text() else ""
    return (f"{model}, {os.cpu_count()} cores{virtual}, {pages:.0f} GiB, "
            f"Linux {os.uname().release}")
