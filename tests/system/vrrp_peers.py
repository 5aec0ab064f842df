# SPDX-License-Identifier: Apache-2.0
"""Other people's VRRP in the lab, and another opinion on what is on the wire."""
import json
import os
import shutil
import signal
import subprocess

from lab import VIP4, VIP6, LabError, wait_for
from vrrp_lab import holds

KEEPALIVED = """\
global_defs {{
  router_id lab
  vrrp_version {version}
  vrrp_garp_master_delay 1
}}
vrrp_instance VI_1 {{
  state BACKUP
  interface v0
  virtual_router_id 51
  priority {priority}
  advert_int {interval}
  {more}
  virtual_ipaddress {{ {addresses} }}
}}
"""


class Peer:
    """A process in the namespace of director n (2 or 3), whose interface v0 becomes the kernel's own."""

    def __init__(self, lab, n):
        self.lab = lab
        self.n = n
        self.ns = f"dir{n}"
        self.home = lab.dir / f"peer{n}"
        self.process = None
        self.home.mkdir(exist_ok=True)
        lab.run(self.ns, "sh", "-ec",
                "sysctl -qw net.ipv6.conf.v0.disable_ipv6=0 net.ipv6.conf.v0.accept_dad=0\n"
                f"ip addr replace 192.0.2.{10 + n}/24 dev v0\n"
                f"ip addr replace 2001:db8::{10 + n}/64 dev v0 nodad")

    def holds(self, vip=VIP4):
        return holds(self.lab, self.ns, vip)

    def spawn(self, name, *command):
        with (self.home / f"{name}.log").open("ab") as log:
            return subprocess.Popen(self.lab.inside(self.ns, *command), stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log, start_new_session=True)

    def kill(self, sig=signal.SIGKILL):
        if self.process is not None:
            try:
                os.killpg(self.process.pid, sig)
            except ProcessLookupError:
                pass
            self.process.wait(10)
            self.process = None

    def close(self):
        self.kill()
        self.lab.run(self.ns, "sh", "-ec",
                     "ip -o link show type macvlan | sed 's/^[0-9]*: //;s/@.*//' | "
                     "xargs -r -n1 ip link del\nip addr flush dev v0\n"
                     "sysctl -qw net.ipv6.conf.v0.disable_ipv6=1")
        shutil.rmtree(self.home, ignore_errors=True)


class Keepalived(Peer):
    def start(self, priority=100, version=3, interval="0.1", more="", addresses=VIP4):
        conf = self.home / "keepalived.conf"
        conf.write_text(KEEPALIVED.format(version=version, priority=priority, interval=interval,
                                          more=more, addresses=addresses))
        self.process = self.spawn("keepalived", "keepalived", "-n", "-l", "-D", "-P", "-f", conf,
                                  "-p", self.home / "pid", "-r", self.home / "vrrp.pid")
        return self


class Frr(Peer):
    """FRR's vrrpd and the zebra that it needs. The macvlan that holds the address is ours to make."""

    def start(self, priority=100, version=3, interval_ms=100, v6=False):
        name, mac = ("vrrp6-2-1", "00:00:5e:00:02:33") if v6 else ("vrrp4-2-1", "00:00:5e:00:01:33")
        vip = f"{VIP6}/64" if v6 else f"{VIP4}/24"
        self.lab.run(self.ns, "sh", "-ec",
                     f"ip link add {name} link v0 type macvlan mode bridge\n"
                     f"ip link set {name} address {mac}\nsysctl -qw net.ipv6.conf.{name}.accept_dad=0\n"
                     f"ip addr add {vip} dev {name} {'nodad' if v6 else ''}\nip link set {name} up")
        kind = "ipv6" if v6 else "ip"
        conf = self.home / "frr.conf"
        conf.write_text(f"log file {self.home}/frr.log\ninterface v0\n vrrp 51 version {version}\n"
                        f" vrrp 51 priority {priority}\n"
                        f" vrrp 51 advertisement-interval {interval_ms}\n"
                        f" vrrp 51 {kind} {vip.split('/')[0]}\n")
        shutil.chown(self.home, "frr", "frrvty")  # who they make themselves
        shutil.chown(conf, "frr", "frrvty")
        common = ["--vty_socket", self.home, "-z",
                  self.home / "zserv.api", "-f", conf]
        self.zebra = self.spawn("zebra", "/usr/lib/frr/zebra", *common, "-i", self.home / "zebra.pid")
        wait_for("zebra", (self.home / "zserv.api").exists)
        self.process = self.spawn("vrrpd", "/usr/lib/frr/vrrpd", *common, "-i",
                                  self.home / "vrrpd.pid")
        self.family = "v6" if v6 else "v4"
        return self

    def state(self):
        done = self.lab.run(self.ns, "vtysh", "--vty_socket", self.home, "-d", "vrrpd", "-c",
                            "show vrrp json", check=False)
        try:
            return json.loads(done.stdout)[0][self.family]["status"]
        except (ValueError, LookupError):
            return f"? {done.stdout} {done.stderr}"

    def kill(self, sig=signal.SIGKILL):
        super().kill(sig)
        if getattr(self, "zebra", None) is not None:
            os.killpg(self.zebra.pid, signal.SIGKILL)
            self.zebra.wait(10)
            self.zebra = None


class Wire:
    """Captures VRRP on the switch; verdict() is tshark's."""

    def __init__(self, lab):
        self.lab = lab
        self.file = lab.dir / "wire.pcap"
        self.process = subprocess.Popen(
            lab.inside("sw", "dumpcap", "-q", "-i", "br0", "-f", "ip proto 112 or ip6 proto 112",
                       "-w", self.file), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        wait_for("the capture", lambda: self.file.exists() and self.file.stat().st_size > 0)

    def verdict(self, any_hops=None):
        """(packets, those that are malformed or have a wrong checksum, as text). Hop limits must be 255 but for those
        from `any_hops`."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        done = self.lab.run("sw", "tshark", "-r", self.file, "-o", "ip.check_checksum:TRUE", "-T",
                            "fields", "-E", "separator=|", "-e", "ip.src", "-e", "ipv6.src", "-e",
                            "vrrp.checksum.status", "-e", "_ws.malformed", "-e",
                            "ip.checksum.status", "-e", "ip.ttl", "-e", "ipv6.hlim", timeout=300)
        rows = [line.split("|") for line in done.stdout.splitlines()]
        bad = [row for row in rows
               if row[2] not in ("1", "Good") or row[3] 
               or ((row[5] or row[6]) != "255" and any_hops not in row[:2])]
        return len(rows), bad

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


__all__ = ["Frr", "Keepalived", "LabError", "Wire"]
