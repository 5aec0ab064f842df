# SPDX-License-Identifier: Apache-2.0
"""A network of namespaces in which lbd balances real traffic.

    client (192.0.2.101) ---+
    rs1 (192.0.2.31) -------+--- sw: a bridge ---- v0 in dir: lbd's port wan0 (192.0.2.11)
    rs2 (192.0.2.32) -------+                      (and the TAP twin of it, which lbd makes)

Everything has an IPv6 address beside it, 2001:db8:: with the same last number. With lan=True director
and servers have a second network, 198.51.100.0/24, 2001:db8:1::/64: v1 in dir, eth1 in the servers, which
answer the client by the first one. The director has a
namespace of its own, so that neither its TAPs nor its addresses touch the machine the lab runs on.
The virtual addresses 192.0.2.20 and 2001:db8::20 are on every real server's lo, silent to ARP and ND, as
direct routing wants it. Each real server runs an nginx that answers with its name.

Namespaces are entered with nsenter and not with `ip netns exec`: that remounts /sys, which a chroot
(a build machine, say) does not allow.
"""
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

VIP4, VIP6 = "192.0.2.20", "2001:db8::20"
PORT4, PORT6 = "192.0.2.11", "2001:db8::11"
CLIENT4, CLIENT6 = "192.0.2.101", "2001:db8::101"
OFFLOADS = ["rx", "tx", "sg", "tso", "gso", "gro", "txvlan", "rxvlan"]

NGINX_CONF = """\
worker_processes 1;
worker_rlimit_nofile 65536;
pid {dir}/nginx.pid;
error_log {dir}/error.log warn;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  keepalive_timeout 5s;
  default_type text/plain;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  server {{
    listen 80 backlog=4096;
    listen [::]:80 backlog=4096 ipv6only=on;
    location / {{ return 200 "{name}\\n"; }}
  }}
}}
"""


class LabError(RuntimeError):
    """A command of the lab failed; the text says which and what it printed."""


def server4(n):
    return f"192.0.2.{30 + n}"


def server6(n):
    return f"2001:db8::{30 + n}"


def lan4(n):
    return f"198.51.100.{30 + n}"


def lan6(n):
    return f"2001:db8:1::{30 + n}"


