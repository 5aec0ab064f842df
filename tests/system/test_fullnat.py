# SPDX-License-Identifier: Apache-2.0
"""fullnat with real clients and servers. The servers answer local addresses of lan0's; they need no route to
the client, and have one by another way, which nothing takes."""
import checks
import netns
import pytest
from director import service
from echo import PORT, EchoClient
from lab import PORT4, PORT6, VIP4, VIP6, lan4, lan6, wait_for
from test_load import Wrk

VIPS = pytest.mark.parametrize("vip", [VIP4, VIP6])
LOCAL4, LOCAL6 = "198.51.100.100", "2001:db8:1::100"


def fullnat_service(vip, name="web", servers=3, **more):
    made = service(name, scheduler="rr", v6=vip == VIP6, **more)
    made["forwarding"] = "fullnat"
    address = lan6 if vip == VIP6 else lan4
    made["real_servers"] = [{"address": address(n)} for n in range(1, servers + 1)]
    return made


def serve(director, services, **options):
    wan0 = {"name": "wan0", "device": "af_xdp:v0", "addresses": [f"{PORT4}/24", f"{PORT6}/64"]}
    lan0 = {"name": "lan0", "device": "af_xdp:v1",
            "addresses": ["198.51.100.11/24", "2001:db8:1::11/64"],
            "local_addresses": [f"{LOCAL4}-198.51.100.101", LOCAL6]}
    director.start(director.config(services, ports=[wan0, lan0], **options))
    wait_for("the servers' MAC addresses", lambda: all(
        server["next_hop"]["state"] == "reachable"
        for row in director.ask("services")["services"] for server in row["real_servers"]))
    wait_for("the pool", lambda: pool(director) and pool(director)["addresses"] == 3)


def pool(director):
    rows = director.ask("status")["local_addresses"]
    return rows[0] if rows else None


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_requests_are_answered(lab, director, workers):
    serve(director, [fullnat_service(VIP4), fullnat_service(VIP6, "web6")], workers=workers)
    for vip in (VIP4, VIP6):
        answered = checks.requests(lab, 90, vip)
        assert sum(answered.values()) == 90
        assert all(abs(n - 30) <= workers * 2 for n in answered.values()), answered
    assert checks.drops(director) == {}
    assert pool(director)["port"] == "lan0" and pool(director)["used"] == 180
    checks.sums_agree(director)


@VIPS
def test_the_server_sees_a_local_address(lab, director, echo, clients, vip):
    tcp = fullnat_service(vip, "tcp", port=8000)
    udp = fullnat_service(vip, "udp", port=53, protocol="udp")
    for row in tcp["real_servers"] + udp["real_servers"]:
        row["port"] = PORT
    serve(director, [tcp, udp], workers=2)
    clients += [EchoClient(lab, vip, 8000) for _ in range(12)]
    assert all(client.says() for client in clients)
    rows = checks.connections(director, "--service", "tcp")
    local = [row["local"] for row in rows]
    assert len(set(local)) == 12
    wanted = {LOCAL6} if vip == VIP6 else {LOCAL4, "198.51.100.101"}
    assert {text.rsplit(":", 1)[0].strip("[]") for text in local} == wanted
    seen = lab.run("rs1", "ss", "-Htn", "state", "established", f"( sport = :{PORT} )").stdout
    assert any(address in seen for address in wanted), seen
    for n in range(8):
        client = netns.udp(lab, vip, 53)
        clients.append(client)
        client.send(b"z" * (3 * n + 1))
        assert client.recv(2000).endswith(b"z" * (3 * n + 1))


def test_no_request_of_many_fails(lab, director):
    serve(director, [fullnat_service(VIP4)], workers=4, max_connections=100000)
    requests, bad = Wrk(lab, 5).result()
    assert bad == [] and requests > 500
    assert set(checks.drops(director)) <= {"neighbour_timeout"}


@VIPS
def test_local_addresses_answer_ping_and_nothing_else(lab, director, vip):
    serve(director, [fullnat_service(vip)])
    local = LOCAL6 if vip == VIP6 else LOCAL4
    done = lab.run("rs1", "ping", "-c", "1", "-W", "5", local, check=False)
    assert done.returncode == 0, done.stdout
    with pytest.raises(TimeoutError):
        netns.connect(lab, local, 22, name="rs1", timeout=1)
    assert checks.drops(director)["stray_reply"] >= 1
