# SPDX-License-Identifier: Apache-2.0
"""Echo servers in the real servers' namespaces, and clients of them: they keep connections open for as
long as a test wants and know which server is at the other end."""
import selectors
import socket
import threading

import netns

PORT = 7007
IP_PKTINFO = 8  # linux/in.h; Python's socket module has no name for it


def answer_from(ancillary):
    """The ancillary data with which an answer leaves from the address that was asked, by whatever interface: the
    one by which the datagram came may be a tunnel's end."""
    out = []
    for level, kind, data in ancillary:
        v4 = level == socket.IPPROTO_IP
        out.append((level, kind, bytes(4) + data[4:] if v4 else data[:16] + bytes(4)))
    return out


class EchoServers:
    """TCP and UDP on PORT (or `ports`) of every real server, IPv4 and IPv6. TCP says the server's name and a newline
    on accept, then echoes; UDP answers name:datagram. One thread serves all of them."""

    def __init__(self, lab, ports=(PORT,)):
        self._selector = selectors.DefaultSelector()
        self._open = []
        for name in lab.server_names():
            for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                for port in ports:
                    self._listen(lab, name, family, host, port)
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def _listen(self, lab, name, family, host, port):
        for kind, serve in ((socket.SOCK_STREAM, self._accept), (socket.SOCK_DGRAM, self._datagram)):
            made = netns.make_socket(lab, name, family, kind, timeout=0)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.bind((host, port))
            if kind == socket.SOCK_STREAM:
                made.listen(512)
            elif family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            else:
                made.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            self._open.append(made)
            self._selector.register(made, selectors.EVENT_READ, (serve, name))

    def _accept(self, listener, name):
        peer, _ = listener.accept()
        peer.setblocking(False)
        try:
            peer.send(f"{name}\n".encode())
        except OSError:  # it is gone already: a health check
            peer.close()
            return
        self._open.append(peer)
        self._selector.register(peer, selectors.EVENT_READ, (self._echo, name))

    def _echo(self, peer, _):
        try:
            data = peer.recv(65536)
        except OSError:
            data = b""
        if data:
            peer.setblocking(True)  # clients read what they asked for
            peer.sendall(data)
            peer.setblocking(False)
            return
        self._selector.unregister(peer)
        self._open.remove(peer)
        peer.close()

    def _datagram(self, server, name):
        # The answer must leave from the address that was asked, which is the VIP: without this the
        # kernel would choose the server's own.
        data, ancillary, _, sender = server.recvmsg(65536, 256)
        try:
            server.sendmsg([f"{name}:".encode() + data[:100]], answer_from(ancillary), 0, sender)
        except OSError:
            pass  # the client is gone

    def _loop(self):
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                serve, name = key.data
                serve(key.fileobj, name)

    def close(self):
        self._wake.send(b"x")
        self._thread.join(5)
        for made in [*self._open, self._wake, self._woken]:
            made.close()
        self._selector.close()


class EchoClient:
    """A TCP connection to an echo server; `server` is the name of the one that answers."""

    def __init__(self, lab, address, port=PORT, timeout=3.0):
        self.socket = netns.connect(lab, address, port, timeout=timeout)
        self._lines = self.socket.makefile("rb")
        self.server = self._lines.readline().decode().strip()
        self._count = 0

    @property
    def address(self):
        """As lbctl writes a client: address:port or [address]:port."""
        host, port = self.socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def says(self):
        """Sends a line and returns whether it came back; False when it does not within the timeout."""
        self._count += 1
        line = f"line {self._count}\n".encode()
        try:
            self.socket.sendall(line)
            return self._lines.readline() == line
        except OSError:
            return False

    def close(self):
        self._lines.close()
        self.socket.close()