def wait_for(what, condition, seconds=10.0, pause=0.02):
    """Polls condition until it is true and returns its value; LabError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(pause)


class Lab:
    """One lab; `prefix` keeps several apart. up() and down() may be called any number of times."""

    def __init__(self, prefix=None, servers=2, lan=False):
        self.prefix = prefix or os.environ.get("LBD_LAB", "lbd")
        self.servers = servers
        self.lan = lan
        self.dir = Path(f"/run/{self.prefix}-lab")

    # Namespaces and processes in them.

    def ns(self, name):
        return f"{self.prefix}-{name}"

    def inside(self, name, *command):
        """The command line that runs `command` in namespace `name`."""
        return ["nsenter", f"--net=/run/netns/{self.ns(name)}", "--", *map(str, command)]

    def run(self, name, *command, check=True, timeout=60, **keywords):
        """Runs a command in a namespace and returns its CompletedProcess, output captured."""
        return call(self.inside(name, *command), check=check, timeout=timeout, **keywords)

    def start(self, name, *command, **keywords):
        """Starts a command in a namespace; down() kills it if nobody else does."""
        return subprocess.Popen(self.inside(name, *command), **keywords)

    def names(self):
        """The lab's namespaces that exist now, whoever made them."""
        made = Path("/run/netns")
        return sorted(p.name for p in made.glob(f"{self.prefix}-*")) if made.is_dir() else []

    # Up and down.

    def up(self):
        self.down()
        try:
            self.dir.mkdir(parents=True)
            for name in ["sw", "dir", "client", *self.server_names()]:
                self._add_namespace(name)
            self._add_bridge("br0")
            self.connect("dir", "v0", "dir")
            if self.lan:
                self._add_bridge("br1")
                self.connect("dir", "v1", "dir1", "br1")
            self._add_host("client", CLIENT4, CLIENT6)
            for n in range(1, self.servers + 1):
                self._add_server(n)
        except BaseException:
            self.down()
            raise

    def down(self):
        """Kills what lives in the lab's namespaces, by process id, and removes them."""
        names = self.names()
        for sig, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
            if not _signal(names, sig):
                break
            try:
                wait_for("the lab's processes to end", lambda: not _pids(names), patience)
            except LabError:
                if sig == signal.SIGKILL:
                    raise
        for name in names:
            call(["ip", "netns", "del", name])
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        self.up()
        return self

    def __exit__(self, *_):
        self.down()

    # Parts.

    def server_names(self):
        return [f"rs{n}" for n in range(1, self.servers + 1)]

    def connect(self, name, link, port, bridge="br0"):
        """A veth pair: `link` in namespace `name`, `port` on a bridge of namespace sw.

        One queue, and no offloads: lbd rewrites headers and takes packets as a wire would bring them,
        with checksums that are filled in.
        """
        self._script(name, f"ip link add {link} numtxqueues 1 numrxqueues 1 type veth "
                           f"peer name {port} numtxqueues 1 numrxqueues 1 netns {self.ns('sw')}\n"
                           f"sysctl -qw net.ipv6.conf.{link}.disable_ipv6=1")
        self._script("sw", f"ip link set {port} master {bridge} up")
        off = [word for offload in OFFLOADS for word in (offload, "off")]
        self.run(name, "ethtool", "-K", link, *off)
        self.run("sw", "ethtool", "-K", port, *off)
        self._script(name, f"ip link set {link} up")

    def _add_namespace(self, name):
        call(["ip", "netns", "add", self.ns(name)])
        self._script(name, "ip link set lo up\nsysctl -qw net.ipv4.ip_local_port_range='1024 65535' "
                           "net.core.somaxconn=4096 net.ipv6.conf.default.accept_dad=0")

    def _add_bridge(self, bridge):
        # A switch, and no firewall: a kernel with br_netfilter would drop broken IP headers.
        self._script("sw", "if [ -d /proc/sys/net/bridge ]; then sysctl -qw "
                           "net.bridge.bridge-nf-call-iptables=0 "
                           "net.bridge.bridge-nf-call-ip6tables=0; fi")
        self._script("sw", f"ip link add {bridge} type bridge mcast_snooping 0 stp_state 0\n"
                           f"ip link set {bridge} up")

    def _add_host(self, name, address4, address6, link="eth0", port=None, bridge="br0"):
        self.connect(name, link, port or name, bridge)
        self._script(name, f"sysctl -qw net.ipv6.conf.{link}.disable_ipv6=0 "
                           f"net.ipv4.conf.{link}.rp_filter=0\n"
                           f"ip addr add {address4}/24 dev {link}\n"
                           f"ip addr add {address6}/64 dev {link} nodad")

    def _add_server(self, n):
        name = f"rs{n}"
        # The addresses of the service are on lo, where the server accepts packets for them, and nobody
        # in the network may hear of that: arp_ignore 1 answers only for addresses of the asked
        # interface, arp_announce 2 never asks with the VIP as sender. IPv6 answers neighbour
        # solicitations only for addresses of the interface as it is.
        self._script(name, "sysctl -qw net.ipv4.conf.all.arp_ignore=1 "
                           "net.ipv4.conf.all.arp_announce=2 net.ipv4.conf.all.rp_filter=0")
        self._add_host(name, server4(n), server6(n))
        if self.lan:
            self._add_host(name, lan4(n), lan6(n), "eth1", f"{name}lan", "br1")
        for vip in (VIP4, VIP6):
            bits = "128" if ":" in vip else "32"
            self._script(name, f"ip addr add {vip}/{bits} dev lo" + (" nodad" if ":" in vip else ""))
        home = self.dir / name
        home.mkdir()
        (home / "nginx.conf").write_text(NGINX_CONF.format(dir=home, name=name))
        self.run(name, "nginx", "-p", home, "-c", home / "nginx.conf", "-e", home / "error.log")

    def _script(self, name, text):
        self.run(name, "sh", "-ec", text)


def call(command, check=True, timeout=60, **keywords):
    """subprocess.run with captured text; a failure says the command and what it printed."""
    keywords.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run([str(c) for c in command], text=True, timeout=timeout,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **keywords)
    if check and done.returncode != 0:
        raise LabError(f"{' '.join(map(str, command))}: exit {done.returncode}: "
                       f"{(done.stderr or done.stdout).strip()}")
    return done


def _pids(names):
    return [int(pid) for name in names
            for pid in call(["ip", "netns", "pids", name], check=False).stdout.split()]


def _signal(names, sig):
    found = [pid for pid in _pids(names) if pid != os.getpid()]
    for pid in found:
        try:
            os.kill(pid, sig)
        except ProcessLookupError:
            pass
    return found
