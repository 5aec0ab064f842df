# SPDX-License-Identifier: Apache-2.0
"""Checkers of a real server: one entry of health_checks each; HTTP_GET one for each url."""
import re

from . import tables
from .block import Block, claim, duration, leftovers, lines
from .commands import command
from .yaml_out import List, Map, Plain, flow

CHECKERS = (
    "TCP_CHECK",
    "HTTP_GET",
    "SSL_GET",
    "SMTP_CHECK",
    "DNS_CHECK",
    "MISC_CHECK",
    "UDP_CHECK",
    "PING_CHECK",
    "BFD_CHECK",
    "FILE_CHECK",
)
DELAY_LOOP = 60.0  # keepalived's, in seconds
SHORTEST, LONGEST_TIMEOUT = 0.1, 600.0  # lbd's
RETRIES = {"MISC_CHECK": 0, "DNS_CHECK": 3}
RETRY_DELAY = {"HTTP_GET": 3.0, "SSL_GET": 3.0}


class Defaults:
    """Timers of a virtual server, then of a real server, that its checkers inherit."""

    def __init__(self, block, above=None):
        def inherited(value, name):
            return value if value is not None else getattr(above, name, None)

        self.delay_loop = inherited(block.seconds("delay_loop"), "delay_loop")
        self.timeout = inherited(block.seconds("connect_timeout"), "timeout")
        self.retry = inherited(block.number("retry", "nb_get_retry", "nb_sock_retry"), "retry")
        self.retry_delay = inherited(block.seconds("delay_before_retry"), "retry_delay")
        self.virtualhost = inherited(block.word("virtualhost"), "virtualhost")


