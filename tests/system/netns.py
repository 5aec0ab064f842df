# SPDX-License-Identifier: Apache-2.0
"""Sockets of this process that live in a namespace of the lab. A socket belongs to the namespace in which
it was made, wherever its process goes afterwards."""
import contextlib
import ctypes
import os
import socket

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def _setns(descriptor):
    if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def inside(lab, name):
    """This thread is in namespace `name` of the lab. Only to make sockets: keep it short."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{lab.ns(name)}", os.O_RDONLY)
    try:
        _setns(there)
        yield
    finally:
        _setns(home)
        os.close(home)
        os.close(there)


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def make_socket(lab, name, family=socket.AF_INET, kind=socket.SOCK_STREAM, timeout=3.0):
    with inside(lab, name):
        made = socket.socket(family, kind)
    made.settimeout(timeout)
    return made


def connect(lab, address, port, name="client", timeout=3.0):
    """A TCP connection; errors as socket.connect gives them."""
    made = make_socket(lab, name, family_of(address), timeout=timeout)
    try:
        made.connect((address, port))
    except BaseException:
        made.close()
        raise
    return made


def udp(lab, address, port, name="client", timeout=3.0):
    """A connected UDP socket, so that ICMP errors come back as errors."""
    made = make_socket(lab, name, family_of(address), socket.SOCK_DGRAM, timeout)
    made.connect((address, port))
    return made
