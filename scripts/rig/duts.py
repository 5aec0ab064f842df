# SPDX-License-Identifier: Apache-2.0
"""The devices under test: testpmd, which only swaps MACs, and lbd by each forwarding method. All sit on the same
virtio-user device at the other end of the generator's vhost-user socket, with one core, so that the ratio is the cost of
what lbd does."""
import contextlib
import json

from machine import Process, RigError, binary, namespace, run, wait_for

DUT_MAC = "02:00:00:00:00:02"
GENERATOR_MAC = "02:00:00:00:00:01"
SERVERS = range(1, 5)
ROUTER = 254  # the next hop towards the clients
PORT = "bench0"
METHODS = ["dr", "nat", "fullnat", "ipip", "gre", "gue"]
# Packed rings, used in order and without mergeable buffers: the layout that the driver handles with vector
# code. Split rings are half as fast. docs/performance.md has the figures.
VIRTIO = "queues=1,queue_size=1024,packed_vq=1,in_order=1,mrg_rxbuf=0,vectorized=1"


CONFIG = """\
lbd: {{name: bench, socket: {control}}}
dataplane:
  control_core: {control_core}
  worker_cores: {worker_cores}
  idle: poll
  max_connections: {max_connections}
  timeouts: {{udp: {udp_timeout}}}
  eal_args: ["--lcores={lcores}"]
{steering}ports:
  - name: {port}
    device: "vdev:{device}"
    addresses: ["{address}"]
{port_lines}routes:
  - {{to: default, via: "{router}"}}
services:
  - name: bench
    listen: ["{listen}"]
    protocol: {proto}
    forwarding: {forwarding}
    scheduler: rr
    real_servers: [{servers}]
"""


def device(socket):
    return f"net_virtio_user0,path={socket},mac={DUT_MAC},{VIRTIO}"


def sees_answers(method):
    return method in ("nat", "fullnat")


def host_mac(n):
    return f"02:00:00:00:01:{n:02x}"


def host(family, n):
    return f"192.0.2.{n}" if family == 4 else f"2001:db8::{n:x}"


def server(n):
    return 30 + n


def vip(family):
    return host(family, 20)


def first_client(family):
    """Behind the router. Of IPv6 with the 96 bits of the port's network, as the generator needs it."""
    return "10.0.0.0" if family == 4 else "2001:db8::a00:0"


def known_hosts():
    return [server(n) for n in SERVERS] + [ROUTER]


class Macswap:
    """Swaps the MACs and looks at nothing: what the device itself costs."""
    name = "testpmd"
    method = "dr"  # IP comes back as it was sent
    comes_back_to = [GENERATOR_MAC]

    @contextlib.contextmanager
    def running(self, socket, directory, options):
        command = ["dpdk-testpmd", f"--lcores=0@{options.generator_core},1@{options.dut_core}",
                   "--in-memory", "--single-file-segments", "--no-pci", "--no-telemetry", "-m", "256",
                   f"--vdev={device(socket)}", "--", "--forward-mode=macswap", "--nb-cores=1",
                   "--burst=64", "--rxd=1024", "--txd=1024", "--auto-start",
                   "--stats-period=3600"]
        with Process("testpmd", command, directory / "testpmd.log") as process:
            yield process  # the generator waits for the link, and repeats what was lost until all is up


class Lbd:
    """One service of four real servers by one method, round robin."""

    comes_back_to = [host_mac(server(n)) for n in SERVERS]

    def __init__(self, method):
        self.name = self.method = method

    @contextlib.contextmanager
    def running(self, socket, directory, options):
        layout = {
            "control_core": 0, "worker_cores": [1], "steering": "", "queues": "", "device": device(socket),
            "lcores": f"0@{options.generator_core},1@{options.dut_core}"}
        with self.started(layout, directory, options) as process:
            yield process

    @contextlib.contextmanager
    def started(self, layout, directory, options, first=True):
        """`layout`: cores, device and queues, as CONFIG has them. `first`: before all else on the machine."""
        file, control = directory / "lb.yaml", directory / "lbd.sock"
        file.write_text(self._config(control, layout, options))
        with namespace(options.namespace) as ns:
            command = ["ip", "netns", "exec", ns, binary("lbd"), "-c", file]
            with Process("lbd", command, directory / "lbd.log", first) as process:
                wait_for("lbd to answer", lambda: self._answers(process, control))
                self._meet_hosts(ns, control, options.family)
                yield process

    def _config(self, control, layout, options):
        family = options.family
        tunnel = "" if self.method in ("dr", "nat", "fullnat") else f", tunnel: {{type: {self.method}}}"
        port = ", port: 8080" if sees_answers(self.method) else ""
        servers = ", ".join(f'{{address: "{host(family, server(n))}"{port}{tunnel}}}' for n in SERVERS)
        local = f'    local_addresses: ["{host(family, 64)}-{host(family, 127)}"]\n' if self.method == "fullnat" else ""
        return CONFIG.format(
            control=control, udp_timeout=options.udp_timeout, max_connections=options.max_connections, port=PORT,
            address=f"{host(family, 11)}/{24 if family == 4 else 112}", proto=options.proto,
            router=host(family, ROUTER), port_lines=layout["queues"] + local,
            listen=f"{vip(family)}:80" if family == 4 else f"[{vip(family)}]:80", servers=servers,
            forwarding="tun" if tunnel else self.method, **layout)

    def _answers(self, process, control):
        process.check_running()
        done = run(binary("lbctl"), "--socket", control, "--json", "status", check=False)
        return done.returncode == 0 and f'"{PORT}"' in done.stdout

    def _meet_hosts(self, ns, control, family):
        """There is nobody on this wire to answer ARP: the kernel is told, lbd hears it from there."""
        for n in known_hosts():
            run("ip", "-n", ns, "neigh", "replace", host(family, n), "lladdr", host_mac(n),
                "dev", PORT, "nud", "permanent")

        def known():
            text = run(binary("lbctl"), "--socket", control, "--json", "neighbours").stdout.lower()
            return all(host_mac(n) in text for n in known_hosts())
        wait_for("lbd to know its real servers' MACs", known)

    @staticmethod
    def counters(directory):
        """What lbd did with the packets: its verdicts."""
        done = run(binary("lbctl"), "--socket", directory / "lbd.sock", "--json", "counters", check=False)
        if done.returncode != 0:
            return {}
        with contextlib.suppress(json.JSONDecodeError):
            verdicts = json.loads(done.stdout).get("verdicts", {})
            return {name: count for name, count in verdicts.items() if count}
        raise RigError("lbctl counters: the answer is no JSON")
