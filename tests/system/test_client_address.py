# SPDX-License-Identifier: Apache-2.0
"""client_address of fullnat: servers that know nothing of the client but what they are told."""
import contextlib
import hashlib
import http.server
import ipaddress
import socket
import struct
import threading

import backends
import checks
import netns
import pytest
from lab import CLIENT4, CLIENT6, VIP4, VIP6, call, wait_for
from test_fullnat import LOCAL4, LOCAL6, fullnat_service, serve

VIPS = pytest.mark.parametrize("vip", [VIP4, VIP6])
PROXIED, TALK, UPLOAD = 8081, 8082, 8083
BANNER = b"220 a server that speaks first\r\n"
SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
SIZE = 10 << 20

NGINX = backends.NGINX_HEAD + """\
  log_format told "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $status";
  access_log {dir}/access.log told;
  server {{
    listen 8081 proxy_protocol;
    listen [::]:8081 proxy_protocol ipv6only=on;
    location /who {{ return 200 "$proxy_protocol_addr\\n"; }}
  }}
}}
"""


def client_of(vip):
    return CLIENT6 if vip == VIP6 else CLIENT4


def told_service(vip, port, told="proxy-v2", **more):
    made = fullnat_service(vip, servers=1, port=80, client_address=told, **more)
    made["real_servers"][0]["port"] = port
    return made


def url(vip, path):
    return f"http://[{vip}]/{path}" if ":" in vip else f"http://{vip}/{path}"


def curl(lab, *words):
    done = lab.run("client", "curl", "-gsS", "--max-time", 30, *words, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_exactly(file, count):
    out = file.read(count)
    assert len(out) == count, f"only {len(out)} of {count} bytes"
    return out


def read_header(file):
    """The header's source, as (address, port)."""
    start = read_exactly(file, 16)
    assert start[:13] == SIGNATURE + b"\x21", start
    family, length = struct.unpack("!BH", start[13:])
    rest = read_exactly(file, length)
    size = {0x11: 4, 0x21: 16}[family]
    assert length == 2 * size + 4
    return str(ipaddress.ip_address(rest[:size])), struct.unpack("!H", rest[-4:-2])[0]


def listen(lab, port, vip):
    family = netns.family_of(vip)
    made = netns.make_socket(lab, "rs1", family, timeout=None)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))
    made.listen(64)
    return made


