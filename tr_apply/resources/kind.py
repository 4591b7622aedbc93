"""A kind of resource: one row of facts that diff, plan, wire, client, schema and reports read."""

import hashlib
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from tr_apply.resources.template import SidOf
from tr_apply.routing.names import NAME_LIMIT, name_key

TEMPORARY_SUFFIX = " (tr-apply)"
_DIGEST_LENGTH = 8


class Resource(BaseModel):
    """Base of everything a user writes: unknown keys are errors, and nothing is converted silently."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        validate_default=False,
        defer_build=True,  # most models are parts of one that is used as a whole; each takes a millisecond
    )

    def to_yaml(self) -> str:
        """The keys that are set, as YAML.

        Raises:
            TrApplyError: when some text cannot be written in YAML at all.
        """
        from tr_apply.resources.yaml_text import written, yaml_text  # noqa: PLC0415  # seldom needed

        return yaml_text(written(self))


class Seldom:
    """Annotates a part that few configurations have, a *model*: its validator is made when one has it."""

    def __init__(self, model: type[Resource]) -> None:
        self._model = model

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._model.model_validate)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        self._model.model_rebuild()
        return handler(core_schema.definitions_schema(self._model.__pydantic_core_schema__, []))


class Holds(StrEnum):
    """The content of a field, which determines its form parameter and how an answer is read."""

    NAME = "name"  # literal text
    TEXT = "text"  # a template; absent, null and empty are the same
    VALUE = "value"  # a number, a flag or one of a few words
    LIST = "list"  # text separated by commas
    JSON = "json"  # a JSON document sent as text


class FormField(NamedTuple):
    """How one field of a resource is called in requests and in answers.

    Attributes:
        form: Name of the form parameter, as in ``TargetWorkers``.
        answer: Key of the JSON answer, as in ``target_workers``.
        holds: What the field holds; a field that refers to another kind says so in ``Kind.references``.
        create: Whether TaskRouter accepts it when the resource is created.
        update: Whether TaskRouter can change it afterwards; where it cannot, a change is a replacement.
    """

    form: str
    answer: str
    holds: Holds = Holds.VALUE
    create: bool = True
    update: bool = True


class DocumentField(NamedTuple):
    """Several keys of a resource that together are one JSON document of the API.

    Attributes:
        form: Name of the form parameter, as in ``Configuration``.
        answer: Key of the JSON answer.
        keys: The YAML keys of the document; the first one represents all where one is enough.
        write: The document of a resource: queues are ``SidOf``, text is still a template.
        read: The keys that a document makes, from the document, the name of a SID, and live text as a template.
    """

    form: str
    answer: str
    keys: tuple[str, ...]
    write: Callable[[Any], dict[str, Any]]
    read: Callable[[Any, Callable[[str], str | None], Callable[[str], str]], dict[str, Any]]


class Kind(NamedTuple):
    """The facts about one kind of resource for the rest of the program.

    Attributes:
        name: As in ``--target`` and plans, singular.
        section: The YAML's key, plural.
        model: The model of the YAML.
        collection: Last part of the collection's URL.
        list_key: Key of the items in a list answer.
        sid_prefix: Two letters.
        fields: YAML key -> its form parameter; keys that are missing here never leave the file as they are.
        identity: The YAML key that names a resource of this kind.
        references: YAML key -> kind whose names it holds.
        replaced_on: YAML keys that TaskRouter cannot change in place.
        runtime: YAML keys whose live value people change all day; never drift.
        kept_when_unset: YAML keys that keep their live values when the file leaves them out.
        find_by: Query parameter that finds one by its identity; None if the API has no such filter.
        document: Keys that form one document of the API; None if there are none.
        parent: Name of the kind that holds it; None for the workspace, which holds everything.
        namesake: What TaskRouter does with a second resource of the same name.
        built_in: Names of resources that TaskRouter makes in every workspace and that are never deleted.
    """

    name: str
    section: str
    model: type[Resource]
    collection: str
    list_key: str
    sid_prefix: str
    fields: Mapping[str, FormField]
    identity: str = "name"
    references: Mapping[str, str] = MappingProxyType({})
    replaced_on: frozenset[str] = frozenset()
    runtime: frozenset[str] = frozenset()
    kept_when_unset: frozenset[str] = frozenset()
    find_by: str | None = "FriendlyName"
    document: DocumentField | None = None
    parent: str | None = "workspace"
    namesake: Literal["refused", "unsure", "allowed"] = "unsure"
    built_in: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        """For sentences: ``task queue``."""
        return self.name.replace("_", " ")

    @property
    def plural(self) -> str:
        """For sentences: ``task queues``."""
        return self.section.replace("_", " ")

    @property
    def document_keys(self) -> tuple[str, ...]:
        """The YAML keys that are one document of the API."""
        return () if self.document is None else self.document.keys

    @property
    def answer_name(self) -> str:
        """Key of the JSON answer that names a resource of this kind."""
        return self.fields[self.identity].answer if self.identity in self.fields else self.identity

    @property
    def has_channels(self) -> bool:
        """Whether its resources have channels, which are resources of a kind of their own."""
        return "channels" in self.model.model_fields

    def name_of(self, resource: Any) -> str:
        """The identity that *resource* carries."""
        name: str = getattr(resource, self.identity)
        return name

    def label(self, name: str) -> SidOf:
        """The label of the resource *name*; the workspace is the only one of its kind and needs no name."""
        return SidOf(self.name, "" if self.parent is None else name)

    def place(self, index: int) -> tuple[str | int, ...]:
        """The path of a resource in a configuration: *index* counts those of its section, which has one workspace."""
        return (self.section,) if self.parent is None else (self.section, index)

    def split(self, path: tuple[str | int, ...]) -> tuple[tuple[str | int, ...], tuple[str | int, ...]]:
        """*path* in a configuration as the place of a resource of this kind and the path inside that resource."""
        depth = len(self.place(0))
        return path[:depth], path[depth:]

    def keys_to(self, kind: str) -> list[str]:
        """The YAML keys that hold names of *kind*."""
        return [key for key, referred in self.references.items() if referred == kind]


def temporary_name(name: str) -> str:
    """A temporary name for a resource while another takes its *name*; found again by computing it, never by parsing.

    If *name* is too long for the suffix, a digest replaces the part that does not fit.
    """
    room = NAME_LIMIT - len(TEMPORARY_SUFFIX)
    if len(name) > room:
        digest = hashlib.sha256(name_key(name).encode()).hexdigest()[:_DIGEST_LENGTH]
        name = f"{name[: room - _DIGEST_LENGTH - 1]}~{digest}"
    return name + TEMPORARY_SUFFIX
