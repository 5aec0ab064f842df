# SPDX-License-Identifier: Apache-2.0
"""The two devices under test: testpmd, which only swaps MACs, and lbd. Both sit on the same virtio-user device at
the other end of the generator's vhost-user socket, with one core, so that the ratio is the cost of what lbd does."""
import contextlib
import json

from machine import Process, RigError, binary, namespace, run, wait_for

DUT_MAC = "02:00:00:00:00:02"
GENERATOR_MAC = "02:00:00:00:00:01"
SERVERS = range(1, 5)
PORT = "bench0"
# Packed rings, used in order and without mergeable buffers: the layout that the driver handles with vector
# code. Split rings are half as fast. docs/performance.md has the figures.
VIRTIO = "queues=1,queue_size=1024,packed_vq=1,in_order=1,mrg_rxbuf=0,vectorized=1"


CONFIG = """\
lbd: {{name: bench, socket: {control}}}
dataplane:
  control_core: 0
  worker_cores: [1]
  idle: poll
  max_connections: {max_connections}
  timeouts: {{udp: {udp_timeout}}}
  eal_args: ["--lcores={lcores}"]
ports:
  - {{name: {port}, device: "vdev:{device}", addresses: ["{address}"]}}
services:
  - name: bench
    listen: ["{listen}"]
    protocol: {proto}
    forwarding: dr
    scheduler: rr
    real_servers: [{servers}]
"""


def device(socket):
    return f"net_virtio_user0,path={socket},mac={DUT_MAC},{VIRTIO}"


def server_mac(n):
    return f"02:00:00:00:01:{n:02x}"


def server(family, n):
    return f"192.0.2.{30 + n}" if family == 4 else f"2001:db8::{30 + n:x}"


def vip(family):
    return "192.0.2.20" if family == 4 else "2001:db8::14"


class Macswap:
    """Swaps the MACs and looks at nothing: what the device itself costs."""
    name = "testpmd"
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
    """One dr service of four real servers, round robin, one worker."""
    name = "lbd"
    comes_back_to = [server_mac(n) for n in SERVERS]

    @contextlib.contextmanager
    def running(self, socket, directory, options):
        file, control = directory / "lb.yaml", directory / "lbd.sock"
        file.write_text(self._config(socket, control, options))
        with namespace(options.namespace) as ns:
            command = ["ip", "netns", "exec", ns, binary("lbd"), "-c", file]
            with Process("lbd", command, directory / "lbd.log") as process:
                wait_for("lbd to answer", lambda: self._answers(process, control))
                self._meet_servers(ns, control, options.family)
                yield process

    def _config(self, socket, control, options):
        family = options.family
        servers = ", ".join(f'{{address: "{server(family, n)}"}}' for n in SERVERS)
        return CONFIG.format(
            control=control, udp_timeout=options.udp_timeout, max_connections=options.max_connections,
            lcores=f"0@{options.generator_core},1@{options.dut_core}", port=PORT, device=device(socket),
            address="192.0.2.11/24" if family == 4 else "2001:db8::11/64", proto=options.proto,
            listen=f"{vip(family)}:80" if family == 4 else f"[{vip(family)}]:80", servers=servers)

    def _answers(self, process, control):
        process.check_running()
        done = run(binary("lbctl"), "--socket", control, "--json", "status", check=False)
        return done.returncode == 0 and DUT_MAC in done.stdout.lower()

    def _meet_servers(self, ns, control, family):
        """There is no real server on this wire to answer ARP: the kernel is told, lbd hears it from there."""
        for n in SERVERS:
            run("ip", "-n", ns, "neigh", "replace", server(family, n), "lladdr", server_mac(n),
                "dev", PORT, "nud", "permanent")

        def known():
            text = run(binary("lbctl"), "--socket", control, "--json", "neighbours").stdout.lower()
            return all(server_mac(n) in text for n in SERVERS)
        wait_for("lbd to know its real servers' MACs", known)

    @staticmethod
    def counters(directory):
        """What lbd did with the packets; for a report of losses."""
        done = run(binary("lbctl"), "--socket", directory / "lbd.sock", "--json", "counters", check=False)
        if done.returncode != 0:
            return {}
        with contextlib.suppress(json.JSONDecodeError):
            verdicts = json.loads(done.stdout).get("verdicts", {})
            return {name: count for name, count in verdicts.items() if count}
        raise RigError("lbctl counters: the answer is no JSON")
