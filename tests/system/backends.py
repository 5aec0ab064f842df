# SPDX-License-Identifier: Apache-2.0
"""Servers for health checks, in the namespaces of the real servers: nginx with HTTP and HTTPS, OpenSMTPD, NSD,
and sockets of ours that answer wrongly."""
import contextlib
import os
import signal
import socket
import subprocess
import threading

import netns
from lab import call, wait_for

HTTP, HTTPS, SMTP, DNS = 8080, 8443, 2525, 5353

# What every nginx of the tests has: it stays in front, writes below {dir}, and serves {dir}/www.
NGINX_HEAD = """\
worker_processes 1;
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/error.log warn;
events {{ worker_connections 4096; }}
http {{
  default_type text/plain;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  root {dir}/www;
"""
NGINX = NGINX_HEAD + """\
  access_log off;
  server {{
    listen 8080;
    location / {{ }}
    location /host {{ return 200 "$host\\n"; }}
    location /busy {{ return 503; }}
  }}
  server {{
    listen 8443 ssl;
    server_name a.example;
    ssl_certificate {dir}/a.pem;
    ssl_certificate_key {dir}/a.key;
  }}
  server {{
    listen 8443 ssl;
    server_name b.example;
    ssl_certificate {dir}/b.pem;
    ssl_certificate_key {dir}/b.key;
    location / {{ return 200 "this is b\\n"; }}
  }}
}}
"""

SMTPD = """\
listen on 0.0.0.0 port {port} hostname mail.example
action "nowhere" maildir
match from local for local action "nowhere"
"""

NSD = """\
server:
  ip-address: 0.0.0.0
  port: {port}
  username: root
  chroot: ""
  pidfile: "{dir}/nsd.pid"
  database: ""
  xfrdfile: "{dir}/xfrd.state"
  zonelistfile: "{dir}/zone.list"
  zonesdir: "{dir}"
  server-count: 1
  logfile: "{dir}/nsd.log"
remote-control:
  control-enable: no
zone:
  name: example.org
  zonefile: example.org.zone
"""

ZONE = """\
$TTL 60
@ IN SOA ns.example.org. admin.example.org. 1 60 60 60 60
@ IN NS ns.example.org.
ns IN A 192.0.2.31
"""


class Backend:
    """One server process in a namespace; start and stop as often as one likes."""

    def __init__(self, lab, command, port, name="rs1", kind=socket.SOCK_STREAM):
        self.lab, self.command, self.port, self.name, self.kind = lab, command, port, name, kind
        self.process = None

    def start(self):
        self.process = self.lab.start(self.name, *self.command, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      start_new_session=True)
        wait_for(f"port {self.port}", self._listens, 10)
        return self

    def _listens(self):
        assert self.process.poll() is None, f"{self.command} ended"
        which = "-ltn" if self.kind == socket.SOCK_STREAM else "-lun"
        return f":{self.port} " in self.lab.run(self.name, "ss", which).stdout

    def stop(self):
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(5)
        self.process = None


def certificates(directory):
    """A CA and certificates of it for a.example and b.example."""
    def openssl(*words):
        call(["openssl", *words], cwd=directory)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=lab CA",
            "-keyout", "ca.key", "-out", "ca.pem")
    for name in "ab":
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}.example",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (directory / f"{name}.ext").write_text(f"subjectAltName=DNS:{name}.example\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem")


def nginx(lab):
    home = lab.dir / "checked"
    home.mkdir(exist_ok=True)
    (home / "www").mkdir(exist_ok=True)
    if not (home / "ca.pem").exists():
        certificates(home)
    (home / "nginx.conf").write_text(NGINX.format(dir=home))
    return Backend(lab, ["nginx", "-p", home, "-c", home / "nginx.conf", "-e", home / "error.log"],
                   HTTP)


def smtpd(lab):
    conf = lab.dir / "smtpd.conf"
    conf.write_text(SMTPD.format(port=SMTP))
    return Backend(lab, ["smtpd", "-d", "-f", conf], SMTP)


def nsd(lab):
    home = lab.dir / "nsd"
    home.mkdir(exist_ok=True)
    (home / "nsd.conf").write_text(NSD.format(dir=home, port=DNS))
    (home / "example.org.zone").write_text(ZONE)
    return Backend(lab, ["nsd", "-d", "-c", home / "nsd.conf"], DNS, kind=socket.SOCK_DGRAM)


@contextlib.contextmanager
def says(lab, port, text, name="rs1"):
    """A TCP server that says `text` to everybody and closes when the client does."""
    listener = netns.make_socket(lab, name, timeout=0.1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", port))
    listener.listen(64)
    over = threading.Event()

    def serve():
        while not over.is_set():
            try:
                peer, _ = listener.accept()
            except OSError:
                continue
            with peer, contextlib.suppress(OSError):
                peer.settimeout(1)
                peer.sendall(text)
                while peer.recv(4096):
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(5)
        listener.close()


@contextlib.contextmanager
def filtered(lab, rule, name="rs1", source="192.0.2.11"):
    """A rule of nft stands on packets from `source`, the director unless told otherwise."""
    family = "ip6" if ":" in source else "ip"
    lab.run(name, "sh", "-ec", "nft add table inet silence\n"
            "nft 'add chain inet silence in { type filter hook input priority 0; }'\n"
            f"nft 'add rule inet silence in {family} saddr {source} {rule}'")
    try:
        yield
    finally:
        lab.run(name, "nft", "delete", "table", "inet", "silence")


def silent(lab, name="rs1", source="192.0.2.11"):
    """Packets of the director are dropped."""
    return filtered(lab, "drop", name, source)