class Checks:
    """The checks of one real server."""

    def __init__(self, report, above, server_port, only_if_held):
        self.report, self.above = report, above
        self.server_port = server_port  # where it differs from what lbd would take, else None
        self.only_if_held = only_if_held
        self.list = List()

    def add(self, statement):
        block = Block(statement, self.report, tables.CHECK)
        kind = statement.keyword
        if kind in ("BFD_CHECK", "FILE_CHECK"):
            self.report.warning(
                statement.place,
                f"{kind}: no counterpart: lbd checks with tcp, http, smtp, dns, udp, ping and exec",
            )
            return
        # A statement with no block ("TCP_CHECK" alone) and its old form with hosts.
        hosts = block.all("host") if kind == "SMTP_CHECK" else []
        for owner in [Block(h, self.report, tables.CHECK) for h in hosts] or [block]:
            self._add(statement, block, owner)
        block.finish()

    def _add(self, statement, block, target):
        kind = statement.keyword
        checks = getattr(self, "_" + kind.lower())(block)
        where = self._where(target)
        timers = self._timers(block, kind)
        head = lines(statement)
        if target is not block:
            target.finish()
        head += leftovers(statement)
        for i, (what, comments) in enumerate(checks):
            entry = Map()
            entry.add(what[0], what[1])
            for key, value, row in where + timers:
                entry.add(key, value, *(row if i == 0 else ((), "")))
            if self.only_if_held:
                entry.add("run", "vip_held")
            self.list.add(entry, (head if i == 0 else []) + comments)

    def _where(self, block):
        rows = []
        for key, word in (
            ("address", "connect_ip"),
            ("port", "connect_port"),
            ("source", "bindto"),
        ):
            statement = block.last(word)
            if statement is None:
                continue
            value = block.number(word, low=1, high=65535) if key == "port" else block.word(word)
            if value is not None:
                rows.append((key, value, claim(statement)))
        if self.server_port and not any(key == "port" for key, _, _ in rows):
            rows.append(("port", self.server_port, ((), "")))
        return rows

    def _timers(self, block, kind):
        """keepalived's defaults are written out where lbd's are others."""
        own = Defaults(block, self.above)
        interval = max(own.delay_loop if own.delay_loop is not None else DELAY_LOOP, SHORTEST)
        timeout = own.timeout
        if kind == "MISC_CHECK":
            given = block.seconds("misc_timeout")
            timeout = min(interval if given is None else given, LONGEST_TIMEOUT)
        retries = own.retry if own.retry is not None else RETRIES.get(kind, 1)
        delay = own.retry_delay
        if delay is None:
            delay = interval if kind == "DNS_CHECK" else RETRY_DELAY.get(kind, 1.0)

        def row(key, value, *words):
            found = [s for s in block.body if s.keyword in words]
            return (key, value, claim(found[-1]) if found else ((), ""))

        rows = [row("interval", duration(interval), "delay_loop")]
        if timeout is not None and timeout != 5:
            rows.append(row("timeout", duration(timeout), "connect_timeout", "misc_timeout"))
        if retries != 1:
            rows.append(row("retries", retries, "retry", "nb_get_retry", "nb_sock_retry"))
        if retries and delay != 1:
            rows.append(row("retry_delay", duration(delay), "delay_before_retry"))
        return rows

    def _tcp_check(self, _):
        return [(("tcp", Map()), [])]

    def _ping_check(self, _):
        return [(("ping", Map()), [])]

    def _http_get(self, block):
        block.all("http_protocol")
        return self._urls(block, tls=False)

    def _ssl_get(self, block):
        return self._urls(block, tls=True)

    def _urls(self, block, tls):
        sni = block.flag("enable_sni") if tls else False
        host = block.word("virtualhost") or self.above.virtualhost
        urls = block.all("url")
        if not urls:
            self.report.warning(
                block.statement.place, f"{block.statement.keyword}: no url; / is asked"
            )
            return [(("http", self._http(None, host, tls, sni)), [])]
        return [
            (
                ("http", self._http(Block(url, self.report, tables.URL), host, tls, sni)),
                lines(url) + leftovers(url),
            )
            for url in urls
        ]

    def _http(self, url, host, tls, sni):
        out = Map()
        path = (url.word("path") if url else None) or "/"
        host = (url.word("virtualhost") if url else None) or host
        out.add("path", path if path.startswith("/") else "/" + path)
        if url:
            self._expectations(url, out)
        if host:
            out.add("host", host)
        if tls:
            out.add("tls", True)
            if sni and host:
                out.add("sni", host)
            out.add("verify", False)
        if url:
            url.finish()
        return out

    def _expectations(self, url, out):
        status = [s for s in url.all("status_code")]
        codes = [word for s in status for word in re.split(r"[\s,]+", " ".join(s.rest)) if word]
        if codes:
            out.add("status", List([Plain(code) for code in codes]))
        digest = url.word("digest")
        if digest:
            out.add("digest", digest)
        regex = url.word("regex")
        if url.flag("regex_no_match") and regex:
            self.report.warning(
                url.statement.place,
                (
                    f"regex_no_match: lbd cannot ask that a text is absent; regex {regex} "
                    "is left out, the status alone decides"
                ),
            )
        elif regex:
            out.add("match", regex)

    def _smtp_check(self, block):
        out = Map()
        helo = block.word("helo_name")
        if helo and " " in helo:
            self.report.warning(
                block.statement.place,
                f"helo_name {helo}: no name of a host; left out",
            )
        elif helo:
            out.add("helo", helo)
        return [(("smtp", out), [])]

    def _dns_check(self, block):
        out = Map()
        name, kind = block.word("name"), block.word("type")
        if name:
            out.add("name", name)
        if kind:
            out.add("type", kind.upper())
        return [(("dns", out), [])]

    def _misc_check(self, block):
        self.report.service_commands = True
        out = Map()
        path = block.last("misc_path")
        if path is None or not path.rest:
            self.report.error(block.statement.place, "MISC_CHECK without misc_path checks nothing")
        else:
            out.add("command", command(path, path.rest, self.report))
        if block.flag("misc_dynamic"):
            out.add("dynamic_weight", True)
        user = block.last("user")
        if user:
            self.report.warning(user.place, f"{user.text}: exec checks run as lbd's own user")
        return [(("exec", out), [])]

    def _udp_check(self, block):
        out = Map()
        payload, reply = block.last("payload"), block.last("require_reply")
        for key, statement in (("send", payload), ("expect", reply)):
            if statement and statement.rest:
                out.add(key, self._bytes(statement))
        if reply:
            out.add("require_reply", True)
        for word in ("min_reply_length", "max_reply_length"):
            for statement in block.all(word):
                self.report.warning(
                    statement.place,
                    (
                        f"{word}: no counterpart: lbd looks at what a "
                        "reply begins with, not at its length"
                    ),
                )
        return [(("udp", out), [])]

    def _bytes(self, statement):
        """HEX_STR: blanks part bytes, a lone digit is a byte; x stands for any four bits."""
        words = " ".join(statement.rest).split()
        pairs = [w[i : i + 2] for w in words for i in range(0, len(w), 2)]
        if any(not re.fullmatch(r"[0-9a-fA-F]{1,2}", pair) for pair in pairs):
            self.report.warning(
                statement.place,
                (
                    f"{statement.keyword}: bytes with x have no "
                    "counterpart; what stands before them is compared"
                ),
            )
            good = []
            for pair in pairs:
                if not re.fullmatch(r"[0-9a-fA-F]{1,2}", pair):
                    break
                good.append(pair)
            pairs = good
        return "hex:" + "".join(pair.zfill(2).lower() for pair in pairs) if pairs else ""


def hoisted(lists):
    """The checks that all servers have in common, if they are the same for each; else None."""
    if not lists or not lists[0]:
        return None
    first = flow(lists[0], bare=True)
    return lists[0] if all(flow(each, bare=True) == first for each in lists) else None
