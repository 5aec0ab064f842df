# SPDX-License-Identifier: Apache-2.0
"""An instance on each of two ports, and two on one of them."""
from checks import drops
from lab import PORT4, VIP4, wait_for
from vrrp_lab import instance

LAN4, LAN_VIP, SECOND = "198.51.100.11", "198.51.100.20", "192.0.2.21"


def test_each_port_speaks_for_its_own(lab, director):
    ports = [{"name": "wan0", "device": "af_xdp:v0", "addresses": [f"{PORT4}/24"]},
             {"name": "lan0", "device": "af_xdp:v1", "addresses": [f"{LAN4}/24"]}]
    instances = [instance(virtual_addresses=[VIP4]),
                 instance(name="VI_2", vrid=52, virtual_addresses=[SECOND]),
                 # The same virtual router id: another link is another virtual router.
                 instance(name="VI_3", port="lan0", virtual_addresses=[LAN_VIP])]
    config = director.config([], ports=ports)
    config["vrrp"] = {"instances": instances}
    director.start(config)
    wait_for("three masters", lambda: [
        row["state"] for row in director.ask("vrrp")["instances"]] == ["MASTER"] * 3)
    for name, address in (("client", VIP4), ("client", SECOND), ("rs1", LAN_VIP)):
        wait_for(f"{address} to answer", lambda n=name, a=address: lab.run(
            n, "ping", "-c", "1", "-W", "1", a, check=False).returncode == 0)
    rows = director.ask("vrrp")["instances"]
    assert [row["errors"] for row in rows] == [rows[0]["errors"]] * 3
    assert all(sum(row["errors"].values()) == 0 and row["two_masters"] == 0 for row in rows)
    assert [row["interface"] for row in rows] == ["wan0", "wan0", "lan0"]
    assert drops(director) == {}
