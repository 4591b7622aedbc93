"""The meaning of a code, an exit code or a key of a configuration, with an example."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tr_apply.config.rules import RULES
from tr_apply.config.suggestions import nearest
from tr_apply.errors import UsageError
from tr_apply.explain import file_examples, rule_examples
from tr_apply.explain.fields import ExplainedKey, field_named, field_names, field_text, keys_called
from tr_apply.explain.plan_codes import BLOCKED, ERRORS, NOTES, PlanCode
from tr_apply.findings import Rule
from tr_apply.lint import rules
from tr_apply.lint.verdicts import ALIASES, same_code

EXIT_CODES: Final[Mapping[str, str]] = {
    "0": "success, or nothing to do",
    "1": "an error: the API, the network, a bug",
    "2": "changes are pending (`plan --detailed-exitcode`)",
    "3": "the configuration is invalid, routing tests failed, or a limit of `simulate` does not hold",
    "4": "some write was or may have been executed, and not all is as it should be",
    "5": "stale: the workspace is not what the plan was made from",
    "6": "refused for safety",
    "64": "the command line cannot be understood: a bad option, or a PATH that does not exist",
    "130": "interrupted",
}
"""The meaning of each exit code."""

EXIT_STEPS: Final[Mapping[str, str]] = {
    "0": "nothing",
    "1": "read the message; `tr-apply doctor` checks the connection",
    "2": "review them, then apply",
    "3": "correct what the findings name",
    "4": "run the same command again to finish",
    "5": "plan again",
    "6": "read what needs consent; approve the plan, or give the option that the message names",
    "64": "correct the option or the PATH; `tr-apply COMMAND --help` shows what there is",
    "130": "run it again; nothing is half done without a message that says so",
}
"""The next step after each exit code."""

PLAN_CODES: Final[Mapping[str, PlanCode]] = {**BLOCKED, **NOTES, **ERRORS}
"""The codes that a plan or a run gives and ``validate`` does not."""

_MOST_KEYS: Final = 4  # in one message
_EXAMPLES: Final = {**file_examples.EXAMPLES, **rule_examples.EXAMPLES}


def explained(topic: str) -> str:
    """The explanation of *topic*.

    Raises:
        UsageError: when there is nothing of that name.
    """
    if topic in EXIT_CODES:
        return f"exit code {topic}: {EXIT_CODES[topic]}\nNext: {EXIT_STEPS[topic]}\n"
    code = same_code(topic)
    if (rule := next((each for each in _every_rule() if each.code == code), None)) is not None:
        return _about(rule)
    if (known := PLAN_CODES.get(topic)) is not None:
        next_step = f"Next: {known.next_step}\n" if known.next_step else ""
        return f"{topic} ({_said_by(topic)})\n\n{known.means}\n{next_step}{_namesakes(topic)}"
    if (field := field_named(topic)) is not None:
        return field_text(field)
    keys = keys_called(topic)
    if len(keys) == 1:
        return field_text(keys[0])
    raise UsageError(f"explain: there is nothing called {topic!r}{_hint(topic, keys)}")


def topics() -> list[str]:
    """The name of everything that can be explained, without the codes of former versions."""
    return [*(rule.code for rule in _every_rule()), *PLAN_CODES, *field_names(), *EXIT_CODES]


def _every_rule() -> Iterator[Rule]:
    yield from rules()
    yield from RULES


def _said_by(code: str) -> str:
    return "an error of a run" if code in ERRORS else "blocked in a plan" if code in BLOCKED else "said by a plan"


def _namesakes(code: str) -> str:
    names = [each.name for each in keys_called(code)]
    return f"\nKeys end in it, too: {', '.join(names)}\n" if names else ""


def _about(rule: Rule) -> str:
    return "\n".join([f"{rule.code} ({rule.severity})", "", rule.says, *_example(rule.code)]) + "\n"


def _example(code: str) -> Iterator[str]:
    if (example := _EXAMPLES.get(code)) is not None:
        for title, text in (("Wrong:", example.wrong), ("Right:", example.right)):
            yield from ("", title, "", *(f"    {line}" for line in text.splitlines()))


def _hint(topic: str, keys: Sequence[ExplainedKey]) -> str:
    if keys:
        more = f" and {len(keys) - _MOST_KEYS} more" * (len(keys) > _MOST_KEYS)
        return f", but keys end in it: {', '.join(each.name for each in keys[:_MOST_KEYS])}{more}"
    known = [*(rule.code for rule in _every_rule()), *ALIASES, *PLAN_CODES, *field_names()]
    near = nearest(topic, known)
    return f"; did you mean {near!r}?" if near else "; give the code of a finding, an exit code, or KIND.KEY"
