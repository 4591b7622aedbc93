"""``${NAME}`` in strings: where values come from, and putting them in."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Final

from tr_apply.config.values.declarations import Declaration, TypeMistakeError
from tr_apply.config.values.marks import (
    EACH,
    REFERENCE,
    VARIABLE_NAME,
    GluedMarkError,
    Mark,
    Pieces,
    names_in,
    only_name,
    pieces_of,
    template_of,
    united,
    variables_in,
)
from tr_apply.findings import Rule, Severity
from tr_apply.frozen import unfrozen
from tr_apply.resources.template import Substituted

UNKNOWN_VARIABLE: Final = Rule("unknown-variable", Severity.ERROR, "A variable has no value.")
MALFORMED_VARIABLE: Final = Rule("malformed-variable", Severity.ERROR, "A ${…} is neither a variable nor a SID.")
ENDLESS_VARIABLE: Final = Rule("endless-variable", Severity.ERROR, "A variable needs itself.")
VARIABLE_TOO_LONG: Final = Rule("variable-too-long", Severity.ERROR, "Variables make too much of a string.")

# No other variable of the environment can be read: a pull request must not print what a CI job keeps to itself.
ENVIRONMENT_PREFIX = "TR_VAR_"
SECRET_PREFIX = "TR_SECRET_"  # noqa: S105  # the prefix of a name

_LIMIT = 100_000  # characters by which variables may make one string longer
_LIMIT_OF_ALL = 5_000_000  # characters by which they may make all strings longer; an expression takes µs a character
_SHOWN_OF_A_CYCLE = 8  # names


class VariableError(Exception):
    """A string cannot be completed.

    Attributes:
        rule: Of the finding.
        message: Which variable, and why.
        offset: Where in the string the reference begins, 0-based.
        variable: The declared variable whose own text is wrong, or that needs itself; empty where it is the string.
    """

    def __init__(self, rule: Rule, message: str, *, offset: int = 0, variable: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.offset = offset
        self.variable = variable


class Template(str):
    """The value of a variable as a file writes it: it may refer to other variables."""

    __slots__ = ()


_UNDECLARED = Declaration()


@unfrozen
class Variables:
    """Values by name; the first of these that has one counts.

    Attributes:
        given: From the command line: literal text.
        from_files: From files of variables: may refer to other variables.
        environment: The environment of the process: ``TR_SECRET_…``, then ``TR_VAR_…``. Literal text.
        declared: From ``vars:`` of overlays and files: may refer to other variables.
        declarations: From ``variables:``: types, defaults and secrecy.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    from_files: Mapping[str, str] = field(default_factory=dict)
    declarations: Mapping[str, Declaration] = field(default_factory=dict)
    _known: dict[str, "Pieces | VariableError"] = field(default_factory=dict)
    _read: dict[str, "Pieces | VariableError"] = field(default_factory=dict)
    _secret: dict[str, bool] = field(default_factory=dict)
    _grown: int = 0

    def substituted(self, text: str, *, name: str = "") -> str:
        """*text* with every variable in it replaced; ``${sid:…}`` and ``${each.…}`` stay for later.

        Values of variables are literal and come out escaped, except for marks in declared ones. If *text* is the
        declared value of the variable *name*, it cannot refer to itself.

        Raises:
            VariableError: for a name without a value, a name that needs itself, or a malformed ``${``.
        """
        value = _template(self._declared_value(name) if name else self._pieces(text))
        return Substituted(value) if only_name(text) is not None else value

    def uses(self, name: str, text: str) -> bool:
        """Whether the variable *name* has the value *text*, as declared."""
        if self.from_files.get(name) is text:
            return name not in self.given
        return self.declared.get(name) is text and not self._is_overruled(name)

    def type_of(self, text: str) -> Declaration | None:
        """The declaration to parse *text* with, if it is exactly one ``${NAME}`` of a declared type."""
        declaration = self.declarations.get(only_name(text) or "", _UNDECLARED)
        return declaration if declaration.is_typed else None

    def type_mistakes(self) -> Iterator[tuple[str, TypeMistakeError]]:
        """The declared variables whose values are not as they must be."""
        for name in self.declarations:
            declaration = self._declaration(name)
            try:
                source = self._source(name)
                value = () if source is None else self._raw_value(name, source)
                if value:  # an empty one is as good as none where a default is written
                    declaration.text(_template(value))
            except VariableError:
                continue  # reported at its declaration
            except TypeMistakeError as error:
                yield name, error

    def origin(self, name: str) -> str:
        """The source of *name*, as people call it: ``vars``, ``default``, or a source outside the files."""
        if name in self.given:
            return f"--var {name}"
        if name in self.from_files:
            return "--var-file"
        if (found := self._in_environment(name)) is not None:
            return found[0]
        return "vars" if name in self.declared else "default"

    def beaten_by_environment(self) -> Iterator[tuple[str, str]]:
        """The variables for which the environment has another value than ``vars``, with its name for them."""
        for name, text in self.declared.items():
            found = None if name in self.given or name in self.from_files else self._in_environment(name)
            if found is not None and (self._is_secret(name) or self._literal(text) != found[1]):
                yield name, found[0]  # of a secret always: the answer would confirm a guess

    def holds_secret(self, text: str) -> bool:
        """Whether the value of a secret variable flows into *text*."""
        return any(self._is_secret(name) for name in variables_in(text))

    def secret_values(self) -> Iterator[str]:
        """The values of all secret variables."""
        names = {name for name, each in self.declarations.items() if each.secret}
        names |= {key.removeprefix(SECRET_PREFIX) for key in self.environment if key.startswith(SECRET_PREFIX)}
        for name in sorted(names):
            if self._is_secret(name) and (value := self._literal(f"${{{name}}}")):
                yield value

    def _declaration(self, name: str) -> Declaration:
        """The declaration of *name*; also secret if its value is taken from a secret variable."""
        declaration = self.declarations.get(name, _UNDECLARED)
        return declaration._replace(secret=True) if self._is_secret(name) else declaration

    def _literal(self, text: str) -> str | None:
        try:
            return "".join(self._pieces(text))
        except VariableError:
            return None

    def _in_environment(self, name: str) -> tuple[str, str] | None:
        """Name and value of the environment's variable for *name*."""
        names = (SECRET_PREFIX + name, ENVIRONMENT_PREFIX + name)
        return next(((each, self.environment[each]) for each in names if each in self.environment), None)

    def _is_overruled(self, name: str) -> bool:
        """Whether what comes from outside beats the files for *name*."""
        return name in self.given or name in self.from_files or self._in_environment(name) is not None

    def _source(self, name: str) -> str | None:
        """The text of *name* before substitution. A ``Template`` may refer to other variables."""
        if name in self.given:
            return self.given[name]
        if name in self.from_files:
            return Template(self.from_files[name])
        if (found := self._in_environment(name)) is not None:
            return found[1]
        default = self.declarations.get(name, _UNDECLARED).default
        text = self.declared.get(name, default)
        return None if text is None else Template(text)

    def _template_of(self, name: str) -> str | None:
        source = self._source(name)
        return source if isinstance(source, Template) else None

    def _is_secret(self, name: str) -> bool:
        pending, seen = [name], {name}
        while pending:
            each = pending.pop()
            if self._is_secret_itself(each) or self._secret.get(each):
                self._secret[name] = True
                break
            if self._secret.get(each) is None:
                needed = {*variables_in(self._template_of(each) or "")} - seen
                seen |= needed
                pending.extend(needed)
        return self._secret.setdefault(name, False)

    def _is_secret_itself(self, name: str) -> bool:
        if self.declarations.get(name, _UNDECLARED).secret:
            return True
        from_outside = name in self.given or name in self.from_files
        return SECRET_PREFIX + name in self.environment and not from_outside

    def _pieces(self, text: str) -> Pieces:
        pieces: list[str | Mark] = []
        length = end = 0  # the first: how much longer the text has become
        for match in REFERENCE.finditer(text):
            made = self._replacement(match)
            pieces += (text[end : match.start()], *made)
            length += sum(map(len, made)) - len(match[0])
            if length > _LIMIT:
                message = f"variables make this string longer by more than {_LIMIT:,} characters"
                raise VariableError(VARIABLE_TOO_LONG, message, offset=match.start())
            end = match.end()
        self._grown += max(length, 0)
        if self._grown > _LIMIT_OF_ALL:
            message = f"variables make this configuration longer by more than {_LIMIT_OF_ALL:,} characters"
            raise VariableError(VARIABLE_TOO_LONG, message)
        return tuple(united([*pieces, text[end:]]))

    def _replacement(self, match: re.Match[str]) -> Pieces:
        inside = match[1]
        if match[0] == "$${":
            return ("${",)
        if inside is None:
            message = "`${` without `}`; write `$${` for a literal `${`"
            raise VariableError(MALFORMED_VARIABLE, message, offset=match.start())
        if "${" in (EACH.sub("", inside) if inside.startswith("sid:") else inside):
            message = "a `${…}` cannot hold another one; give the inner one a name of its own under `vars:`"
            raise VariableError(MALFORMED_VARIABLE, message, offset=match.start())
        if inside.startswith(("sid:", "each.")):
            return (Mark(match[0]),)
        name, separator, default = inside.partition(":-")
        if not VARIABLE_NAME.match(name):
            message = f"`{match[0]}` is neither a variable nor a ${{sid:…}}; write `$${{` for a literal `${{`"
            raise VariableError(MALFORMED_VARIABLE, message, offset=match.start())
        return self._value(name, default if separator else None, match.start())

    def _value(self, name: str, default: str | None, offset: int) -> Pieces:
        try:
            source = self._source(name)
            value = None if source is None else self._read_value(name, source)
            if default is not None and not value:
                return self._as_declared(name, (default,))
            if value == ():
                return self._as_declared(name, value)
        except VariableError as error:
            variable = error.variable or name
            raise VariableError(error.rule, error.message, offset=offset, variable=variable) from error
        except TypeMistakeError as error:
            message = f"the variable {name}: {error}"
            raise VariableError(error.rule, message, offset=offset) from error
        if value is not None:
            return value
        raise VariableError(UNKNOWN_VARIABLE, self._without_value(name), offset=offset)

    def _without_value(self, name: str) -> str:
        if self.declarations.get(name, _UNDECLARED).secret:
            return f"the secret variable {name} has no value: set {SECRET_PREFIX}{name} in the environment"
        return (
            f"the variable {name} has no value: add it under `vars:`, give --var {name}=VALUE, "
            f"set {ENVIRONMENT_PREFIX}{name}, or write ${{{name}:-default}}"
        )

    def _read_value(self, name: str, source: str) -> Pieces:
        """The value of *name* from *source* as it is put into a text; an empty one is empty, whatever its type."""
        if name not in self._read:
            value = self._raw_value(name, source)
            try:
                self._read[name] = self._as_declared(name, value) if value else value
            except TypeMistakeError as error:
                self._read[name] = VariableError(error.rule, str(error), variable=name)
        read = self._read[name]
        if isinstance(read, VariableError):
            raise read
        return read

    def _as_declared(self, name: str, value: Pieces) -> Pieces:
        declaration = self._declaration(name)
        if not declaration.is_typed and not declaration.enum:
            return value
        return pieces_of(declaration.text(_template(value)))

    def _raw_value(self, name: str, source: str) -> Pieces:
        """The value of *name* from *source* before its type is checked."""
        if isinstance(source, Template):
            return self._declared_value(name)
        return (source,) if source else ()

    def _declared_value(self, name: str) -> Pieces:
        """The value of *name* according to the files."""
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
        names = (each for each, _ in names_in(self._template_of(name) or ""))
        return [each for each in names if self._template_of(each) is not None]

    def _keep(self, name: str) -> None:
        if name in self._known:
            return
        try:
            self._known[name] = self._pieces(self._template_of(name) or "")
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
            offset = next(offset for each, offset in names_in(self._template_of(name) or "") if each == needed)
            self._known[name] = VariableError(ENDLESS_VARIABLE, message, offset=offset, variable=name)


def _template(pieces: Pieces) -> str:
    try:
        return template_of(pieces)
    except GluedMarkError as error:
        raise VariableError(MALFORMED_VARIABLE, f"a `$` is not allowed directly before `{error}`") from error
