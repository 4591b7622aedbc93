"""Reads routing text into trees: expressions, order_by and known_worker_sid.

::

    expression  = or , END ;
    or          = and , { "OR" , and } ;
    and         = primary , { "AND" , primary } ;
    primary     = [ "*" ] , "(" , or , ")" | comparison ;
    comparison  = operand , comparator , operand , { "," , value } ;        a comma after == only
    comparator  = "==" | "=" | "!=" | ">" | ">=" | "<" | "<="
                | "HAS" | ">-" | "IN" | "<-" | "NOT" , "IN" | "CONTAINS" ;
    operand     = string | number | "true" | "false" | "null" | list | path ;
    list        = "[" , [ operand , { "," , operand } ] , "]" ;

    order by    = clause , { "," , clause } , END ;
    clause      = path beginning with "worker." , ( "ASC" | "DESC" ) ;

Twilio publishes no grammar. The star and the comma occur in deployed expressions; their effect is unsure, and here they
have none (unsure.py). It is also unsure that AND binds tighter than OR; therefore format.py writes the parentheses and
check.py suggests them.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.routing.nodes import (
    And,
    Comparator,
    Comparison,
    Constant,
    Direction,
    Expression,
    ListLiteral,
    Operand,
    Or,
    OrderBy,
    OrderClause,
    Path,
)
from tr_apply.routing.tokens import Token, tokenize

if TYPE_CHECKING:
    from tr_apply.routing.explain import Missing

MAX_NESTING: Final = 100
"""Maximum nesting depth of parentheses and lists."""

_CACHED_LENGTH: Final = 1_000  # characters; keeps the cache small whatever is put into it

_MAX_NUMBER_LENGTH: Final = 1_000  # characters; Python itself refuses to read 4,300 digits

_COMPARATORS: Final = {spelling: comparator for comparator in Comparator for spelling in comparator.spellings}
_LITERALS: Final = {"TRUE": True, "FALSE": False, "NULL": None}
_DIRECTIONS: Final = {direction.value: direction for direction in Direction}


def parse(source: str) -> Expression:
    """The tree of *source*.

    Raises:
        ExpressionSyntaxError: with the 0-based offset of the first wrong token.
    """
    return _parse_cached(source) if len(source) <= _CACHED_LENGTH else _Parser(source).expression()


@lru_cache(maxsize=4096)
def _parse_cached(source: str) -> Expression:
    return _Parser(source).expression()


def parse_target_workers(source: str) -> Expression | None:
    """The tree of a queue's expression; None for an empty one, which is for nobody.

    Raises:
        ExpressionSyntaxError: as for ``parse``.
    """
    return parse(source) if source.strip() else None


def parse_order_by(source: str) -> OrderBy:
    """The clauses of an order_by.

    Raises:
        ExpressionSyntaxError: with the 0-based offset of the first wrong token.
    """
    return _Parser(source, order_by=True).order_by()


def parse_known_worker(source: str) -> Path:
    """The path in a known_worker_sid or known_worker_friendly_name, ``task.`` included.

    Raises:
        ExpressionSyntaxError: when *source* is anything but ``task.<path>``.
    """
    return _Parser(source).known_worker()


class _Parser:
    """Recursive descent over the tokens of one text; each method reads what it is called."""

    __slots__ = ("_depth", "_index", "_source", "_tokens")

    def __init__(self, source: str, *, order_by: bool = False) -> None:
        self._source = source
        self._tokens = tokenize(source, order_by=order_by)
        self._index = 0
        self._depth = 0

    def expression(self) -> Expression:
        tree = self._or()
        if self._token.kind != "END":
            raise self._without("connective")
        return tree

    def order_by(self) -> OrderBy:
        clauses = [self._clause()]
        while self._accept(","):
            clauses.append(self._clause())
        if self._token.kind != "END":
            raise self._without("comma")
        return OrderBy(tuple(clauses))

    def known_worker(self) -> Path:
        path = self._path_in("task")
        if path is None or self._token.kind != "END":
            raise self._without("task_attribute")
        return path

    def _or(self) -> Expression:
        first = self._and()
        if self._token.keyword != "OR":
            return first
        operands = [first]
        while self._accept_keyword("OR"):
            operands.append(self._and())
        return Or(tuple(operands), first.offset)

    def _and(self) -> Expression:
        first = self._primary()
        if self._token.keyword != "AND":
            return first
        operands = [first]
        while self._accept_keyword("AND"):
            operands.append(self._primary())
        return And(tuple(operands), first.offset)

    def _primary(self) -> Expression:
        opening = self._token
        starred = self._accept("*")
        if not self._accept("("):
            return self._comparison()
        self._enter()
        inner = self._or()
        if not self._accept(")"):
            raise self._without("connective")
        self._depth -= 1
        inner = inner if isinstance(inner, Comparison) else _grouped(inner, opening.offset)
        return replace(inner, starred=True) if starred else inner

    def _comparison(self) -> Comparison:
        left = self._operand()
        first = self._token
        comparator = self._comparator()
        spelling = self._source[first.offset : self._tokens[self._index - 1].end]
        right = self._operand()
        reads_on = comparator is Comparator.EQUAL and isinstance(left, Path) and isinstance(right, Constant)
        unread = tuple(self._unread()) if reads_on else ()
        return Comparison(left, comparator, right, left.offset, spelling, unread)

    def _unread(self) -> Iterator[Constant]:
        """``'b'`` in ``x == 'a', 'b'``."""
        while self._token.text == "," and _is_constant(self._tokens[self._index + 1]):
            self._index += 1
            yield self._constant()

    def _comparator(self) -> Comparator:
        if self._token.keyword == "NOT" and self._tokens[self._index + 1].keyword == "IN":
            self._index += 2
            return Comparator.NOT_IN
        comparator = _COMPARATORS.get(self._token.text.upper())
        if comparator is None:
            raise self._without("comparator")
        self._index += 1
        return comparator

    def _operand(self) -> Operand:
        token = self._token
        if token.kind != "PATH" and _is_constant(token):
            return self._constant()
        self._index += 1
        match token.kind:
            case "PATH":
                return Path(_segments(token.text), token.offset)
            case "PUNCTUATION" if token.text == "[":
                return ListLiteral(self._items(), token.offset)
            case _:
                self._index -= 1
                raise self._without("operand")

    def _constant(self) -> Constant:
        token = self._token
        self._index += 1
        match token.kind:
            case "STRING":
                return Constant(_unescaped(token.text), token.offset)
            case "NUMBER":
                return Constant(_number(token), token.offset)
            case _:
                return Constant(_LITERALS[token.text.upper()], token.offset)

    def _items(self) -> tuple[Operand, ...]:
        if self._accept("]"):
            return ()
        self._enter()
        items = [self._operand()]
        while self._accept(","):
            items.append(self._operand())
        if not self._accept("]"):
            raise self._without("list_end")
        self._depth -= 1
        return tuple(items)

    def _clause(self) -> OrderClause:
        path = self._path_in("worker")
        if path is None:
            raise self._without("worker_attribute")
        direction = _DIRECTIONS.get(self._token.text.upper())
        if direction is None:
            raise self._without("direction")
        self._index += 1
        return OrderClause(path, direction, path.offset)

    def _path_in(self, root: str) -> Path | None:
        token = self._token
        if token.kind != "PATH" or not token.text.startswith(f"{root}."):
            return None
        self._index += 1
        return Path(_segments(token.text), token.offset)

    @property
    def _token(self) -> Token:
        return self._tokens[self._index]

    def _without(self, missing: "Missing") -> ExpressionSyntaxError:
        from tr_apply.routing.explain import explained  # noqa: PLC0415  # seldom needed

        return explained(missing, self._source, self._tokens, self._index)

    def _accept(self, punctuation: str) -> bool:
        found = self._tokens[self._index].text == punctuation
        self._index += found
        return found

    def _accept_keyword(self, keyword: str) -> bool:
        found = self._token.keyword == keyword
        self._index += found
        return found

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise ExpressionSyntaxError(
                f"more than {MAX_NESTING} parentheses and lists are nested",
                self._tokens[self._index - 1].offset,
            )


def _is_constant(token: Token) -> bool:
    return token.kind in {"STRING", "NUMBER"} or token.keyword in _LITERALS


def _grouped(tree: And | Or, offset: int) -> And | Or:
    return replace(tree, grouped=True, offset=offset)


def _segments(text: str) -> tuple[str | int, ...]:
    if "[" not in text:
        return tuple(text.split("."))
    parts = re.findall(r"[^.\[\]]+|\[[0-9]+", text)
    return tuple(int(part[1:]) if part[0] == "[" else part for part in parts)


def _unescaped(text: str) -> str:
    inner = text[1:-1]
    return re.sub(r"""\\(['"\\])""", r"\1", inner) if "\\" in inner else inner


def _number(token: Token) -> float:
    readable = len(token.text) <= _MAX_NUMBER_LENGTH
    if readable and "." not in token.text:
        return int(token.text)
    value = float(token.text) if readable else math.inf
    if math.isinf(value):
        raise ExpressionSyntaxError("this number is too large", token.offset)
    return value
