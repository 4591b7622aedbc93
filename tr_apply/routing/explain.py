"""Explains in the user's words why the parser cannot go on.

One function for each thing the parser may miss. Each looks at the tokens around the place for the
mistakes that people make there, the commonest of them being habits from other query languages.

Nothing imports this before there is a mistake: that would take as long as reading a small file.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.routing.tokens import Token, invalid_token, shown

Missing: TypeAlias = Literal[
    "operand", "comparator", "connective", "list_end", "worker_attribute", "direction", "comma", "task_attribute"
]
"""The token that the parser needs next."""

_NO_TOKEN: Final = Token("END", "", 0)

_NO_ATTRIBUTES: Final = {"WORKER", "TASK", "ASC", "DESC"}

_FOREIGN_OPERATORS: Final = {
    "IS": "there is no IS; write == null or != null",
    "LIKE": "there is no LIKE; CONTAINS finds a part of a text",
    "MATCHES": "there is no MATCHES; CONTAINS finds a part of a text",
    "BETWEEN": "there is no BETWEEN; write two comparisons with AND",
    "EQUALS": "there is no EQUALS; write ==",
    "INCLUDES": "there is no INCLUDES; write HAS for a list, CONTAINS for a part of a text",
}

# By the characters of the two operators that were read instead: =<, > =, === and the like
_MEANT_OPERATORS: Final = {
    frozenset("="): "==",
    frozenset("!="): "!=",
    frozenset("<>"): "!=",
    frozenset("<="): "<=",
    frozenset(">="): ">=",
}


@dataclass(frozen=True, slots=True)
class Position:
    """The position of the parser: the first token that does not fit."""

    source: str
    tokens: Sequence[Token]
    index: int

    @property
    def token(self) -> Token:
        """The token that does not fit."""
        return self.tokens[self.index]

    @property
    def after(self) -> Token:
        """The token that follows it."""
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)]

    def before(self, distance: int = 1) -> Token:
        """The token *distance* places to the left; an empty one if there is none."""
        place = self.index - distance
        return self.tokens[place] if place >= 0 else _NO_TOKEN

    @property
    def touches(self) -> bool:
        """Whether there is no blank before it."""
        return self.before().end == self.token.offset > 0

    def error(self, message: str) -> ExpressionSyntaxError:
        """The error with this message, at this place."""
        return ExpressionSyntaxError(message, self.token.offset)


_Hint: TypeAlias = Callable[[Position], str | None]


def explained(missing: Missing, source: str, tokens: Sequence[Token], index: int) -> ExpressionSyntaxError:
    """The error of *source* if *missing* is expected at the token *index*."""
    return _EXPECTED[missing](Position(source, tokens, index))


def _operand_expected(at: Position) -> ExpressionSyntaxError:
    """Expected a key, a value or a list, or a parenthesis before a comparison."""
    hints = (_two_operators, _unary_not, _round_brackets, _keyword_as_key, _nothing_more)
    return _explained(at, hints, f"a key or a value is expected here, not {_shown(at.token)}")


def _comparator_expected(at: Position) -> ExpressionSyntaxError:
    """Expected a comparator, after an operand."""
    hints = (
        _minus,
        _exists,
        _foreign_operator,
        _function,
        _element,
        _not_something,
        _value_in_parentheses,
        _repeated_value,
        _bare_operand,
    )
    message = f"a comparison operator must follow {_shown(at.before())}"
    return _explained(at, hints, f"{message}, not {_shown(at.token)}")


def _connective_expected(at: Position) -> ExpressionSyntaxError:
    """Expected AND, OR or the end of the expression or parenthesis, after a comparison."""
    hints = (
        _unclosed_parenthesis,
        _closes_nothing,
        _minus,
        _function,
        _element,
        _values_without_list,
        _chain,
        _quote_in_text,
        _unquoted_words,
    )
    return _explained(at, hints, f"AND or OR is missing before {_shown(at.token)}")


def _list_end_expected(at: Position) -> ExpressionSyntaxError:
    """Expected a comma or the end of the list, after an element."""
    match at.token:
        case Token("END"):
            message = "the list is not closed; a ] is missing"
        case Token("PUNCTUATION", ")"):
            message = "a ] is missing before )"
        case _:
            message = f"a comma is missing before {_shown(at.token)}"
    return _explained(at, (_minus, _quote_in_text), message)


def _worker_attribute_expected(at: Position) -> ExpressionSyntaxError:
    """Expected an attribute of the worker, at the beginning of an order_by clause."""
    token = at.token
    message = "an attribute of the worker is expected here, as in worker.level DESC"
    if token.kind == "PATH" and token.text.split(".")[0].upper() not in _NO_ATTRIBUTES:
        message = f"only attributes of the worker give an order; write worker.{shown(token.text)}"
    return _explained(at, (), message)


def _direction_expected(at: Position) -> ExpressionSyntaxError:
    """Expected ASC or DESC, after an attribute."""
    message = f"ASC or DESC must follow {_shown(at.before())}"
    return _explained(at, (_minus, _element), message)


def _comma_expected(at: Position) -> ExpressionSyntaxError:
    """Expected a comma or the end of the order_by, after a clause."""
    return _explained(at, (), f"a comma is missing before {_shown(at.token)}")


def _task_attribute_expected(at: Position) -> ExpressionSyntaxError:
    """Expected a single attribute of the task."""
    message = "expected only the name of a task attribute here, as in task.agent_sid"
    return _explained(at, (_minus,), message)


def _explained(at: Position, hints: Sequence[_Hint], otherwise: str) -> ExpressionSyntaxError:
    if at.token.kind == "INVALID" or at.token.text == "*":
        return invalid_token(at.source, at.token.offset)
    return at.error(next(filter(None, (hint(at) for hint in hints)), otherwise))


def _shown(token: Token) -> str:
    return "the end" if token.kind == "END" else shown(token.text)


# Explanations for a missing operand


def _two_operators(at: Position) -> str | None:
    first, second = at.before(), at.token
    if first.kind != "OPERATOR" or second.kind != "OPERATOR":
        return None
    meant = _MEANT_OPERATORS.get(frozenset(first.text + second.text))
    if meant is None:
        return f"two operators follow each other, {first.text} and {second.text}"
    written = " ".join(at.source[first.offset : second.end].split())
    return f"{written} is not an operator; write {meant}"


def _unary_not(at: Position) -> str | None:
    if at.token.keyword != "NOT" or _is_comparator(at.before()):
        return None
    if at.after.text.upper() == "EXISTS":
        return "there is no NOT EXISTS; write key == null"
    return (
        "NOT is not allowed before a comparison; turn the comparison around: "
        "!= for ==, NOT IN for IN, 'x' NOT IN list for list HAS 'x'"
    )


def _round_brackets(at: Position) -> str | None:
    if at.token.text != "(":
        return None
    if at.before().keyword in {"IN", "HAS"} or at.before().text in {"<-", ">-"}:
        return "a list is written in square brackets, as in ['a', 'b']"
    return "parentheses hold whole comparisons; write a single value without them"


def _keyword_as_key(at: Position) -> str | None:
    keyword = at.token.keyword
    if keyword not in {"IN", "HAS", "CONTAINS"} or not _is_comparator(at.after):
        return None
    return f"{at.token.text} is an operator and cannot be a key"


def _nothing_more(at: Position) -> str | None:
    """The part missing before an end, a closing bracket, a comma or an operator."""
    token, before = at.token, at.before()
    if token.kind == "END" and at.index == 0:
        return "the expression is empty; 1==1 is always true, 1==0 never"
    if token.text == ")" and before.text == "(":
        return "there is nothing between these parentheses"
    what = "a value" if _is_comparator(before) or before.text in {"[", ","} else "a comparison"
    if token.kind == "END":
        return f"{what} must follow {_shown(before)}"
    if token.kind == "OPERATOR" or _is_comparator(token):
        what = "a key or a value"
    return f"{what} is missing before {_shown(token)}"


# Explanations for a missing comparator, after an operand


def _minus(at: Position) -> str | None:
    if at.token.kind != "NUMBER" or not at.token.text.startswith("-"):
        return None
    if at.touches and at.before().kind == "PATH":
        return "a key cannot contain a hyphen; rename the attribute or, if this is a text, quote it"
    return "there is no arithmetic"


def _exists(at: Position) -> str | None:
    if at.token.text.upper() == "EXISTS" and at.before().kind == "PATH":
        return f"there is no EXISTS; write {_shown(at.before())} != null"
    if at.before().text.upper() != "EXISTS":
        return None
    key = at.after if at.token.text == "(" else at.token
    return f"there is no EXISTS; write {shown(key.text)} != null" if key.kind == "PATH" else None


def _foreign_operator(at: Position) -> str | None:
    return _FOREIGN_OPERATORS.get(at.token.text.upper())


def _function(at: Position) -> str | None:
    if at.token.text != "(" or at.before().kind != "PATH":
        return None
    return f"there are no functions such as {_shown(at.before())}(…)"


def _element(at: Position) -> str | None:
    if at.token.text != "[" or at.before().kind != "PATH":
        return None
    return (
        "an element is written without blanks and counted from 0, as in list[0]; "
        "a key in an object follows a dot, as in object.key"
    )


def _not_something(at: Position) -> str | None:
    if at.token.keyword != "NOT":
        return None
    if at.after.text.upper() == "EXISTS":
        return f"there is no NOT EXISTS; write {_shown(at.before())} == null"
    match at.after.keyword:
        case "HAS":
            return f"there is no NOT HAS; write {_value_not_in_list(at)}"
        case "CONTAINS":
            return "there is no NOT CONTAINS; let an earlier filter take what contains it"
        case _:
            return "only IN can follow NOT"


def _value_not_in_list(at: Position) -> str:
    value = at.tokens[min(at.index + 2, len(at.tokens) - 1)]
    written = _shown(value) if value.kind in {"STRING", "NUMBER", "PATH"} else "'x'"
    return f"{written} NOT IN {_shown(at.before())}"


def _value_in_parentheses(at: Position) -> str | None:
    if at.token.text != ")" or at.before(2).text != "(":
        return None
    return f"parentheses hold whole comparisons; write {_shown(at.before())} without them"


def _repeated_value(at: Position) -> str | None:
    """``language == 'en' OR 'es'``: the second value has no key."""
    value, connective, key = at.before(), at.before(2), at.before(5)
    if value.kind not in {"STRING", "NUMBER"} or connective.keyword not in {"AND", "OR"}:
        return None
    if key.kind != "PATH":
        return None
    repeated = f"{_shown(key)} {_shown(at.before(4))} {_shown(value)}"
    return f"the key must be repeated: write {connective.text} {repeated}"


def _bare_operand(at: Position) -> str | None:
    ends = at.token.kind == "END" or at.token.text in {")", ","}
    if not ends and at.token.keyword not in {"AND", "OR"}:
        return None
    before = at.before()
    if before.kind == "PATH":
        return f"a comparison operator must follow {_shown(before)}, as in {_shown(before)} == true"
    return f"{_shown(before)} alone is not a comparison; 1==1 is always true, 1==0 never"


# Explanations for a missing AND or OR, after a comparison


def _unclosed_parenthesis(at: Position) -> str | None:
    if at.token.kind != "END":
        return None
    return f"the parenthesis at column {_opening(at).offset + 1} is not closed"


def _opening(at: Position) -> Token:
    """The innermost parenthesis that is open at the place."""
    openings: list[Token] = []
    for token in at.tokens[: at.index]:
        if token.text == "(":
            openings.append(token)
        elif token.text == ")":
            openings.pop()
    return openings[-1]


def _closes_nothing(at: Position) -> str | None:
    return f"this {at.token.text} closes nothing" if at.token.text in {")", "]"} else None


def _values_without_list(at: Position) -> str | None:
    if at.token.text != "," or at.before().text == "]":
        return None
    key = at.before(3) if at.before(3).kind == "PATH" else Token("PATH", "key", 0)
    values = ", ".join([at.before().text, *_values_after(at)])
    return f"several values form a list; did you mean {_shown(key)} IN [{values}]?"


def _values_after(at: Position) -> Iterator[str]:
    """Every value that follows a comma, from the place on."""
    rest = at.tokens[at.index :]
    for comma, value in zip(rest[::2], rest[1::2], strict=False):
        if comma.text != "," or value.kind not in {"STRING", "NUMBER", "PATH", "KEYWORD"}:
            return
        yield value.text


def _chain(at: Position) -> str | None:
    if not _is_comparator(at.token):
        return None
    repeated = f"{_shown(at.before())} {_shown(at.token)} {_shown(at.after)}"
    return f"comparisons cannot be chained; write AND {repeated} as a comparison of its own"


def _quote_in_text(at: Position) -> str | None:
    """``'O'Brien'``: the text ends earlier than it was meant to."""
    if at.before().kind != "STRING" or not at.touches:
        return None
    if at.token.kind not in {"PATH", "NUMBER", "STRING"}:
        return None
    other = '"' if at.before().text[0] == "'" else "'"
    return f"the text ends before {_shown(at.token)}; with a quote in it, write it in {other}"


def _unquoted_words(at: Position) -> str | None:
    words = (at.before(), at.token)
    if any(word.kind != "PATH" for word in words):
        return None
    return f"a text is written in quotes, as in '{_shown(words[0])} {_shown(words[1])}'"


def _is_comparator(token: Token) -> bool:
    return token.kind == "OPERATOR" or token.keyword in {"HAS", "IN", "NOT", "CONTAINS"}


_EXPECTED: Final[Mapping[Missing, Callable[[Position], ExpressionSyntaxError]]] = {
    "operand": _operand_expected,
    "comparator": _comparator_expected,
    "connective": _connective_expected,
    "list_end": _list_end_expected,
    "worker_attribute": _worker_attribute_expected,
    "direction": _direction_expected,
    "comma": _comma_expected,
    "task_attribute": _task_attribute_expected,
}
