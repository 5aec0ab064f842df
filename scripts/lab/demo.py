# SPDX-License-Identifier: Apache-2.0
"""What scripts/demo shows: 300 requests through lbd, spread 2:1 over two real web servers."""
import argparse
import collections
import sys
import time

from director import Director, LabError, binary, have_hugepages, lcores
from lab import VIP4, Lab

REQUESTS = 300
EXPECTED = {"rs1": 200, "rs2": 100}
CONFIG = """\
lbd: {{socket: {socket}}}
dataplane:
  control_core: 0
  worker_cores: {cores}
  hugepages: {hugepages}
  max_connections: 100000
  idle: sleep                       # a lab: leave the core to the servers when there is nothing to do
  eal_args: {eal_args}
ports:
  - {{name: wan0, device: "af_xdp:v0", addresses: [192.0.2.11/24, "2001:db8::11/64"]}}
services:
  - name: web
    listen: ["192.0.2.20:80"]
    forwarding: dr
    scheduler: wrr
    real_servers: [{{address: 192.0.2.31, weight: 2}}, {{address: 192.0.2.32, weight: 1}}]
  - name: web6
    listen: ["[2001:db8::20]:80"]
    forwarding: dr
    scheduler: rr
    real_servers: [{{address: "2001:db8::31"}}, {{address: "2001:db8::32"}}]
"""
KEPT = """\
The lab is up. Talk to it:
  {enter} client curl http://192.0.2.20/
  {enter} client curl 'http://[2001:db8::20]/'
  {enter} client ping -c 3 192.0.2.11
  {enter} dir ip -br addr
  {lbctl} services
  {lbctl} weight web 192.0.2.31 0
  {lbctl} explain 192.0.2.101:4711 192.0.2.20:80
  $EDITOR {file} && {lbctl} reload
  tail -f {log}
The namespaces are {names}; 'ip netns exec' works, too. Remove everything with
  scripts/demo --down"""


def requests(lab):
    """REQUESTS requests by one curl, a new connection each; returns how many each server answered and
    how long that took in seconds."""
    start = time.monotonic()
    done = lab.run("client", "curl", "-sS", "--max-time", "10", "-H", "Connection: close",
                   f"http://{VIP4}/[1-{REQUESTS}]")
    return collections.Counter(done.stdout.split()), time.monotonic() - start


def show(title, text):
    print(f"\n$ {title}")
    print("\n".join("  " + line for line in text.rstrip().splitlines()))


def table(answered, seconds):
    print(f"\n{REQUESTS} requests, a new connection each, in {seconds:.1f} s:\n")
    print("  server  weight  requests  expected")
    for name, weight in (("rs1", 2), ("rs2", 1)):
        print(f"  {name:6}  {weight:6}  {answered[name]:8}  {EXPECTED[name]:8}")


def demo(lab, director):
    lab.up()
    cores, eal_args = lcores(1)
    director.start(CONFIG.format(socket=director.socket, cores=cores, eal_args=eal_args,
                                 hugepages=str(have_hugepages()).lower()))
    print(f"demo: client, lbd and two nginx servers run in namespaces {lab.prefix}-*")
    answered, seconds = requests(lab)
    show("lbctl status", director.ctl("status").stdout)
    show("lbctl services", director.ctl("services").stdout)
    table(answered, seconds)
    if answered != EXPECTED:
        print(f"\ndemo: FAILED: answered {dict(answered)}; the log's end:\n{director.log_tail()}")
        return 1
    print("\ndemo: ok, spread by weight")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the lab up and say how to use it")
    parser.add_argument("--down", action="store_true", help="remove a lab that was kept")
    options = parser.parse_args()
    lab = Lab()
    if options.down:
        lab.down()
        return 0
    director = Director(lab)
    keep = False
    try:
        code = demo(lab, director)
        keep = options.keep
    finally:
        if not keep:
            if director.running():
                director.stop()
            lab.down()
    if keep:
        print("\n" + KEPT.format(enter="scripts/lab/lab in", names=", ".join(lab.names()),
                                 lbctl=f"{binary('lbctl')} --socket {director.socket}",
                                 file=director.file, log=director.log))
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
