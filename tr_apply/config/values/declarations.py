"""``variables:``, read before anything is checked: what the text of a variable must be, and what it then is."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, get_args

from tr_apply.config.common_rules import INVALID_VALUE, WRONG_TYPE
from tr_apply.findings import Rule
from tr_apply.resources.document import VariableType
from tr_apply.resources.scalar import core_scalar, loses_signs
from tr_apply.resources.worker import compact_json

SECTION: Final = "variables"
_DEPTH_LIMIT: Final = 100
_EXPECTED: Final[Mapping[str, str]] = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "json": "JSON",
    "string": "a string",
}
_NUMBERS: Final = ("integer", "number")
_KNOWN_TYPES: Final[frozenset[str]] = frozenset(get_args(VariableType))


class TypeMistakeError(ValueError):
    """A text is not what the declaration of its variable asks for.

    Attributes:
        rule: Of the finding.
    """

    def __init__(self, rule: Rule, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class Declaration(NamedTuple):
    """The requirements for one variable."""

    type: str = "string"
    enum: Sequence[Any] = ()
    secret: bool = False
    default: str | None = None
    """As text: JSON, unless the type is string."""

    @property
    def is_typed(self) -> bool:
        """Whether its text is parsed into a value of another type."""
        return self.type != "string"

    def text(self, written: str) -> str:
        """*written* as the variable's value is put into a text.

        Raises:
            TypeMistakeError: when it is of another type, or not in ``enum``.
        """
        value = self.value(written)
        if self.enum and not any(_same(value, each) for each in self.enum):
            allowed = ", ".join(each if isinstance(each, str) else compact_json(each) for each in self.enum)
            raise TypeMistakeError(INVALID_VALUE, f"expected one of {allowed}, found {self._shown(written)}")
        return written if self.type == "string" else compact_json(value)

    def value(self, written: str) -> Any:
        """The value of the text *written*.

        Raises:
            TypeMistakeError: The text is of another type.
        """
        try:
            value = _read(self.type, written)
        except (ValueError, RecursionError):
            value = None
        else:
            if _fits(self.type, value):
                return int(value) if self.type == "integer" else value
        raise TypeMistakeError(WRONG_TYPE, f"expected {_EXPECTED[self.type]}, found {self._shown(written)}")

    def _shown(self, written: str) -> str:
        if self.secret:
            return "something else"
        if loses_signs(written) and self.type in _NUMBERS:
            return f"'{written}', which loses its plus sign or its leading zeros as a number; declare `type: string`"
        return f"'{written}'" if written else "an empty text"


def _read(type_: str, written: str) -> Any:
    match type_:
        case "string":
            return written
        case "json":
            value = json.loads(written, parse_constant=_refuse, parse_int=core_scalar, parse_float=core_scalar)
            return _bounded(value, _DEPTH_LIMIT)
        case _ if loses_signs(written):
            raise ValueError(written)
        case _:
            return core_scalar(written)


def _bounded(value: Any, depth: int) -> Any:
    """*value*, unless it is nested deeper than a file may be."""
    if depth == 0:
        raise ValueError("too deep")
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _bounded(child, depth - 1)
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _fits(type_: str, value: Any) -> bool:
    match type_:
        case "integer":
            return (type(value) is int) or (isinstance(value, float) and value.is_integer())
        case "number":
            return type(value) in {int, float}
        case "boolean":
            return isinstance(value, bool)
        case _:
            return True


def _same(value: Any, allowed: Any) -> bool:
    """Whether two JSON values are equal: 1 equals 1.0, but ``true`` does not equal 1."""
    return isinstance(value, bool) == isinstance(allowed, bool) and bool(value == allowed)


def declarations_of(sections: Iterable[Any]) -> dict[str, Declaration]:
    """The variables that the ``variables`` of each file, in order, declare, without malformed ones.

    The keys of later files win, but no file makes a secret of another one public.
    """
    written: dict[str, dict[str, Any]] = {}
    for section in sections:
        for name, rule in section.items() if isinstance(section, dict) else ():
            if isinstance(rule, dict):
                before = written.get(name, {})
                secret = before.get("secret") is True or rule.get("secret") is True
                written[name] = {**before, **rule, "secret": secret}
    return {name: _declaration(rule) for name, rule in written.items()}


def _declaration(rule: Mapping[str, Any]) -> Declaration:
    type_ = rule.get("type", "string")
    type_ = type_ if isinstance(type_, str) and type_ in _KNOWN_TYPES else "string"
    enum = rule.get("enum", ())
    default = rule.get("default")
    is_text = default is None or (type_ == "string" and isinstance(default, str))
    return Declaration(
        type_,
        enum if isinstance(enum, list) else (),
        rule["secret"],
        default if is_text else compact_json(default),
    )
