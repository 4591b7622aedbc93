"""``${NAME}`` in strings: where values come from, and putting them in."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tr_apply.resources.template import Substituted, escaped

ENVIRONMENT_PREFIX = "TR_VAR_"  # no other variable can be read, so that no secret of a CI job can be printed
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

# An escape, or a reference: a name or sid:… with an optional default.
REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}|\$\{")
UNKNOWN = "unknown-variable"
_LIMIT = 100_000  # characters by which variables may make one string longer
_LIMIT_OF_ALL = 50_000_000  # characters by which they may make all strings longer
_SHOWN_OF_A_CYCLE = 8  # names


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
    _known: dict[str, "_Pieces | VariableError"] = field(default_factory=dict)
    _grown: int = 0

    def substituted(self, text: str, *, name: str = "") -> str:
        """*text* with every variable in it replaced; ``${sid:…}`` stays for later.

        What variables hold, but for the marks in declared ones, is literal: it comes out escaped. Where *text* is what
        the variable *name* is declared to be, it cannot need itself.

        Raises:
            VariableError: for a name without a value, a name that needs itself, or a malformed ``${``.
        """
        value = _template(self._declared_value(name) if name else self._pieces(text))
        exact = REFERENCE.fullmatch(text)
        is_one = exact is not None and exact[1] is not None and not exact[1].startswith("sid:")
        return Substituted(value) if is_one else value

    def uses(self, name: str, text: str) -> bool:
        """Whether *text*, as declared, is what the variable *name* stands for."""
        return name not in self.given and self.declared.get(name) is text

    def _pieces(self, text: str) -> _Pieces:
        pieces: list[str | _Mark] = []
        length = end = 0  # the first: how much longer the text has become
        for match in REFERENCE.finditer(text):
            made = self._replacement(match)
            pieces += (text[end : match.start()], *made)
            length += sum(map(len, made)) - len(match[0])
            if length > _LIMIT:
                message = f"variables make this string longer by more than {_LIMIT:,} characters"
                raise VariableError("variable-too-long", message, offset=match.start())
            end = match.end()
        self._grown += max(length, 0)
        if self._grown > _LIMIT_OF_ALL:
            message = f"variables make this configuration longer by more than {_LIMIT_OF_ALL:,} characters"
            raise VariableError("variable-too-long", message)
        return tuple(_united([*pieces, text[end:]]))

    def _replacement(self, match: re.Match[str]) -> _Pieces:
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
        return self._value(name, default if separator else None, match.start())

    def _value(self, name: str, default: str | None, offset: int) -> _Pieces:
        if name in self.given:
            return (self.given[name],)
        if name in self.declared:
            try:
                return self._declared_value(name)
            except VariableError as error:
                variable = error.variable or name
                raise VariableError(error.code, error.message, offset=offset, variable=variable) from error
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

    def _declared_value(self, name: str) -> _Pieces:
        """What the variable *name* is declared to be."""
        if name not in self._known:
            self._settle(name)
        known = self._known[name]
        if isinstance(known, VariableError):
            raise known
        return known

    def _settle(self, name: str) -> None:
        """Find the value of *name*, after those of all that it needs: chains may be longer than Python's stack."""
        path = {name: iter(self._needed(name))}
        while path:
            last = next(reversed(path))
            needed = next((each for each in path[last] if each not in self._known), None)
            if needed is None:
                del path[last]
                self._keep(last)
            elif needed in path:
                names = list(path)
                self._fail(names[names.index(needed) :])
            else:
                path[needed] = iter(self._needed(needed))

    def _needed(self, name: str) -> list[str]:
        """The declared variables in what *name* is declared to be."""
        names = (each for each, _ in _names_in(self.declared[name]))
        return [each for each in names if each in self.declared and each not in self.given]

    def _keep(self, name: str) -> None:
        if name in self._known:
            return
        try:
            self._known[name] = self._pieces(self.declared[name])
        except VariableError as error:
            self._known[name] = error

    def _fail(self, cycle: Sequence[str]) -> None:
        """Each variable of a *cycle* needs itself."""
        shown = min(_SHOWN_OF_A_CYCLE, len(cycle))
        more = ("…",) if shown < len(cycle) else ()
        for index, name in enumerate(cycle):
            around = [*cycle[index : index + shown], *cycle[:shown]][:shown]
            message = f"the variable {name} needs itself: {' -> '.join((*around, *more, name))}"
            needed = cycle[(index + 1) % len(cycle)]
            offset = next(offset for each, offset in _names_in(self.declared[name]) if each == needed)
            self._known[name] = VariableError("endless-variable", message, offset=offset, variable=name)


def _names_in(text: str) -> Iterator[tuple[str, int]]:
    """What each reference in *text* names, with its offset."""
    for match in REFERENCE.finditer(text):
        yield (match[1] or "").partition(":-")[0], match.start()


def _united(pieces: Iterable[str]) -> Iterator[str]:
    """*pieces* with literal text that is side by side made one."""
    literal: list[str] = []
    for piece in pieces:
        if isinstance(piece, _Mark):
            yield from filter(None, ["".join(literal)])
            yield piece
            literal = []
        else:
            literal.append(piece)
    yield from filter(None, ["".join(literal)])


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
