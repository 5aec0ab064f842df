# SPDX-License-Identifier: Apache-2.0
"""What lbd says and how it exits when it cannot start."""
import re
import json
import shutil

import pytest
from director import Director, binary, service
from lab import call


def fails(lab, director, config, command=None):
    """Starts lbd, which must end by itself; returns (exit code, what it said)."""
    director.write(config)
    done = call(command or director.command(), check=False, timeout=30)
    return done.returncode, done.stderr + done.stdout


def one_line(said):
    """The line that says what is missing: the last one."""
    return said.strip().splitlines()[-1]


def port(device, name="wan0"):
    return [{"name": name, "device": device, "addresses": ["192.0.2.11/24"]}]


@pytest.mark.parametrize("device", ["af_xdp:nosuch0", "af_packet:nosuch0", "0000:ff:1f.7",
                                    "vdev:net_nosuch0", "mac:02:00:00:00:de:ad"])
def test_unknown_device(lab, director, device):
    code, said = fails(lab, director, director.config(ports=port(device)))
    assert code == 3
    assert device.split(":", 1)[1] in one_line(said) or device in one_line(said)


def test_device_in_use(lab, director):
    director.start(director.config([service(weights=[1])]))
    second = Director(lab, "second")
    code, said = fails(lab, second, second.config(ports=port("af_xdp:v0", "wan1")))
    assert code == 3 and "v0" in one_line(said)
    assert director.ctl("status").returncode == 0
    director.stop()


def test_socket_in_use(lab, director):
    director.start(director.config([service(weights=[1])]))
    second = Director(lab, "second")
    config = second.config(ports=[{"name": "lan0", "device": "af_xdp:v1",
                                   "addresses": ["198.51.100.11/24"]}])
    config["lbd"]["socket"] = str(director.socket)
    code, said = fails(lab, second, config)
    assert code == 3 and str(director.socket) in one_line(said)
    assert director.ctl("status").returncode == 0, "the first one's socket must stay"


def test_tap_name_in_use(lab, director):
    lab.run("dir", "ip", "link", "add", "wan0", "type", "dummy", check=False)
    if "wan0" not in lab.run("dir", "ip", "-br", "link").stdout:
        lab.run("dir", "ip", "tuntap", "add", "wan0", "mode", "tap")
    try:
        code, said = fails(lab, director, director.config(ports=port("af_xdp:v0")))
        assert code == 3 and "wan0" in one_line(said)
    finally:
        lab.run("dir", "ip", "link", "del", "wan0")


def test_core_that_does_not_exist(lab, director):
    code, said = fails(lab, director, director.config(worker_cores=[117], eal_args=[]))
    assert code == 3 and "117" in one_line(said)


def test_core_given_twice(lab, director):
    code, said = fails(lab, director, director.config(worker_cores=[1, 1], eal_args=[]))
    assert code == 3 and "core 1 is given twice" in one_line(said)


def test_not_enough_hugepages_says_how_many(lab, director):
    code, said = fails(lab, director, director.config(hugepages=True, memory="4096GiB"))
    assert code == 3
    assert "hugepages" in one_line(said).lower().replace("huge pages", "hugepages")
    needed = int(re.search(r"(\d+) are needed", said)[1])
    assert needed >= 4096 * 512, said  # 4096 GiB in pages of 2 MiB


def test_not_root(lab, director):
    # A copy, because nobody may not look into every place where people build.
    program = lab.dir / "lbd-for-nobody"
    shutil.copy(binary("lbd"), program)
    program.chmod(0o755)
    command = lab.inside("dir", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                         "--inh-caps=-all", program, "-c", director.file)
    code, said = fails(lab, director, director.config(ports=port("af_xdp:v0")), command)
    assert code == 3 and "root" in one_line(said)


def test_a_wrong_file_lists_every_error(lab, director):
    config = director.config([service(weights=[70000]), service(weights=[1])])
    config["services"][1]["listen"] = ["192.0.2.20:99999"]
    config["ports"][0]["mtuu"] = 1500
    code, said = fails(lab, director, config)
    assert code == 1
    for word in ("70000", "99999", "mtuu", "web"):
        assert word in said, f"no word of {word} in:\n{said}"
    assert said.count(f"{director.file.name}:") >= 4


def test_check_needs_no_device(lab, director):
    director.write(director.config([service(weights=[1])], ports=port("0000:ff:1f.7")))
    done = call([binary("lbd"), "-c", director.file, "--check"])
    assert done.stdout.strip() == f"{director.file}: ok"
    director.write(json.dumps({"ports": 7}))
    assert call([binary("lbd"), "-c", director.file, "--check"], check=False).returncode == 1


@pytest.mark.parametrize("words", [[], ["-c"], ["--no-such-option"], ["-c", "a", "b"]])
def test_a_wrong_command_line(words):
    done = call([binary("lbd"), *words], check=False)
    assert done.returncode == 2 and done.stderr.strip()


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_version_and_help(word):
    done = call([binary("lbd"), word])
    assert "lbd" in done.stdout


def test_a_file_that_is_not_there():
    done = call([binary("lbd"), "-c", "/nonexistent/lb.yaml"], check=False)
    assert done.returncode == 1 and "/nonexistent/lb.yaml" in done.stderr
