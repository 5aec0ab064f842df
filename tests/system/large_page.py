# SPDX-License-Identifier: Apache-2.0
"""A page of 100 MiB, of which no two are alike, that nginx on rs1 has at PORT."""
import contextlib

import backends
import checks

PORT = 8081

NGINX = backends.NGINX_HEAD + """\
  access_log off;
  server {{
    listen {port};
    listen [::]:{port} ipv6only=on;
  }}
}}
"""


@contextlib.contextmanager
def served(lab):
    """While the block runs; its SHA-256."""
    home = lab.dir / "page"
    (home / "www").mkdir(parents=True, exist_ok=True)
    (home / "nginx.conf").write_text(NGINX.format(dir=home, port=PORT))
    page = home / "www" / "large"
    digest = checks.write_large(page)
    made = backends.Backend(
        lab, ["nginx", "-p", home, "-c", home / "nginx.conf", "-e", home / "error.log"], PORT)
    made.start()
    try:
        yield digest
    finally:
        made.stop()
        page.unlink()
