# SPDX-License-Identifier: Apache-2.0
"""A server of ours for health checks that does as it is told: answers rightly, answers wrongly, hears and says
nothing, or is not there."""
import contextlib
import hashlib
import socket
import ssl
import threading

import netns

RIGHT, MUTE = "right", "mute"
PAGE = b"all is well\n"
DIGEST = hashlib.md5(PAGE).hexdigest()


def page(body=PAGE, status=b"200 OK"):
    return (b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
            % (len(body), body))


PAGES = {RIGHT: page(), "status": page(status=b"503 Busy"), "digest": page(b"all is lost\n"),
         "sorry": page(b"sorry\n"), "no http": b"220 this is mail\r\n"}


def http(peer, mode):
    asked = b""
    while not asked.endswith(b"\r\n\r\n"):
        more = peer.recv(4096)
        if not more:
            return
        asked += more
    if mode == MUTE:
        peer.recv(1)
    else:
        peer.sendall(PAGES[mode])


def https(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certificate}.pem", f"{certificate}.key")

    def serve(peer, mode):
        if mode == "no tls":
            peer.sendall(PAGES[RIGHT])
            peer.recv(4096)
        elif mode == MUTE:
            while peer.recv(4096):
                pass
        else:
            with context.wrap_socket(peer, server_side=True) as secured:
                http(secured, mode)
    return serve


def smtp(peer, mode):
    if mode == MUTE:
        peer.recv(4096)
        return
    peer.sendall({"greeting": b"554 no service here\r\n"}.get(mode, b"220 mail.example\r\n"))
    if peer.recv(4096):
        peer.sendall({"helo": b"550 go away\r\n"}.get(mode, b"250 mail.example\r\n"))
        peer.recv(4096)


def tcp(peer, _):
    peer.recv(1)


def dns(asked, mode):
    """No record: what counts is the rcode. "id": an answer to somebody else's question."""
    rcode = {"servfail": 2, "nxdomain": 3}.get(mode, 0)
    number = bytes(b ^ 0xff for b in asked[:2]) if mode == "id" else asked[:2]
    return number + bytes([0x81, 0x80 | rcode]) + asked[4:6] + bytes(6) + asked[12:]


def udp(_, mode):
    return b"pong" if mode == RIGHT else b"gnop"


class Fake:
    """Serves TCP connections by serve(peer, mode), or datagrams by serve(datagram, mode) -> answer. `mode` may be
    set at any time; on() and off() as often as one likes."""

    def __init__(self, lab, port, serve, kind=socket.SOCK_STREAM, name="rs1"):
        self.lab, self.port, self.serve, self.kind, self.name = lab, port, serve, kind, name
        self.mode = RIGHT
        self._socket = self._thread = self._over = None

    def on(self):
        self._socket = netns.make_socket(self.lab, self.name, kind=self.kind, timeout=None)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("0.0.0.0", self.port))
        self._over = threading.Event()
        loop = self._datagrams
        if self.kind == socket.SOCK_STREAM:
            self._socket.listen(1024)
            loop = self._connections
        self._thread = threading.Thread(target=loop, args=(self._socket, self._over), daemon=True)
        self._thread.start()
        return self

    def off(self):
        if self._socket is None:
            return
        self._over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # accept() and recvfrom() return
        self._thread.join(5)
        self._socket.close()
        self._socket = None

    def _connections(self, listener, over):
        while not over.is_set():
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connection, args=(peer,), daemon=True).start()

    def _connection(self, peer):
        with peer, contextlib.suppress(OSError):
            peer.settimeout(5)
            self.serve(peer, self.mode)

    def _datagrams(self, server, over):
        while not over.is_set():
            try:
                asked, sender = server.recvfrom(65536)
            except OSError:
                continue
            if over.is_set() or not sender or self.mode == MUTE:
                continue
            server.sendto(self.serve(asked, self.mode), sender)
