#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a virtual address is without service when its master goes: lbd, and keepalived in the same lab.

    tests/system/failover.py [RUNS [CASE]]

A client sends a UDP request to the address every 5 ms; what counts is the longest time between two requests
that were answered, less the 5 ms. With lbd the requests go through a dr service to a real server, with keepalived
(which this kernel gives no IPVS) to the director itself. Prints one line a case (those whose name contains CASE) with all
runs, in ms."""
import datetime
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..", "..", "scripts", "lab"),
                os.path.dirname(__file__)]
from director import service  # noqa: E402
from lab import VIP4, wait_for  # noqa: E402
from vrrp_lab import Lbd, instance, vrrp_lab  # noqa: E402
from vrrp_peers import Keepalived  # noqa: E402

PORT = 7
PERIOD = 0.005
ECHO = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 7))
while True:
    data, peer = s.recvfrom(64)
    try:
        s.sendto(data, peer)
    except OSError:  # its addresses are being taken away
        pass
"""
CLIENT = """
import select, socket, sys, time
ready = 100  # answers before whatever is to happen
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setblocking(False)
end = float("inf")
sent, answered, due = {}, [], time.monotonic()
number = 0
while time.monotonic() < end:
    now = time.monotonic()
    if now >= due:
        due += 0.005
        sent[number] = now
        try:
            s.sendto(str(number).encode(), (sys.argv[1], 7))
        except OSError:
            pass
        number += 1
    select.select([s], [], [], max(0, due - time.monotonic()))
    while True:
        try:
            answered.append(int(s.recv(64)))
        except OSError:
            break
    if end == float("inf") and len(answered) > ready:
        print("ready", flush=True)
        end = time.monotonic() + float(sys.argv[2])
times = sorted(sent[n] for n in set(answered))
print(max((b - a for a, b in zip(times, times[1:])), default=9) * 1000 - 5)
"""


def measure(lab, seconds, action):
    """The longest gap of a client in ms when `action` happens after its first hundred answers."""
    client = lab.start("client", sys.executable, "-c", CLIENT, VIP4, seconds, stdout=subprocess.PIPE,
                       text=True)
    assert client.stdout.readline() == "ready\n"
    action()
    return float(client.communicate()[0])


def lbd_case(lab, runs, how, **more):
    echo = service("echo", weights=(1, 1), scheduler="rr", port=PORT, protocol="udp")
    a, b = Lbd(lab, 1), Lbd(lab, 2)
    seconds = 6 if more.get("advertisement_interval") == "1s" else 3
    b.start(b.vrrp_config(instance(100, **more), services=[echo]))
    out = []
    try:
        for _ in range(runs):
            a.start(a.vrrp_config(instance(200, **more), services=[echo]))
            wait_for("lbd 1 to be master", lambda: a.state() == "MASTER", 20)
            wait_for("lbd 2 to be backup", lambda: b.state() == "BACKUP", 20)
            out.append(measure(lab, seconds, lambda: how(a)))
            a.kill()
    finally:
        a.kill()
        b.kill()
    return out


def lower_priority_case(lab, runs, **more):
    """(gaps of the client, times from the end of a tracked process to the other's MASTER), in ms."""
    echo = service("echo", weights=(1, 1), scheduler="rr", port=PORT, protocol="udp")
    a, b = Lbd(lab, 1), Lbd(lab, 2)
    program = Path(lab.dir) / "watched"
    program.unlink(missing_ok=True)
    program.symlink_to("/bin/sleep")
    b.start(b.vrrp_config(instance(100, **more), services=[echo]))
    track = {"processes": [{"name": program.name, "weight": -150}]}
    a.start(a.vrrp_config(instance(200, track=track, **more), services=[echo]))
    gaps, times = [], []
    try:
        for _ in range(runs):
            runs_now = lab.start("dir", program, "1000")
            wait_for("lbd 1 to be master", lambda: a.vrrp()["effective_priority"] == 200
                     and a.state() == "MASTER", 20)
            wait_for("lbd 2 to be backup", lambda: b.state() == "BACKUP", 20)

            def end(process=runs_now):
                times.append(time.time())
                process.kill()
                process.wait()

            gaps.append(measure(lab, 6 if more.get("advertisement_interval") == "1s" else 3, end))
            times[-1] = (became_master_at(b) - times[-1]) * 1000
    finally:
        a.kill()
        b.kill()
    return gaps, times


