"""``${NAME}`` in strings: where values come from, and putting them in."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tr_apply.resources.template import Substituted, escaped

ENVIRONMENT_PREFIX = "TR_VAR_"  # no other variable can be read, so that no secret of a CI job can be printed
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

# An escape, or a reference: a name or sid:… with an optional default.
REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}|\$\{")
UNKNOWN = "unknown-variable"
_LIMIT = 100_000  # characters by which variables may make one string longer


class VariableError(Exception):
    """A string cannot be completed.

    Attributes:
        code: Of the finding.
        message: Which variable, and why.
        offset: Where in the string the reference begins, 0-based.
        variable: The declared variable whose own text is wrong, or that needs itself; empty where it is the string.
    """

    def __init__(self, code: str, message: str, *, offset: int = 0, variable: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.offset = offset
        self.variable = variable


class _Mark(str):
    """A ``${sid:…}``, which stays for later."""

    __slots__ = ()


_Pieces = tuple[str, ...]
"""Literal text and marks, in order."""


@dataclass(slots=True)
class Variables:
    """Values by name.

    Attributes:
        given: From the command line: literal text.
        declared: From ``vars:`` of overlays and files: may refer to other variables.
        environment: The process's environment, of which ``TR_VAR_…`` counts: literal text.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    _known: dict[str, _Pieces] = field(default_factory=dict)

    def substituted(self, text: str, *, name: str = "") -> str:
        """*text* with every variable in it replaced; ``${sid:…}`` stays for later.

        What variables hold, but for the marks in declared ones, is literal: it comes out escaped. Where *text* is what
        the variable *name* is declared to be, it cannot need itself.

        Raises:
            VariableError: for a name without a value, a name that needs itself, or a malformed ``${``.
        """
        value = _template(self._pieces(text, (name,) if name else ()))
        exact = REFERENCE.fullmatch(text)
        is_one = exact is not None and exact[1] is not None and not exact[1].startswith("sid:")
        return Substituted(value) if is_one else value

    def uses(self, name: str, text: str) -> bool:
        """Whether *text*, as declared, is what the variable *name* stands for."""
        return name not in self.given and self.declared.get(name) is text

    def _pieces(self, text: str, within: tuple[str, ...]) -> _Pieces:
        pieces: list[str | _Mark] = []
        length = end = 0  # the first: how much longer the text has become
        for match in REFERENCE.finditer(text):
            made = self._replacement(match, within)
            pieces += (text[end : match.start()], *made)
            length += sum(map(len, made)) - len(match[0])
            if length > _LIMIT:
                message = f"variables make this string longer by more than {_LIMIT:,} characters"
                raise VariableError("variable-too-long", message, offset=match.start())
            end = match.end()
        return tuple(piece for piece in (*pieces, text[end:]) if piece)

    def _replacement(self, match: re.Match[str], within: tuple[str, ...]) -> _Pieces:
        inside = match[1]
        if match[0] == "$${":
            return ("${",)
        if inside is None:
            message = "`${` without `}`; write `$${` for a literal `${`"
            raise VariableError("malformed-variable", message, offset=match.start())
        if "${" in inside:
            message = "a `${…}` cannot hold another one; give the inner one a name of its own under `vars:`"
            raise VariableError("malformed-variable", message, offset=match.start())
        if inside.startswith("sid:"):
            return (_Mark(match[0]),)
        name, separator, default = inside.partition(":-")
        if not VARIABLE_NAME.match(name):
            message = f"`{match[0]}` is neither a variable nor a ${{sid:…}}; write `$${{` for a literal `${{`"
            raise VariableError("malformed-variable", message, offset=match.start())
        return self._value(name, default if separator else None, within, match.start())

    def _value(self, name: str, default: str | None, within: tuple[str, ...], offset: int) -> _Pieces:
        if name in within:
            message = f"the variable {name} needs itself: {' -> '.join((*within, name))}"
            raise VariableError("endless-variable", message, offset=offset, variable=name)
        if name in self.given:
            return (self.given[name],)
        if name in self.declared:
            return self._declared_value(name, within, offset)
        if (value := self.environment.get(ENVIRONMENT_PREFIX + name)) is not None:
            return (value,)
        if default is not None:
            return (default,)
        raise VariableError(
            UNKNOWN,
            f"the variable {name} has no value: add it under `vars:`, give --var {name}=VALUE, "
            f"set {ENVIRONMENT_PREFIX}{name}, or write ${{{name}:-default}}",
            offset=offset,
        )

    def _declared_value(self, name: str, within: tuple[str, ...], offset: int) -> _Pieces:
        if name not in self._known:
            try:
                self._known[name] = self._pieces(self.declared[name], (*within, name))
            except VariableError as error:
                variable = error.variable or name
                raise VariableError(error.code, error.message, offset=offset, variable=variable) from error
        return self._known[name]


def _template(pieces: _Pieces) -> str:
    """*pieces* as one text, in which what is literal is escaped."""
    return "".join(_joined(pieces))


def _joined(pieces: _Pieces) -> Iterator[str]:
    literal = ""
    for piece in pieces:
        if not isinstance(piece, _Mark):
            literal += piece
            continue
        if literal.endswith("$"):  # the two would read as an escape
            raise VariableError("malformed-variable", f"a `$` cannot stand directly before `{piece}`")
        yield escaped(literal)
        yield piece
        literal = ""
    yield escaped(literal)
