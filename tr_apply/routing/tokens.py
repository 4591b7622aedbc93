r"""Splits a routing expression into tokens, each with its place in the text; explains a text that cannot be split.

::

    string   = "'" { char } "'" | '"' { char } '"'          with the escapes \' \" and \\
    number   = [ "-" ] digit { digit } [ "." digit { digit } ]
    path     = ident { "." segment | "[" digit { digit } "]" } [ "!" ]      without blanks inside
    ident    = ( letter | "_" | "$" ) { letter | digit | "_" | "$" }
    segment  = ( letter | digit | "_" | "$" ) { letter | digit | "_" | "$" }

Letters are those of ASCII. Keywords are recognised in any case. A ``!`` belongs to a path only before a blank and an
``=``, a ``*`` is a token only before a parenthesis, and segments of an order_by may have hyphens: TaskRouter has taken
all three (unsure.py).
"""

import re
from functools import cache
from typing import Final, Literal, NamedTuple, TypeAlias, cast

from tr_apply.errors import ExpressionSyntaxError

MAX_LENGTH: Final = 100_000
"""Longest expression that is read, in characters; real ones have a few hundred."""

_SHOWN_LENGTH: Final = 40  # characters

TokenKind: TypeAlias = Literal["PUNCTUATION", "KEYWORD", "PATH", "STRING", "OPERATOR", "NUMBER", "END", "INVALID"]


class Token(NamedTuple):
    """One token, as it is spelt in the expression."""

    kind: TokenKind
    text: str
    offset: int
    """0-based character offset in the expression."""

    @property
    def end(self) -> int:
        """0-based character offset after the token."""
        return self.offset + len(self.text)

    @property
    def keyword(self) -> str | None:
        """The keyword in upper case, None for any other token."""
        return self.text.upper() if self.kind == "KEYWORD" else None


# The order counts: IN[1] is a keyword and a list, not an element of a list called IN; >- comes
# before >, which is why "score >-1" asks for an element of a list. Possessive quantifiers (++, *+)
# keep a text that does not match from being tried in every other way.
_PATTERN: Final = r"""
    [ \t\r\n]*+
    (?: (?P<PUNCTUATION> [()\[\],] | \*(?=\() )
      | (?P<KEYWORD> (?i: AND | OR | IN | HAS | NOT | CONTAINS | TRUE | FALSE | NULL )(?![\w$.]) )
      | (?P<PATH> [A-Za-z_$][\w$]*+ (?: \.[\w$]++ | \[\d{1,9}\] )*+ (?: (?<=[\w$])!(?=[ \t\r\n]++=) )?+ )
      | (?P<STRING> '[^'\\]*+(?:\\.[^'\\]*+)*+' | "[^"\\]*+(?:\\.[^"\\]*+)*+" )
      | (?P<OPERATOR> [=!><]= | [><]- | [=><] )
      | (?P<NUMBER> -?\d++(?:\.\d++)?+(?![\w$.]) )
      | (?P<END> \Z )
      | (?P<INVALID> .+ )
    )
"""


@cache  # many a run needs only one of the two
def _scanner(*, order_by: bool) -> re.Pattern[str]:
    pattern = _PATTERN.replace(r"\.[\w$]++", r"\.[\w$][\w$-]*+") if order_by else _PATTERN
    return re.compile(pattern, re.VERBOSE | re.DOTALL | re.ASCII)


def tokenize(source: str, *, order_by: bool = False) -> list[Token]:
    """The tokens of *source*; the last one is ``END``, or ``INVALID`` with all that cannot be read.

    An ``INVALID`` token does not raise here, so the parser can first report a mistake further left; unreadable.py
    explains it.

    Raises:
        ExpressionSyntaxError: *source* is longer than `MAX_LENGTH`.
    """
    if len(source) > MAX_LENGTH:
        raise ExpressionSyntaxError(
            f"the expression has {len(source):,} characters; at most {MAX_LENGTH:,} are read",
            MAX_LENGTH,
        )
    make = tuple.__new__  # half the time of Token(...), which counts with thousands of expressions
    return [
        make(Token, (kind := cast("TokenKind", match.lastgroup), match[kind], match.start(kind)))
        for match in _scanner(order_by=order_by).finditer(source)
    ]


def shown(text: str) -> str:
    """*text* as a message repeats it: on one line, shortened, an invisible character by its number."""
    if len(text) == 1 and (text.isspace() or not text.isprintable()):
        return f"U+{ord(text):04X}"
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_LENGTH else f"{line[:_SHOWN_LENGTH]}…"


def invalid_token(source: str, offset: int) -> ExpressionSyntaxError:
    """The error for the ``INVALID`` token at *offset* of *source*, with what to write instead."""
    for pattern, message in _EXPLANATIONS:
        if found := re.compile(pattern, re.DOTALL | re.ASCII).match(source, offset):
            return ExpressionSyntaxError(message.format(found=shown(found[0])), offset)
    return ExpressionSyntaxError(f"{shown(source[offset])} has no meaning here", offset)


# The first that matches where no token can be read; {found} is the text that matched. Few texts need one.
_EXPLANATIONS: Final = (
    (
        r"""(['"]).*\\\1""",
        r"the text that begins here has no closing quote: \' and \" are quotes inside it",
    ),
    (r"""['"]""", "the text that begins here has no closing {found}"),
    (r"[\u2018-\u201f«»`\u00b4]", "{found} is a typographic quote; write ' or \""),
    (r"&&?", "{found} is not an operator; write AND"),
    (r"\|\|?", "{found} is not an operator; write OR"),
    (r"!\s+=", "!= is written without a blank"),
    (r"!", "there is no !; turn the comparison around, with != or NOT IN"),
    (r"~", "there are no regular expressions; CONTAINS finds a part of a text"),
    (
        r"(?<=[\w$\]])-(?=[\w$])",
        "a key cannot contain a hyphen; rename the attribute or, if this is a text, quote it",
    ),
    (r"[-+*/%^]", "{found} is not allowed here: there is no arithmetic"),
    (r"[\u2010-\u2015\u2212]", "{found} is a typographic dash; write -"),
    (r"\.(?=\d)", "a number cannot begin with a dot; write 0 before it"),
    (r"\.", "a dot joins two keys without blanks, as in task.language"),
    (r"\d[\w$.]*", "{found} is neither a number, like 5 or 0.5, nor a key, like level_5"),
    (r"[{}]", "{found} has no meaning here; is this a placeholder that was not replaced?"),
    (
        r"[\u00a0\u2000-\u200d\u202f\u3000\ufeff]",
        "an unusual blank ({found}); write an ordinary one",
    ),
    (
        r"[^\x00-\x7f]",
        "{found} cannot be part of a key (a to z, digits, _ and $); a text is written in quotes",
    ),
)