def became_master_at(director):
    """When its log says so last, as time.time()."""
    line = [text for text in director.log.read_text().splitlines() if "-> MASTER" in text][-1]
    return datetime.datetime.fromisoformat(line.split()[0]).timestamp()


def crash(keepalived):
    """Its end alone leaves the address where it is, and the kernel goes on to answer; that of a director does
    not."""
    keepalived.kill()
    keepalived.lab.run(keepalived.ns, "ip", "addr", "del", f"{VIP4}/32", "dev", "v0", check=False)


def keepalived_case(lab, runs, how, interval):
    echoes = []
    for ns in ("dir2", "dir3"):
        lab.run(ns, "sysctl", "-qw", "net.ipv4.ip_nonlocal_bind=1")
        echoes.append(lab.start(ns, sys.executable, "-c", ECHO, VIP4))
    first, second = Keepalived(lab, 2), Keepalived(lab, 3)
    out = []
    try:
        second.start(priority=100, interval=interval)
        for _ in range(runs):
            first.start(priority=200, interval=interval)
            wait_for("the first to be master", first.holds, 20)
            wait_for("the second to be backup", lambda: not second.holds(), 20)
            out.append(measure(lab, 6 if interval == "1" else 3, lambda: how(first)))
            first.kill()
            lab.run(first.ns, "ip", "addr", "del", f"{VIP4}/32", "dev", "v0", check=False)
    finally:
        first.close()
        second.close()
        for echo in echoes:
            echo.kill()
            echo.wait()
    return out


def show(name, figures):
    figures = sorted(figures)
    print(f"{name:38} median {figures[len(figures) // 2]:7.1f}  worst {figures[-1]:7.1f}  all "
          + " ".join(f"{one:.1f}" for one in figures), flush=True)


def cases(lab, runs):
    """(name, what gives its figures); a case that gives two lists has the two kinds behind its name."""
    graceful, kill = (lambda one: one.stop()), (lambda one: one.kill())
    fast, slow = {"advertisement_interval": "10ms"}, {"advertisement_interval": "1s"}
    return [
        ("lbd, stop, 100 ms", lambda: lbd_case(lab, runs, graceful)),
        ("lbd, kill -9, 10 ms", lambda: lbd_case(lab, runs, kill, **fast)),
        ("lbd, kill -9, 100 ms", lambda: lbd_case(lab, runs, kill)),
        ("lbd, kill -9, 1 s", lambda: lbd_case(lab, runs, kill, **slow)),
        ("lbd, lower priority, 100 ms", lambda: lower_priority_case(lab, runs)),
        ("lbd, lower priority, 1 s", lambda: lower_priority_case(lab, runs, **slow)),
        ("keepalived, stop, 100 ms",
         lambda: keepalived_case(lab, runs, lambda one: one.kill(signal.SIGTERM), "0.1")),
        ("keepalived, kill -9 (and address), 10 ms", lambda: keepalived_case(lab, runs, crash, "0.01")),
        ("keepalived, kill -9 (and address), 1 s", lambda: keepalived_case(lab, runs, crash, "1")),
    ]


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    lab = vrrp_lab()
    try:
        for n in (1, 2):
            lab.start(f"rs{n}", sys.executable, "-c", ECHO, VIP4)
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} CPUs, {runs} runs a case, times in ms")
        for name, measured in cases(lab, runs):
            if wanted not in name:
                continue
            figures = measured()
            if isinstance(figures, tuple):
                show(name + ": gap", figures[0])
                show(name + ": takeover", figures[1])
            else:
                show(name, figures)
    finally:
        lab.down()


if __name__ == "__main__":
    main()
