# SPDX-License-Identifier: Apache-2.0
"""What the reader and the parser make of a text, and what they say of a broken one."""
import pytest
from migrate.parser import Parser
from migrate.reader import Reader
from migrate.report import Failure, Report


@pytest.fixture
def parse(tmp_path):
    def of(text, config_id="lb1"):
        source = tmp_path / "k.conf"
        source.write_text(text)
        report = Report()
        return Parser(Reader(report, config_id), report).parse(str(source), "k.conf")

    return of


def tree(statements):
    return [(s.text, tree(s.body)) if s.body is not None else s.text for s in statements]


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("a b\n", ["a b"]),
        ("a{\nb\n}\n", [("a", ["b"])]),
        ("a {b}\n", [("a", ["b"])]),
        ("a\n{\nb 1}\n", [("a", ["b 1"])]),
        ("a b{c 1\nd { e }}\nf\n", [("a b", ["c 1", ("d", ["e"])]), "f"]),
        ("a { }\n", [("a", [])]),
        ("a \"b c\" d'e f'g\n", ["a b c de fg"]),
        ('a "q \\"x\\" \\x41\\102"\n', ['a q "x" AB']),
        ('a "x { y } # z"\n', ["a x { y } # z"]),
        ("a ^x{2,3}$ ${UNKNOWN}\n", ["a ^x{2,3}$ ${UNKNOWN}"]),
        ("a b#c\n!d\na k4!x\n", ["a b", "a k4"]),
        ("a b # don't\n", ["a b"]),
        ("\ta\r\n  b \r\n", ["a", "b"]),
        ("$X=1\na $X ${X}2 $XY\n", ["a 1 12 $XY"]),
        ("$A=${B}c\n$B=1\na ${A}\n$B=2\na ${A}\n", ["a 1c", "a 2c"]),
        ("$V= \\\na { \\\n b \\\n}\n$V\n", [("a", ["b"])]),
        ("@lb1 a\n@lb2 b\n@^lb1 c\n@^lb2 d\n", ["a", "d"]),
        ("~SEQ(N, 1, 3) a ${N}\n", ["a 1", "a 2", "a 3"]),
        (
            "~SEQ(N, 4, -2, 0) a $N\n~SEQx(N, 9, 11) b $N\n",
            ["a 4", "a 2", "a 0", "b 9", "b a", "b b"],
        ),
        ("~SEQ(N, 2) ~LST(M, x, y) a ${N}${M}\n", ["a 1x", "a 1y", "a 2x", "a 2y"]),
        ("~LST({A, B}, {1, 2}, {3, 4}) a $A $B\n", ["a 1 2", "a 3 4"]),
        ("a ${_HASH} ${_BANG} ${_INSTANCE}\n", ["a # ! lb1"]),
    ],
)
def test_statements(parse, text, wanted):
    assert tree(parse(text).statements) == wanted


@pytest.mark.parametrize(
    "text, wanted",
    [
        (
            "vrrp_instance A {\n",
            "k.conf:1: the '{' of vrrp_instance A is never closed; add its '}'",
        ),
        ("a {\n  b {\n  }\n", "k.conf:1: the '{' of a is never closed; add its '}'"),
        (
            "a {\n}\n}\n",
            "k.conf:3: this '}' closes nothing; a '{' before it is missing, or it is one too many",
        ),
        (
            "virtual_server 10.0.0.1 80 {\n  real_server 10.0.0.2 80 {\n}\nvrrp_instance A {\n}\n",
            (
                "k.conf:4: vrrp_instance stands within virtual_server 10.0.0.1 80, which line 1"
                " opens; a '}' is missing between them"
            ),
        ),
        (
            (
                "virtual_server 10.0.0.1 80 {\n  real_server 10.0.0.2 80 {\n    weight 1\n"
                "  real_server 10.0.0.3 80 {\n  }\n}\n"
            ),
            (
                "k.conf:4: real_server stands within real_server 10.0.0.2 80, which line 2 opens; a"
                " '}' is missing between them"
            ),
        ),
        ("{\n}\n", "k.conf:1: '{' opens no block; a keyword belongs before it"),
        ('a "b\n', 'k.conf:1: the quote " is never closed'),
        ("$A=$B\n$B=$A\nx $A\n", "k.conf:3: its parameters expand without end"),
        ("include k.conf\n", "k.conf: includes itself"),
        ("~SEQ(N) a\n", "k.conf:1: ~SEQ(N) is not ~SEQ(NAME, START, STEP, END)"),
        ("~SEQ(N, 1, 0, 5) a\n", "k.conf:1: ~SEQ with step 0 never ends"),
        ("a\0b\n", "k.conf: is no text: it has NUL bytes"),
    ],
)
def test_broken(parse, text, wanted):
    with pytest.raises(Failure) as failure:
        parse(text)
    assert str(failure.value) == wanted


def test_comments_stand_where_they_stood(parse):
    file = parse("# head\n\n# above a\na { # behind a\n # in a\n} # after a\n# last\n")
    a = file.statements[0]
    assert (file.head, a.before, a.after, a.tail, file.tail) == (
        [" head"],
        [" above a"],
        " behind a",
        [" in a", " after a"],
        [" last"],
    )
