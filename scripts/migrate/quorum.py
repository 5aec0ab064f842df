# SPDX-License-Identifier: Apache-2.0
"""Quorum and sorry server of a virtual_server."""
from .addresses import address, endpoint
from .block import claim
from .commands import notify_command
from .methods import method_of
from .yaml_out import Map


def quorum(report, block, body, total_weight):
    """`total_weight`: of all its servers; keepalived reduces a quorum that can never be reached."""
    out = Map()
    for key, word, low in (("weight", "quorum", 1), ("hysteresis", "hysteresis", 0)):
        value = block.number(word, low=low)
        if value is not None:
            block.put(out, key, value, word)
    weight, hysteresis = out.get("weight") or 1, out.get("hysteresis") or 0
    if 0 < total_weight < weight:
        report.warning(
            block.last("quorum").place,
            f"quorum {weight} is above the weight of all servers: {total_weight}, as in keepalived",
        )
        weight = total_weight
        out.set("weight", weight)
    if hysteresis >= weight:
        report.warning(
            block.last("hysteresis").place,
            (
                f"hysteresis {hysteresis} is not below the quorum {weight}: {weight - 1}, as in"
                " keepalived"
            ),
        )
        out.set("hysteresis", weight - 1)
    for key, word in (("up", "quorum_up"), ("down", "quorum_down")):
        statement = block.last(word)
        if statement is not None and statement.rest:
            out.add(key, notify_command(statement, report), *claim(statement))
    if out:
        body.add("quorum", out)


def sorry_server(report, block, body, servers, forwarding):
    statement = block.last("sorry_server")
    method = block.last("sorry_server_lvs_method", "sorry_server_lb_kind")
    if method is not None and method_of(method, report)[0] != forwarding:
        report.warning(
            method.place,
            (
                f"{method.text}: the sorry server is reached by {forwarding}, as the service's"
                " servers are"
            ),
        )
    if statement is None:
        return
    where = address(statement.rest[0]) if statement.rest else None
    if where is None:
        report.warning(statement.place, f"{statement.text}: no address; left out")
        return
    port = statement.rest[1] if len(statement.rest) > 1 else None
    kept = servers.kept_port(where, port, forwarding, statement)
    body.add("sorry_server", endpoint(where, kept) if kept else str(where), *claim(statement))
    servers.sorry = str(where)
