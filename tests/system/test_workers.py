# SPDX-License-Identifier: Apache-2.0
"""Several workers behind one queue: software steering brings each flow to its owner."""
import checks
import pytest
from director import service
from echo import PORT, EchoClient
from lab import VIP4

FLOWS = 48


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_each_flow_stays_with_one_worker(lab, director, echo, clients, workers):
    director.start(director.config([service("echo", [1, 1, 1], "rr", port=PORT)], workers=workers))
    clients += [EchoClient(lab, VIP4) for _ in range(FLOWS)]
    owner = owners(director)
    assert set(owner) == {c.address for c in clients}, "each flow must be in one table, once"
    if workers > 1:
        assert len(set(owner.values())) > 1, "all flows ended on one worker"
    for _ in range(5):
        assert all(client.says() for client in clients)
    assert owners(director) == owner


def owners(director):
    rows = checks.connections(director, "--service", "echo")
    found = {row["client"]: row["worker"] for row in rows}
    assert len(found) == len(rows), "a flow is in two tables"
    return found


def test_lc_is_exact_over_all_workers(lab, director, echo, clients):
    director.start(director.config([service("echo", [1, 1, 1], "lc", port=PORT)], workers=4))
    clients += [EchoClient(lab, VIP4) for _ in range(30)]
    count = [sum(c.server == name for c in clients) for name in ("rs1", "rs2", "rs3")]
    assert count == [10, 10, 10]
