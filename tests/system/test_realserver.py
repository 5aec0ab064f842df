# SPDX-License-Identifier: Apache-2.0
"""scripts/realserver: does what a real server needs, says what is missing, undoes it exactly."""
import pytest
from director import ROOT
from lab import call

SCRIPT = ROOT / "scripts" / "realserver"
NAME = "client"  # a host of the lab that is no real server
KEYS = ("net/ipv4/conf/all/arp_ignore", "net/ipv4/conf/all/arp_announce")
VIPS = pytest.mark.parametrize("vip", ["192.0.2.77", "2001:db8::77"])


def realserver(lab, *words):
    return lab.run(NAME, SCRIPT, *words, check=False)


def snapshot(lab):
    values = [lab.run(NAME, "cat", f"/proc/sys/{key}").stdout for key in KEYS]
    return values, lab.run(NAME, "ip", "-o", "addr", "show", "dev", "lo").stdout


@VIPS
def test_start_status_stop(lab, vip):
    before = snapshot(lab)
    missing = realserver(lab, "status", vip)
    assert missing.returncode == 1 and f"address {vip} on lo: missing" in missing.stdout
    assert realserver(lab, "start", vip).returncode == 0
    shown = realserver(lab, "status", vip)
    assert shown.returncode == 0 and "missing" not in shown.stdout, shown.stdout
    again = realserver(lab, "start", vip)
    assert again.returncode == 3 and "started already" in again.stderr
    if ":" not in vip:
        assert snapshot(lab)[0] == ["1\n", "2\n"]
    lab.run(NAME, "ip", "addr", "del", f"{vip}/{128 if ':' in vip else 32}", "dev", "lo")
    assert "address" in realserver(lab, "status", vip).stdout
    assert realserver(lab, "stop", vip).returncode == 0
    assert snapshot(lab) == before
    assert realserver(lab, "stop", vip).returncode == 3


def test_two_addresses_share_what_they_share(lab):
    before = snapshot(lab)
    assert realserver(lab, "start", "192.0.2.77").returncode == 0
    assert realserver(lab, "start", "192.0.2.78").returncode == 0
    assert realserver(lab, "stop", "192.0.2.77").returncode == 0
    assert realserver(lab, "status", "192.0.2.78").returncode == 0
    assert realserver(lab, "stop", "192.0.2.78").returncode == 0
    assert snapshot(lab) == before


@pytest.mark.parametrize("tunnel,device", [("ipip", "tunl0"), ("gre", "gre0"), ("gue", "tunl0")])
def test_tunnel(lab, tunnel, device):
    before = snapshot(lab)
    started = realserver(lab, "start", "192.0.2.77", "--tunnel", tunnel)
    if started.returncode == 3:  # a kernel without such devices
        assert device in started.stderr and "nothing was changed" in started.stderr
        assert snapshot(lab) == before
        return
    assert started.returncode == 0, started.stderr
    shown = realserver(lab, "status", "192.0.2.77")
    assert shown.returncode == 0 and f"device {device}: ok" in shown.stdout, shown.stdout
    assert realserver(lab, "stop", "192.0.2.77").returncode == 0
    assert snapshot(lab) == before


@pytest.mark.parametrize("words", [["start"], ["begin", "192.0.2.77"], ["start", "192.0.2.77", "--tunnel", "x"],
                                   ["start", "192.0.2.77", "--port", "0"], ["start", "nobody"]])
def test_wrong_words(lab, words):
    before = snapshot(lab)
    assert call(lab.inside(NAME, SCRIPT, *words), check=False).returncode == 2
    assert snapshot(lab) == before
