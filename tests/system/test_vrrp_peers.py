# SPDX-License-Identifier: Apache-2.0
"""VRRP between lbd and keepalived, and FRR: election, failover by kill of either, graceful stop, return with and
without preempt; and what tshark thinks of the packets."""
import pytest
from lab import VIP4, VIP6, wait_for
from vrrp_lab import Lbd, instance
from vrrp_peers import Frr, Keepalived, Wire


@pytest.fixture
def lbd(place):
    made = Lbd(place, 1)
    yield made
    made.kill()
    print(made.log_tail())


@pytest.fixture
def wire(place):
    made = Wire(place)
    yield made
    made.close()


def play(lbd, peer, vip, one, start_peer):
    """One whole life of a pair: the peer first, lbd preempts, is killed, comes back and preempts, stops, comes back and
    does not preempt, and inherits."""
    def config(**more):
        return lbd.vrrp_config(instance(200, **{"virtual_addresses": [vip]} | one | more))

    def peer_holds():
        return peer.state() == "Master" if isinstance(peer, Frr) else peer.holds(vip)

    start_peer()
    wait_for("the peer to be master alone", peer_holds, 20)
    for ends in (lbd.kill, lbd.stop):
        lbd.start(config())
        wait_for("lbd to preempt", lambda: lbd.state() == "MASTER", 20)
        wait_for("the peer to step back", lambda: not peer_holds(), 20)
        assert lbd.holds(vip)
        ends()
        wait_for(f"the peer to take over from a {ends.__name__}", peer_holds, 20)
    lbd.start(config(preempt=False))
    interval = lbd.vrrp()["master_interval_ms"] / 1000
    wait_for("lbd to hear the peer for longer than it would wait",
             lambda: lbd.vrrp()["advertisements_received"] > 5, 10 * interval + 5)
    row = lbd.vrrp()
    assert row["state"] == "BACKUP" and sum(row["errors"].values()) == 0, row
    assert peer_holds()
    peer.kill()
    wait_for("lbd to take over from a dead peer", lambda: lbd.state() == "MASTER", 20)


SECONDS = {"version": 2, "advertisement_interval": "1s"}
KEEPALIVED = {
    "v2": (SECONDS, {"version": 2, "interval": "1"}, VIP4),
    "v2 password": (SECONDS | {"authentication": {"type": "password", "password": "secret"}},
                    {"version": 2, "interval": "1",
                     "more": "authentication { auth_type PASS\n auth_pass secret\n }"}, VIP4),
    "v3": ({}, {}, VIP4),
    "v3 unicast": ({"unicast": {"peers": ["192.0.2.12"]}},
                   {"more": "unicast_src_ip 192.0.2.12\n unicast_peer { 192.0.2.11 }"}, VIP4),
    "v2 unicast": (SECONDS | {"unicast": {"peers": ["192.0.2.12"]}},
                   {"version": 2, "interval": "1",
                    "more": "unicast_src_ip 192.0.2.12\n unicast_peer { 192.0.2.11 }"}, VIP4),
    "v3 ipv6": ({}, {"addresses": "fe80::20\n" + VIP6}, VIP6),
    "v3 ipv6 unicast": ({"source": "2001:db8::11", "unicast": {"peers": ["2001:db8::12"]}},
                        {"addresses": "fe80::20\n" + VIP6,
                         "more": "unicast_src_ip 2001:db8::12\n unicast_peer { 2001:db8::11 }"}, VIP6),
}


@pytest.mark.parametrize("kind", KEEPALIVED)
def test_keepalived(place, lbd, wire, kind):
    ours, theirs, vip = KEEPALIVED[kind]
    if vip == VIP6:
        ours = ours | {"virtual_addresses": ["fe80::20", VIP6]}
    peer = Keepalived(place, 2)
    try:
        play(lbd, peer, vip, ours, lambda: peer.start(**theirs))
        # keepalived sends IPv6 unicast with the kernel's hop limit.
        packets, bad = wire.verdict(any_hops="2001:db8::12" if kind == "v3 ipv6 unicast" else None)
        assert packets > 5 and bad == []
    finally:
        print((peer.home / "keepalived.log").read_text()[-3000:])
        peer.close()


FRR = {"v2": (SECONDS, {"version": 2, "interval_ms": 1000}, VIP4),
       "v3": ({}, {}, VIP4),
       "v3 ipv6": ({}, {"v6": True}, VIP6)}


@pytest.mark.parametrize("kind", FRR)
def test_frr(place, lbd, wire, kind):
    ours, theirs, vip = FRR[kind]
    peer = Frr(place, 3)
    try:
        play(lbd, peer, vip, ours, lambda: peer.start(**theirs))
        packets, bad = wire.verdict()
        assert packets > 5 and bad == []
    finally:
        for log in peer.home.glob("*.log"):
            print(log.read_text()[-1500:])
        peer.close()

