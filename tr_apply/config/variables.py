"""``${NAME}`` in strings: where values come from, and putting them in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tr_apply.resources.template import Substituted, escaped

ENVIRONMENT_PREFIX = "TR_VAR_"  # no other variable can be read, so that no secret of a CI job can be printed
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

# An escape, or a reference: a name or sid:… with an optional default.
REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}|\$\{")
_LIMIT = 100_000  # characters that variables may make of one string


class VariableError(Exception):
    """A string cannot be completed; the message says which variable and why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(slots=True)
class Variables:
    """Values by name.

    Attributes:
        given: From the command line: literal text.
        declared: From ``vars:`` of overlays and files: may refer to other variables.
        environment: The process's environment, of which ``TR_VAR_…`` counts.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def substituted(self, text: str) -> str:
        """*text* with every variable in it replaced; ``${sid:…}`` and ``$${`` stay for later.

        Raises:
            VariableError: for a name without a value, a name that needs itself, or a malformed ``${``.
        """
        exact = REFERENCE.fullmatch(text)
        value = self._expand(text, ())
        is_one = exact is not None and exact[1] is not None and not exact[1].startswith("sid:")
        return Substituted(value) if is_one else value

    def _expand(self, text: str, within: tuple[str, ...]) -> str:
        result = REFERENCE.sub(lambda match: self._replacement(match, within), text)
        if len(result) > _LIMIT:
            raise VariableError("variable-too-long", f"variables make more than {_LIMIT:,} characters of this string")
        return result

    def _replacement(self, match: re.Match[str], within: tuple[str, ...]) -> str:
        inside = match[1]
        if inside is None:
            if match[0] == "$${":
                return match[0]
            raise VariableError("malformed-variable", "`${` without `}`; write `$${` for a literal `${`")
        if inside.startswith("sid:"):
            return match[0]
        name, separator, default = inside.partition(":-")
        if not VARIABLE_NAME.match(name):
            raise VariableError(
                "malformed-variable",
                f"`{match[0]}` is neither a variable nor a ${{sid:…}}; write `$${{` for a literal `${{`",
            )
        return self._value(name, default if separator else None, within)

    def _value(self, name: str, default: str | None, within: tuple[str, ...]) -> str:
        if name in within:
            raise VariableError("endless-variable", f"the variable {name} needs itself: {' -> '.join((*within, name))}")
        if name in self.given:
            return escaped(self.given[name])
        if name in self.declared:
            return self._expand(self.declared[name], (*within, name))
        if (value := self.environment.get(ENVIRONMENT_PREFIX + name)) is not None:
            return escaped(value)
        if default is not None:
            return default
        raise VariableError(
            "unknown-variable",
            f"the variable {name} has no value: add it under `vars:`, give --var {name}=VALUE, "
            f"set {ENVIRONMENT_PREFIX}{name}, or write ${{{name}:-default}}",
        )
