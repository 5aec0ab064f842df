# SPDX-License-Identifier: Apache-2.0
"""The lab is made once; each test has an lbd of its own, whose sums are checked and whose traces are looked
for when it ends."""
import os
import socket
import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lab"))

import big_echo as big_echo_module  # noqa: E402
import checks  # noqa: E402
import echo as echo_module  # noqa: E402
from decapsulator import Decapsulator  # noqa: E402
from director import Director  # noqa: E402
from lab import Lab  # noqa: E402
from vrrp_lab import Lbd, holds, vrrp_lab  # noqa: E402

SERVERS = 3


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="every row of test_matrix.py, not a selection of pairs")


@pytest.fixture(scope="session")
def lab():
    with Lab(os.environ.get("LBD_LAB", "lbdtest"), servers=SERVERS, lan=True) as made:
        yield made


@pytest.fixture(scope="module")
def place():
    """A lab with room for three directors."""
    lab = vrrp_lab()
    yield lab
    lab.down()


@pytest.fixture
def lbd(place):
    """Makes lbd number n of `place`; all are gone after the test."""
    made = []

    def make(n):
        made.append(Lbd(place, n))
        return made[-1]

    yield make
    for one in made:
        try:
            if one.running():
                assert one.stop() == 0
        finally:
            one.kill()
            print(one.log_tail())
    assert not holds(place, "dir") and not holds(place, "dir2")


@pytest.fixture(scope="session")
def echo(lab):
    """Echo servers on every real server, port echo_module.PORT."""
    servers = echo_module.EchoServers(lab)
    yield servers
    servers.close()


@pytest.fixture(scope="module")
def big_echo(lab):
    """UDP echo servers of large datagrams on rs1 and rs2, port big_echo.PORT."""
    made = big_echo_module.BigEcho(lab)
    yield made
    made.close()


@pytest.fixture(scope="module")
def ends(lab):
    """The tunnels' ends on rs1 and rs2, which look at each outer packet."""
    made = {name: Decapsulator(lab, name) for name in ("rs1", "rs2")}
    yield made
    for one in made.values():
        one.close()
        assert not one.faults, one.faults[:5]


@pytest.fixture
def director(lab):
    checks.forget_connections(lab)
    made = Director(lab)
    made.log.unlink(missing_ok=True)
    yield made
    try:
        if made.running():
            checks.sums_agree(made)
            assert made.stop() == 0, "lbd did not exit 0 after SIGTERM"
        checks.nothing_left(lab)
    finally:
        if made.running():
            made.process.kill()
            made.process.wait()
        print(made.log_tail())  # pytest shows it where a test failed


@pytest.fixture
def clients(director):  # director: closed while lbd still runs
    """A list; what is put into it is closed after the test, by a reset, so that no retransmission of it
    reaches the lbd of another test."""
    opened = []
    yield opened
    for client in opened:
        raw = getattr(client, "socket", client)
        if raw.fileno() >= 0:  # the test has not closed it
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
