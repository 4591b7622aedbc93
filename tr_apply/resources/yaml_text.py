"""Resources and whole configurations as YAML that reads the same by the 1.1 and the 1.2 schema."""

import re
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from tr_apply.errors import TrApplyError
from tr_apply.printable import hidden_characters, is_plain
from tr_apply.resources.fields import literal_fields
from tr_apply.resources.scalar import core_scalar
from tr_apply.resources.template import escaped

Sections = Mapping[str, Any]
"""The value of each section, in the order in which they are written."""


def written(resource: BaseModel) -> dict[str, Any]:
    """The fields that are set, in the order of the model; names as a file must write them."""
    names = literal_fields(type(resource))
    return {
        field.alias or key: _plain(getattr(resource, key), is_name=key in names)
        for key, field in type(resource).model_fields.items()
        if key in resource.model_fields_set
    }


def _plain(value: Any, *, is_name: bool) -> Any:
    match value:
        case BaseModel():
            return written(value)
        case str():
            return escaped(value) if is_name else str(value)
        case dict():
            return {str(key): _plain(child, is_name=is_name) for key, child in value.items()}
        case list() | tuple():
            return [_plain(child, is_name=is_name) for child in value]
        case _:
            return value


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes YAML that reads the same by the 1.1 and the 1.2 schema; no aliases."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Two equal lists are two lists."""
        return True


_LOOKS_LIKE_A_NUMBER = re.compile(r"[-+.0-9]")
_OPEN_ENDED = re.compile(r"(\A|[\n\r\x85\u2028\u2029])[\n\r\x85\u2028\u2029]\Z")
"""Text with blank lines at its end: a block would have to keep them, and the next section adds one more."""


_LAST_OF_FOUR_DIGITS = 0xFFFF
_SEEN = "\n\t"
"""White space that shows itself, unlike what hides or steers the text around it."""


def _represent_text(dumper: Any, text: str) -> Any:
    try:
        is_text = core_scalar(text) == text
    except ValueError:
        is_text = False
    style = None if is_text and not _LOOKS_LIKE_A_NUMBER.match(text) else "'"
    if "\n" in text:
        style = '"' if _OPEN_ENDED.search(text) else "|"
    if any(text[at] not in _SEEN for at in hidden_characters(text)):
        style = '"'  # the only one that has escapes
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def yaml_text(sections: Sections) -> str:
    """*sections* as YAML, a blank line between them.

    Raises:
        TrApplyError: when some text cannot be written in YAML at all.
    """
    try:
        return "\n".join(_dumped({name: value}) for name, value in sections.items())
    except UnicodeEncodeError as error:
        raise TrApplyError(f"text that is not valid Unicode cannot be written: {error.object!r}") from error


def _dumped(section: Mapping[str, Any]) -> str:
    text: str = yaml.dump(
        section, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=10**9
    )
    return _escaped(text.removesuffix("...\n"))  # libyaml ends some documents so, and this one goes on


def _escaped(text: str) -> str:
    """*text* with YAML's escapes for characters that hide or steer text; all of them are in double quotes."""
    if is_plain(text.replace("\n", " ")):
        return text
    hidden = {at for at in hidden_characters(text) if text[at] not in _SEEN}
    return "".join(_escape(each) if at in hidden else each for at, each in enumerate(text))


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= _LAST_OF_FOUR_DIGITS else f"\\U{code:08x}"