@contextlib.contextmanager
def talkers(lab, vip, at_once):
    """A server with a banner: at once, or when it has read the header. It answers a line with the client's
    address, port and the line."""
    listener = listen(lab, TALK, vip)

    def talk(peer):
        with peer, peer.makefile("rb") as file, contextlib.suppress(ConnectionError):
            if at_once:
                peer.sendall(BANNER)
            address, port = read_header(file)
            if not at_once:
                peer.sendall(BANNER)
            for line in file:
                peer.sendall(f"{address} {port} ".encode() + line)

    def accept():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(peer,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@contextlib.contextmanager
def uploads(lab, vip):
    """HTTP behind the header; answers a POST with the SHA-256 of what came."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def setup(self):
            super().setup()
            self.client_address = read_header(self.rfile)

        def do_POST(self):
            body = read_exactly(self.rfile, int(self.headers["Content-Length"]))
            answer = f"{self.client_address[0]} {hashlib.sha256(body).hexdigest()}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listen(lab, UPLOAD, vip)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


@pytest.fixture
def nginx(lab):
    home = lab.dir / "told"
    (home / "www").mkdir(parents=True, exist_ok=True)
    (home / "access.log").unlink(missing_ok=True)
    (home / "nginx.conf").write_text(NGINX.format(dir=home))
    made = backends.Backend(
        lab, ["nginx", "-p", home, "-c", home / "nginx.conf", "-e", home / "error.log"], PROXIED)
    made.home = home
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize("workers", [1, 4])
@VIPS
def test_nginx_names_the_client(lab, director, nginx, vip, workers):
    serve(director, [told_service(vip, PROXIED)], workers=workers)
    for _ in range(10):
        assert curl(lab, url(vip, "who")) == client_of(vip) + "\n"
    # One connection for several requests: numbers stay right behind the header.
    assert curl(lab, *[url(vip, "who")] * 20) == (client_of(vip) + "\n") * 20
    lines = wait_for("nginx's log", lambda: (
        lines if len(lines := (nginx.home / "access.log").read_text().split("\n")) == 31 else None))
    for line in lines[:-1]:
        address, port, server, status = line.split()
        assert (address, server, status) == (client_of(vip), vip, "200") and int(port) > 1023
    assert checks.drops(director) == {}


@VIPS
@pytest.mark.parametrize("at_once", [False, True])
def test_a_server_that_speaks_first(lab, director, clients, vip, at_once):
    serve(director, [told_service(vip, TALK)])
    with talkers(lab, vip, at_once):
        for _ in range(10):
            client = netns.connect(lab, vip, 80)
            clients.append(client)
            file = client.makefile("rb")
            assert file.readline() == BANNER  # nothing has been sent yet
            address, port = client.getsockname()[:2]
            for text in (b"one\n", b"two " + b"x" * 5000 + b"\n", b"three\n"):
                client.sendall(text)
                assert file.readline() == f"{address} {port} ".encode() + text


def test_a_reload_is_for_new_connections(lab, director, clients):
    serve(director, [told_service(VIP4, TALK)])

    def talk(first=b""):
        client = netns.connect(lab, VIP4, 80)
        clients.append(client)
        client.sendall(first)
        return client, client.makefile("rb")

    def says(client, file, text, address, port):
        client.sendall(text)
        assert file.readline() == f"{address} {port} ".encode() + text

    with talkers(lab, VIP4, at_once=True):
        old, old_file = talk()
        assert old_file.readline() == BANNER
        says(old, old_file, b"before\n", *old.getsockname())
        answer = director.reload(director.file.read_text().replace('"proxy-v2"', '"none"'))
        assert answer["changes"] == ["service web: client_address proxy-v2 -> none"]
        says(old, old_file, b"after\n", *old.getsockname())  # its numbers are shifted for life
        # Nobody puts anything before what this client says of itself.
        own = SIGNATURE + bytes.fromhex("2111000c cb007107 c0000214 00070050")
        new, new_file = talk(own)
        assert new_file.readline() == BANNER
        says(new, new_file, b"new\n", "203.0.113.7", 7)


@VIPS
def test_much_in_both_directions(lab, director, nginx, vip):
    data = bytes(n * n % 251 for n in range(SIZE // 16)) * 16
    (nginx.home / "www" / "much").write_bytes(data)
    (lab.dir / "upload").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    got = lab.dir / "download"
    up = told_service(vip, UPLOAD, name="up")
    up["listen"] = [text.rsplit(":", 1)[0] + ":8080" for text in up["listen"]]
    serve(director, [told_service(vip, PROXIED), up], workers=2)
    curl(lab, "-o", got, url(vip, "much"))
    assert hashlib.sha256(got.read_bytes()).hexdigest() == digest
    with uploads(lab, vip):
        there = url(vip, "").rstrip("/") + ":8080/"
        answer = curl(lab, "-H", "Expect:", "--data-binary", f"@{lab.dir / 'upload'}", there)
    assert answer == f"{client_of(vip)} {digest}"
    assert set(checks.drops(director)) <= {"neighbour_timeout"}


@VIPS
def test_lost_packets_are_sent_again(lab, director, nginx, vip):
    """Every header arrives, though every tenth packet to and from the server is lost."""
    data = bytes(n % 253 for n in range(300_000))
    (nginx.home / "www" / "some").write_bytes(data)
    serve(director, [told_service(vip, PROXIED)])
    lab.run("rs1", "sh", "-ec", "nft add table inet lossy\n"
            "for hook in input output; do\n"
            "nft \"add chain inet lossy $hook { type filter hook $hook priority 0; }\"\n"
            "nft add rule inet lossy $hook meta l4proto tcp numgen random mod 10 0 drop\ndone")
    try:
        got = lab.dir / "some"
        for _ in range(10):
            assert curl(lab, url(vip, "who")) == client_of(vip) + "\n"
            curl(lab, "-o", got, url(vip, "some"))
            assert got.read_bytes() == data
    finally:
        lab.run("rs1", "nft", "delete", "table", "inet", "lossy")


def decode(capture):
    """[(client port, what toa says, data bytes)] of the segments to port 80, as tshark reads them: it takes the first
    two bytes of option 254 for the experiment's number, which are the client's port, and the rest for its data."""
    option = "tcp.options.experimental"
    fields = ["ip.src", "ipv6.src", "tcp.srcport", "tcp.len", "tcp.checksum.status", "tcp.option_kind",
              f"{option}.exid", f"{option}.data"]
    done = call(["tshark", "-r", str(capture), "-o", "tcp.check_checksum:TRUE", "-Y", "tcp.dstport == 80",
                 "-T", "fields", *(word for field in fields for word in ("-e", field))])
    out = []
    for line in done.stdout.splitlines():
        v4, v6, port, length, status, kinds, told_port, told_address = line.split("\t")
        assert (v4 or v6) in {LOCAL4, "198.51.100.101", LOCAL6} and status == "1", line
        toa = None
        if "254" in kinds.split(","):
            toa = str(ipaddress.ip_address(bytes.fromhex(told_address))), int(told_port, 16)
        out.append((port, toa, int(length)))
    return out


@contextlib.contextmanager
def captured(lab):
    """What arrives at the server; yields a function that decodes it."""
    capture = lab.dir / "toa.pcap"
    capture.unlink(missing_ok=True)
    process = lab.start("rs1", "tshark", "-Q", "-i", "eth1", "-f", "tcp dst port 80", "-w", capture)
    try:
        wait_for("tshark", lambda: capture.exists() and capture.stat().st_size >= 24)
        yield lambda: decode(capture)
    finally:
        process.terminate()
        process.wait(5)


def asks(client):
    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


def data_segments(rows):
    return [row for row in rows if row[2] > 0]


@VIPS
def test_toa_in_a_capture(lab, director, clients, vip):
    """As somebody else decodes it."""
    serve(director, [told_service(vip, 80, told="toa")])
    with captured(lab) as segments:
        wanted = []
        for _ in range(3):
            client = netns.connect(lab, vip, 80, timeout=10)
            clients.append(client)
            wanted.append((client_of(vip), client.getsockname()[1]))
            for _ in range(2):
                asks(client)
                assert b"200 OK" in client.recv(4096)
        wait_for("the capture", lambda: len(data_segments(segments())) >= 6)
        rows = segments()
    told = {}
    for port, toa, length in rows:
        told.setdefault(port, []).append((toa, length > 0))
    assert len(told) == 3
    for client, rows in zip(wanted, told.values()):
        assert rows[:3] == [(None, False), (client, False), (client, True)], rows
        assert {toa for toa, _ in rows[3:]} == {None}  # the server knows
    assert checks.drops(director) == {}


@VIPS
def test_toa_is_told_again(lab, director, clients, vip):
    """The server hears nothing behind the SYN for a while. What is sent again tells it as well, until it answers."""
    serve(director, [told_service(vip, 80, told="toa")])
    with captured(lab) as segments:
        lab.run("rs1", "sh", "-ec", "nft add table inet deaf\n"
                "nft 'add chain inet deaf in { type filter hook input priority 0; }'\n"
                "nft 'add rule inet deaf in tcp dport 80 tcp flags & (syn | ack) == ack drop'")
        try:
            client = netns.connect(lab, vip, 80, timeout=10)
            clients.append(client)
            asks(client)
            wait_for("it to be sent again", lambda: len(data_segments(segments())) >= 3)
        finally:
            lab.run("rs1", "nft", "delete", "table", "inet", "deaf")
        assert b"200 OK" in client.recv(4096)
        unheard = len(data_segments(segments()))
        asks(client)
        assert b"200 OK" in client.recv(4096)
        wait_for("the second request", lambda: len(data_segments(segments())) > unheard)
        *again, last = data_segments(segments())
    wanted = client_of(vip), client.getsockname()[1]
    assert {toa for _, toa, _ in again} == {wanted}
    assert last[1] is None  # the server knows
    assert checks.drops(director) == {}
