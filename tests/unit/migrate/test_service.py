# SPDX-License-Identifier: Apache-2.0
"""Single keywords of virtual servers, and what cannot serve."""
import subprocess
import sys

import pytest
from conftest import KEEPALIVED2LB, run

INSTANCE = """vrrp_instance V {{
    interface eth0
    virtual_router_id 1
    {}
    virtual_ipaddress {{
        192.0.2.20
    }}
}}
"""
SERVICE = """virtual_server 192.0.2.20 80 {{
    protocol TCP
    lb_kind DR
    {}
    real_server 192.0.2.31 80 {{
        {}
    }}
}}
"""
ADDRESS = ("--address", "eth0=192.0.2.11/24")


def rows(text):
    return [line.strip() for line in text.splitlines()]


@pytest.mark.parametrize(
    "given, wanted",
    [
        ("lb_algo mh\nflag-2\nmh-fallback", "scheduler_flags: [mh-fallback, mh-port]"),
        ("persistence_timeout", "persistence: {timeout: 360s}"),
        ("persistence_granularity 255.255.0.0", "persistence: {timeout: 360s, prefix4: 16}"),
        ("quorum 2\nhysteresis 1\nweight 3", "quorum: {weight: 2, hysteresis: 1}"),
        ("quorum 2\nhysteresis 1", "quorum: {weight: 1, hysteresis: 0}"),
        ("weight 7", '- {address: "192.0.2.31:80", weight: 7}'),
        ("hashed", "scheduler: wlc"),
        ('quorum_up "echo up | mail root"', "quorum: {up: \"/bin/sh -c 'echo up | mail root'\"}"),
        ("sorry_server 127.0.0.1 8080", 'sorry_server: 127.0.0.1'),
        ("sorry_server 192.0.2.90 8080", 'sorry_server: 192.0.2.90'),
    ],
)
def test_of_a_service(convert, given, wanted):
    code, out, _ = convert(SERVICE.format(given, ""), *ADDRESS)
    assert code == 0
    assert wanted in rows(out)


@pytest.mark.parametrize(
    "given, wanted",
    [
        ("MISC_CHECK {\nmisc_path /bin/true\n}", "timeout: 60s"),
        ("MISC_CHECK {\nmisc_path /bin/true\n}", "retries: 0"),
        ("DNS_CHECK {\n}", "- {dns: {}, interval: 60s, retries: 3, retry_delay: 60s}"),
        (
            "TCP_CHECK {\nretry 0\nconnect_port 81\n}",
            "- {tcp: {}, port: 81, interval: 60s, retries: 0}",
        ),
        ("delay_loop 0.5\nTCP_CHECK {\n}", "- {tcp: {}, interval: 500ms}"),
        ("delay_loop 9\nTCP_CHECK {\ndelay_loop 3\n}", "- {tcp: {}, interval: 3s}"),
    ],
)
def test_of_a_check(convert, given, wanted):
    code, out, _ = convert(SERVICE.format("", given), *ADDRESS)
    assert code == 0
    assert wanted in rows(out)


def test_alpha_waits_for_the_first_success(convert):
    check = "TCP_CHECK {\n}"
    assert "initial: up" in convert(SERVICE.format("", check), *ADDRESS)[1]
    assert "initial" not in convert(SERVICE.format("alpha", check), *ADDRESS)[1]


@pytest.mark.parametrize(
    "given, wanted",
    [
        ("priority 120\nadvert_int 0.004\nversion 3", "advertisement_interval: 10ms"),
        ("version 3\nadvert_int 1.005", "advertisement_interval: 1010ms"),
        ("advert_int 0.4", "advertisement_interval: 1s"),
        ("state MASTER", "priority: 255"),
        (
            "authentication {\nauth_type PASS\nauth_pass 0123456789\n}",
            'authentication: {type: password, password: "01234567"}',
        ),
        ("nopreempt", "preempt: false"),
        ("mcast_dst_ip 224.0.0.99", "multicast_group: 224.0.0.99"),
        ("use_vmac", "virtual_mac: true"),
    ],
)
def test_of_an_instance(convert, given, wanted):
    code, out, _ = convert(INSTANCE.format(given), *ADDRESS)
    assert code == 0
    assert wanted in rows(out)


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("", "k.conf: error: nothing to serve: it has neither virtual_server nor vrrp_instance"),
        (
            "virtual_server fwmark 5 {\n}\n",
            "k.conf:1: error: mark 5: no rule sets it; name the rules by --iptables-save FILE",
        ),
        (
            "virtual_server group G {\nprotocol TCP\n}\n",
            "k.conf:1: error: virtual_server_group G is nowhere defined",
        ),
        (
            "vrrp_instance A {\ninterface eth0\n}\n",
            "k.conf:1: error: vrrp_instance A: no virtual_ipaddress to advertise",
        ),
        (
            "vrrp_instance A {\ninterface eth0\n}\n",
            "k.conf:1: error: vrrp_instance A: no virtual_router_id of 1..255",
        ),
        (
            "virtual_server 192.0.2.20 80 {\nprotocol TCP\nlb_algo best\n}\n",
            (
                "k.conf:3: error: best: lbd has no such scheduler; it has dh fo lblc lblcr lc mh nq"
                " ovf rr sed sh twos wlc wrr"
            ),
        ),
        (
            INSTANCE.format(""),
            (
                "k.conf:1: error: eth0: its own IPv4 address is not known, so the instance has "
                "none to send from: --address eth0=ADDRESS/LENGTH or --ip-addr FILE tells it"
            ),
        ),
        ("virtual_server www 80 {\n}\n", "k.conf:1: error: www 80 is no address and port"),
    ],
)
def test_could_not_serve(convert, text, wanted):
    code, _, said = convert(text)
    assert code == 1
    assert wanted.replace("k.conf", "keepalived.conf") in said.splitlines()


