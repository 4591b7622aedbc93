"""Splits a routing expression into tokens, each with its place in the text.

::

    string   = "'" { char } "'" | '"' { char } '"'          with the escapes \\' \\" and \\\\
    number   = [ "-" ] digit { digit } [ "." digit { digit } ]
    path     = ident { "." segment | "[" digit { digit } "]" }      without blanks inside
    ident    = ( letter | "_" | "$" ) { letter | digit | "_" | "$" }
    segment  = ( letter | digit | "_" | "$" ) { letter | digit | "_" | "$" }

Letters are those of ASCII. Keywords are recognised in any case.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias, cast

from tr_apply.errors import ExpressionSyntaxError

MAX_LENGTH: Final = 100_000
"""Longest expression that is read, in characters; a whole workflow document may have ten times that."""

TokenKind: TypeAlias = Literal[
    "STRING", "NUMBER", "PATH", "KEYWORD", "OPERATOR", "PUNCTUATION", "END", "INVALID"
]


class Token(NamedTuple):
    """One token; a plain tuple because a large workspace has a million of them.

    ``text`` is what stands in the expression, except for a keyword, which is in upper case here.
    """

    kind: TokenKind
    text: str
    offset: int
    """0-based character offset in the expression."""


_SCANNER: Final = re.compile(
    r"""
    [ \t\r\n]*+
    (?: (?P<PUNCTUATION> [()\[\],] )
      | (?P<KEYWORD> (?i: AND | OR | IN | HAS | NOT | CONTAINS | TRUE | FALSE | NULL )(?![\w$.]) )
      | (?P<PATH> [A-Za-z_$][\w$]*+ (?: \.[\w$]++ | \[\d++\] )*+ )
      | (?P<STRING> '[^'\\]*+(?:\\.[^'\\]*+)*+' | "[^"\\]*+(?:\\.[^"\\]*+)*+" )
      | (?P<OPERATOR> [=!><]= | [><]- | [=><] )
      | (?P<NUMBER> -?\d++(?:\.\d++)?+(?![\w$.]) )
      | (?P<END> \Z )
      | (?P<INVALID> . )
    )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)


def tokenize(source: str) -> list[Token]:
    """The tokens of *source*; the last one is ``END``, or ``INVALID`` where no token can be read.

    An ``INVALID`` token is no error here, so that a mistake further left is reported first;
    `invalid_token` says what is wrong with it.

    Raises:
        ExpressionSyntaxError: when *source* is longer than `MAX_LENGTH`.
    """
    if len(source) > MAX_LENGTH:
        raise ExpressionSyntaxError(
            f"the expression has {len(source):,} characters; at most {MAX_LENGTH:,} are read",
            MAX_LENGTH,
        )
    tokens = []
    for match in _SCANNER.finditer(source):
        kind = cast("TokenKind", match.lastgroup)
        text = match[kind]
        if kind == "KEYWORD":
            text = text.upper()
        tokens.append(Token(kind, text, match.start(kind)))
        if kind == "END" or kind == "INVALID":
            break
    return tokens
