#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a virtual address is without service when its master goes: lbd, and keepalived in the same lab.

    tests/system/failover.py [RUNS]

A client sends a UDP request to the address every 5 ms; what counts is the longest time between two requests
that were answered, less the 5 ms. With lbd the requests go through a dr service to a real server, with keepalived
(which this kernel gives no IPVS) to the director itself. Prints one line a case with all runs, in ms."""
import os
import signal
import subprocess
import sys
import time

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
    s.sendto(data, peer)
"""
CLIENT = """
import select, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setblocking(False)
end = time.monotonic() + float(sys.argv[2])
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
times = sorted(sent[n] for n in set(answered))
print(max((b - a for a, b in zip(times, times[1:])), default=9) * 1000 - 5)
"""


def measure(lab, seconds, action):
    """The longest gap of a client in ms while `action` happens a second after its start."""
    client = lab.start("client", sys.executable, "-c", CLIENT, VIP4, seconds, stdout=subprocess.PIPE,
                       text=True)
    time.sleep(1)
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


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    lab = vrrp_lab()
    try:
        for n in (1, 2):
            lab.start(f"rs{n}", sys.executable, "-c", ECHO, VIP4)
        graceful, kill = (lambda one: one.stop()), (lambda one: one.kill())
        show("lbd, stop, 100 ms", lbd_case(lab, runs, graceful))
        show("lbd, kill -9, 10 ms", lbd_case(lab, runs, kill, advertisement_interval="10ms"))
        show("lbd, kill -9, 100 ms", lbd_case(lab, runs, kill))
        show("lbd, kill -9, 1 s", lbd_case(lab, runs, kill, advertisement_interval="1s"))
        show("keepalived, stop, 100 ms",
             keepalived_case(lab, runs, lambda one: one.kill(signal.SIGTERM), "0.1"))
        show("keepalived, kill -9 (and address), 10 ms", keepalived_case(lab, runs, kill, "0.01"))
        show("keepalived, kill -9 (and address), 1 s", keepalived_case(lab, runs, kill, "1"))
    finally:
        lab.down()


if __name__ == "__main__":
    main()