def test_ah_is_refused_by_its_line(convert):
    code, out, said = convert(
        INSTANCE.format("authentication {\nauth_type AH\nauth_pass x\n}"), *ADDRESS
    )
    assert code == 0
    assert "authentication" not in out
    assert "keepalived.conf:5: warning: auth_type AH: lbd refuses it" in said


def test_a_password_is_cut_between_characters(convert):
    secret = "authentication {\nauth_type PASS\nauth_pass 1234567\u00e9x\n}"
    code, out, said = convert(INSTANCE.format(secret), *ADDRESS)
    assert code == 0
    assert 'password: "1234567"}' in out
    assert "auth_pass: is not plain ASCII" in said


def test_ports_are_named_by_their_device(convert):
    text = INSTANCE.format("")
    assert '- {name: lb-eth0, device: "af_xdp:eth0", addresses: [192.0.2.11/24]}' in rows(
        convert(text, *ADDRESS)[1]
    )
    assert '- {name: eth0, device: "0000:03:00.0", addresses: [192.0.2.11/24]}' in rows(
        convert(text, "--map", "eth0=0000:03:00.0", *ADDRESS)[1]
    )


def test_wrong_calls(convert):
    assert convert("", "--map", "eth0")[0] == 2
    assert convert("", "--nonsense")[0] == 2
    code, _, said = convert("", "--address", "eth0=192.0.2.1")
    assert (code, "is no address with its prefix length" in said) == (1, True)


def test_a_server_is_named_once(convert):
    text = SERVICE.format("", "") + SERVICE.format("", "").replace("20 80", "21 80", 1)
    twice = text.replace("31 80 {", "31 80 {\n    }\n    real_server 192.0.2.31 81 {", 1)
    code, out, said = convert(twice, *ADDRESS)
    assert (code, out.count("192.0.2.31")) == (0, 2)
    assert (
        "keepalived.conf:7: warning: real_server 192.0.2.31 81: left out: it is in the service"
        " already"
        in said.splitlines()
    )


def test_includes_are_files_beside_the_output(tmp_path):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "keepalived.conf").write_text("include conf.d/*.conf\n")
    (tmp_path / "conf.d" / "web.conf").write_text("# web\n" + SERVICE.format("", ""))
    out = tmp_path / "out"
    out.mkdir()
    words = ["keepalived.conf", "--map", "eth0=0000:03:00.0", *ADDRESS]
    with (out / "lb.yaml").open("w") as file:  # as the shell does for > out/lb.yaml
        code = subprocess.run(
            [sys.executable, "-B", KEEPALIVED2LB, *words],
            cwd=tmp_path,
            stdout=file,
            stderr=subprocess.PIPE,
            check=False,
        ).returncode
    assert code == 0
    assert "include: [conf.d/*.yaml]" in (out / "lb.yaml").read_text().splitlines()
    assert "# web" in (out / "conf.d" / "web.yaml").read_text()

    code, text, said = run(*words, cwd=tmp_path)  # into a pipe
    assert code == 0
    assert "include" not in text and "listen" in text and "# web" in text
    assert "conf.d/web.conf is joined in, since standard output is no file" in said


def test_an_interface_has_a_name_of_one(convert):
    code, _, said = convert(INSTANCE.format("").replace("eth0", "eth0/1"), *ADDRESS)
    assert code == 1
    assert "keepalived.conf:2: error: 'eth0/1' is no name of an interface" in said.splitlines()
