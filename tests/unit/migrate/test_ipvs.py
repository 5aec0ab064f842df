# SPDX-License-Identifier: Apache-2.0
"""lbctl import-ipvs as a program: what it writes is read by lbd."""
import subprocess

from conftest import LBCTL, check

RULES = """-A -t 192.0.2.20:80 -s wrr -p 360 -M 255.255.255.0
-a -t 192.0.2.20:80 -r 192.0.2.31:80 -g -w 2
-a -t 192.0.2.20:80 -r 192.0.2.32:80 -g -w 1 -x 100 -y 50
-A -u 192.0.2.20:53 -s sh -b sh-fallback,sh-port -o
-a -u 192.0.2.20:53 -r 192.0.2.35:53 -g -w 1
-A -u 192.0.2.20:54 -s rr
-a -u 192.0.2.20:54 -r 10.0.0.5:5353 -m -w 1
-A -t [2001:db8::20]:443 -s mh
-a -t [2001:db8::20]:443 -r 203.0.113.9:443 -i -w 3 --tun-type gue --tun-port 6080 --tun-nocsum
-A -f 1 -s rr
-a -f 1 -r 203.0.113.41:0 -g -w 1
"""
MARKS = """*mangle
-A PREROUTING -d 192.0.2.24/29 -p tcp -m multiport --dports 443,8000:8010 -j MARK --set-mark 1
COMMIT
"""


def import_ipvs(text, *options):
    return subprocess.run(
        [LBCTL, "import-ipvs", *options],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_result_passes_the_check(tmp_path):
    (tmp_path / "marks").write_text(MARKS)
    done = import_ipvs(
        RULES,
        "--iptables-save",
        str(tmp_path / "marks"),
        "--map",
        "eth0=0000:03:00.0",
        "--address",
        "eth0=192.0.2.11/24",
    )
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "lb.yaml").write_text(done.stdout)
    code, lines = check(tmp_path / "lb.yaml")
    assert code == 0 and lines[-1].endswith(": ok"), lines


def test_what_cannot_serve_ends_with_1(tmp_path):
    done = import_ipvs("-A -f 1 -s rr\n")
    assert done.returncode == 1
    assert "standard input:1: error: mark 1: no rule sets it" in done.stderr
    assert import_ipvs("", str(tmp_path)).returncode == 1
    assert import_ipvs("", str(tmp_path / "none")).returncode == 1
