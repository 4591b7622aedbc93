"""How values of a plan are written as JSON, and read again: SIDs by name, documents, digests of secrets."""

import hashlib
import json
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from tr_apply.frozen import frozen
from tr_apply.resources import KIND_BY_NAME, KINDS
from tr_apply.resources.template import SID, SidOf, sid_of
from tr_apply.wire import FormValue, Json

DIGEST = "sha256:"
_SID_MARK = "$sid"


def digest(value: Any) -> str:
    """A short digest of a JSON value: secrets can be compared without being stored."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@frozen
class SecretDigest(Json):
    """A sensitive value that is known only by its digest ``value``. It must be filled in before it can be sent."""

    @classmethod
    def read(cls, written: Any) -> "SecretDigest":
        """The value that a document shows as *written*."""
        return cls(str(written).removeprefix(DIGEST))


def _label(value: Any) -> Any:
    label = sid_of(value) if isinstance(value, str) else value
    return _kind_name(label.kind) and label


def _kind_name(name: str) -> str:
    if name not in KIND_BY_NAME:
        raise ValueError(name)
    return name


def _sid(text: str) -> str:
    if not SID.match(text):
        raise ValueError(text)
    return text


def _form_document(value: FormValue) -> Any:
    match value:
        case SecretDigest(known):
            return {"digest": known}
        case SidOf():
            return {"sid": str(value)}
        case Json(document):
            return {"json": _marked(document)}
        case _:
            return value


def _form_value(document: Any) -> FormValue:
    match document:
        case SidOf() | Json():
            return document
        case {"digest": str(known)} if len(document) == 1:
            return SecretDigest(known)
        case {"sid": str(label)} if len(document) == 1:
            found: SidOf = _label(label)
            return found
        case {"json": content} if len(document) == 1:
            return Json(_unmarked(content))
        case str():
            return document
        case _:
            raise ValueError(document)


def _marked(value: Any) -> Any:
    """A document with ``{"$sid": KIND/NAME}`` for each SID in it; own keys that begin with ``$`` get another one."""
    match value:
        case dict():
            return {f"${key}" if key.startswith("$") else key: _marked(child) for key, child in value.items()}
        case list() | tuple():
            return [_marked(child) for child in value]
        case SidOf():
            return {_SID_MARK: str(value)}
        case _:
            return value


def _unmarked(value: Any) -> Any:
    """The document that ``_marked`` turned into *value*."""
    match value:
        case {"$sid": str(label)}:
            return sid_of(label)
        case dict():
            return {key[1:] if key.startswith("$$") else key: _unmarked(child) for key, child in value.items()}
        case list():
            return [_unmarked(child) for child in value]
        case _:
            return value


def hidden(value: FormValue) -> FormValue:
    """The replacement for a sensitive form parameter: its digest. A SID is not a secret."""
    if isinstance(value, SecretDigest | SidOf):
        return value
    return SecretDigest(digest(_marked(value.value) if isinstance(value, Json) else value))


def _change_document(value: Any) -> Any:
    return f"{DIGEST}{value.value}" if isinstance(value, SecretDigest) else value


def _only(key: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"type": "object", "required": [key], "properties": {key: {"description": description, **schema}}}


_FORM_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        _only("sid", "The resource whose SID is sent, as `KIND/NAME`.", type="string"),
        _only("json", 'A document that is sent as text; a SID in it is `{"$sid": "KIND/NAME"}`.'),
        _only("digest", "A digest in place of a sensitive value.", type="string"),
    ]
}

Label = Annotated[
    SidOf, PlainSerializer(str, return_type=str), BeforeValidator(_label), WithJsonSchema({"type": "string"})
]
Labels = Annotated[frozenset[Label], PlainSerializer(lambda labels: sorted(map(str, labels)))]
KindName = Annotated[str, AfterValidator(_kind_name), Field(json_schema_extra={"enum": [kind.name for kind in KINDS]})]
Sid = Annotated[str, AfterValidator(_sid)]
FormDocument = Annotated[
    FormValue, PlainSerializer(_form_document), PlainValidator(_form_value), WithJsonSchema(_FORM_SCHEMA)
]
Value = Annotated[Any, PlainSerializer(_change_document)]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[str, Field(pattern=r"^(100|[0-9]{1,2})%$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def is_none(value: Any) -> bool:
    """Whether an optional key is left out."""
    return value is None


def is_empty(value: Any) -> bool:
    """Whether an optional key is left out."""
    return not value
