# SPDX-License-Identifier: Apache-2.0
"""What keepalived and IPVS did, lbd does with the file that the converters make of theirs."""
import subprocess
import sys

import checks
from director import ROOT, binary
from lab import PORT4, call

KEEPALIVED = """! A director of the lab.
virtual_server 192.0.2.20 80 {
    lb_algo wrr
    lb_kind DR
    protocol TCP
    real_server 192.0.2.31 80 {
        weight 2
    }
    real_server 192.0.2.32 80 {
        weight 1
    }
}
"""
IPVS = """-A -t 192.0.2.20:80 -s wrr
-a -t 192.0.2.20:80 -r 192.0.2.31:80 -g -w 2
-a -t 192.0.2.20:80 -r 192.0.2.32:80 -g -w 1
"""
OPTIONS = ["--map", "eth0=af_xdp:v0", "--address", f"eth0={PORT4}/24"]


def serve(director, text):
    """lbd with `text` included by a file that knows the lab's cores and socket."""
    (director.file.parent / "migrated.yaml").write_text(text)
    whole = director.config()
    for section in ("ports", "routes", "services"):
        del whole[section]
    director.start({"include": ["migrated.yaml"], **whole})


def test_keepalived_conf_serves(lab, director):
    source = lab.dir / "keepalived.conf"
    source.write_text(KEEPALIVED)
    converted = call([sys.executable, ROOT / "scripts" / "keepalived2lb", source, *OPTIONS])
    serve(director, converted.stdout)
    assert checks.requests(lab, 300) == {"rs1": 200, "rs2": 100}


def test_ipvs_rules_serve(lab, director):
    converted = subprocess.run([binary("lbctl"), "import-ipvs", *OPTIONS], input=IPVS, text=True,
                               capture_output=True, check=True, timeout=30)
    assert converted.stderr == ""
    serve(director, converted.stdout)
    assert checks.requests(lab, 300) == {"rs1": 200, "rs2": 100}
