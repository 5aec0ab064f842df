# SPDX-License-Identifier: Apache-2.0
"""10,000 services of ten real servers each, every one with an address of its own: start, and reloads of one change."""
import re

import checks
from director import service

SERVICES = 10000
SERVERS = 10


def many(director):
    """One that the lab's clients ask, and others that are only there."""
    def other(n):
        return {"name": f"s{n}", "listen": [f"10.77.{n // 250}.{n % 250}:80"], "forwarding": "dr",
                "real_servers": [{"address": f"192.0.2.{n * 7 % 40 + 60 + i * 10}", "weight": 1 + i % 3}
                                 for i in range(SERVERS)]}
    return director.config([service(weights=[1, 1], scheduler="rr"), *(other(n) for n in range(1, SERVICES))])


def test_start_and_reload_in_time(lab, director):
    config = many(director)
    director.start(config)
    ready = float(re.search(r"lbd is ready: 10000 services.* in ([0-9.]+) s", director.log.read_text()).group(1))
    checks.requests(lab, 4)
    assert len(director.ask("services")["services"]) == SERVICES

    times = []
    for n in range(5):
        config["services"][77 * n + 5]["real_servers"][n]["weight"] = 50 + n
        answer = director.reload(config)
        assert len(answer["changes"]) == 1, answer["changes"][:5]
        times.append((answer["publish_us"] / 1000, answer["read_us"] / 1000))
        checks.requests(lab, 4)
    print("ready, s:", ready, "published, read, ms:", times)
    # The machine may have other things to do: the best of five is lbd's own time.
    assert min(times)[0] < 50
    assert ready < 3
