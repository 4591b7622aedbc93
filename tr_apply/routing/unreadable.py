"""Explains in the user's words why a text cannot be split into tokens."""

import re
from typing import Final

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.routing.tokens import shown


def invalid_token(source: str, offset: int) -> ExpressionSyntaxError:
    """The error for the ``INVALID`` token at *offset* of *source*, with what to write instead."""
    for pattern, message in _EXPLANATIONS:
        if found := pattern.match(source, offset):
            return ExpressionSyntaxError(message.format(found=shown(found[0])), offset)
    return ExpressionSyntaxError(f"{shown(source[offset])} has no meaning here", offset)


# The first that matches where no token can be read; {found} is the text that matched.
_EXPLANATIONS: Final = tuple(
    (re.compile(pattern, re.DOTALL | re.ASCII), message)
    for pattern, message in (
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
)
