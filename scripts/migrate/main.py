# SPDX-License-Identifier: Apache-2.0
"""keepalived.conf to lb.yaml.

Standard output gets lb.yaml, standard error what has no counterpart, line by line. Files that
keepalived.conf includes become files of their own beside lb.yaml.

Exit codes: 0 done, also with warnings; 1 the result could not serve, or the source cannot be
read; 2 wrong command line."""
import argparse
import os
import stat
import sys

from .convert import Conversion
from .report import Failure, Report


def pair(text):
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def arguments(words):
    parser = argparse.ArgumentParser(
        prog="keepalived2lb",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="KEEPALIVED.CONF")
    parser.add_argument("-o", "--output", metavar="FILE", help="instead of standard output")
    parser.add_argument(
        "--map",
        action="append",
        type=pair,
        default=[],
        metavar="IF=DEVICE",
        help="eth0=0000:03:00.0: the device of lb.yaml (af_xdp:IF)",
    )
    parser.add_argument(
        "--address",
        action="append",
        type=pair,
        default=[],
        metavar="IF=ADDRESS/LENGTH",
        help="the interface's own address, which keepalived.conf does not tell",
    )
    parser.add_argument(
        "--ip-addr",
        action="append",
        default=[],
        metavar="FILE",
        help="the same from the output of `ip addr`",
    )
    parser.add_argument(
        "--iptables-save",
        action="append",
        default=[],
        metavar="FILE",
        help="the rules that set the marks of fwmark services, also of ip6tables-save",
    )
    parser.add_argument(
        "--config-id", metavar="NAME", help="decides lines with @NAME (the host's name)"
    )
    options = parser.parse_args(words)
    options.mapping, options.addresses = dict(options.map), options.address
    return options


def output_directory(options):
    """Where included files go: beside lb.yaml, also where the shell writes it. None: nowhere."""
    if options.output:
        return os.path.dirname(os.path.abspath(options.output))
    if stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode):
        return os.path.dirname(os.readlink(f"/proc/self/fd/{sys.stdout.fileno()}"))
    return None


def write_all(documents, options, report):
    main, others = documents[0], documents[1:]
    directory = output_directory(options)
    for document in others if directory else ():
        target = os.path.join(directory, document.target)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            file.write(document.text(document.source.shown))
        print(f"keepalived2lb: wrote {target}", file=sys.stderr)
    if others and not directory:
        join(main, others, report)
    text = main.text(options.source)
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(text)
    else:
        sys.stdout.reconfigure(encoding="utf-8")
        sys.stdout.write(text)


def join(main, others, report):
    """Into a pipe there is one document only."""
    for other in others:
        report.warning(
            main.source.statements[0].place._replace(line=0),
            (
                f"{other.source.shown} is joined in, since standard output is no file; -o FILE "
                "keeps it apart"
            ),
        )
        for name in ("routes", "services", "instances", "scripts", "groups"):
            mine, theirs = getattr(main, name), getattr(other, name)
            mine.items += theirs.items
            mine.tail += theirs.tail
        main.source.tail += other.head + other.source.tail
    main.includes.items.clear()


def run(words):
    options = arguments(words)
    report = Report()
    try:
        documents = Conversion(options, report).run(options.source)
        write_all(documents, options, report)
    except Failure as failure:
        sys.stderr.write(report.text())
        print(f"keepalived2lb: {failure}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"keepalived2lb: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    sys.stderr.write(report.text())
    return 1 if report.failed else 0
