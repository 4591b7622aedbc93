"""A whole configuration: the sections of a file, and what may be done to the workspace."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, WithJsonSchema
from pydantic_core import PydanticCustomError

from tr_apply.resources import (
    KIND_BY_NAME,
    SECTIONS,
    Activity,
    Resource,
    Seldom,
    TaskChannel,
    TaskQueue,
    Worker,
    Workflow,
    Workspace,
)
from tr_apply.resources.fields import Expression, whole_number
from tr_apply.resources.lint import Lint
from tr_apply.routing.names import name_key

VariableType = Literal["string", "integer", "number", "boolean", "json"]


class Variable(Resource):
    """A variable, as ``variables`` declares it."""

    type: VariableType = "string"
    """The type that its text is parsed as. Inside a longer text it is written as JSON."""

    enum: list[Any] = []
    """The values that it may have; any, if there are none."""

    default: Any = None
    """Its value where nothing else gives it one: a YAML value of its type."""

    description: str = ""
    """Its purpose, for the reader."""

    secret: bool = False
    """Whether every field that its value flows into is hidden, as ``manage`` hides what it calls ``sensitive``."""


_PERCENT = re.compile(r"(100|[0-9]{1,2})%\Z")
_VARIABLE_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
DEFAULT_SHARE = 20  # per cent of the live objects of a kind that may be deleted without consent


class Ownership(Resource):
    """The part of the workspace itself that tr-apply owns."""

    ignore: list[Annotated[str, Field(min_length=1)]] = []
    """Paths of fields that keep their live values, as in ``events_filter``; ``*`` matches anything."""

    sensitive: list[Annotated[str, Field(min_length=1)]] = []
    """Paths of fields whose values are never printed."""


class SectionOwnership(Ownership):
    """The part of a section that tr-apply owns."""

    mode: Literal["exact", "additive", "ignore"] = "exact"
    """``exact``: undeclared resources are deleted; ``additive``: they are kept; ``ignore``: all are left alone."""


class WorkersOwnership(SectionOwnership):
    """The part of the workers that tr-apply owns."""

    where: Expression | None = None
    """Only live workers whose attributes match this expression are ours."""

    attributes: Literal["exact", "merge"] = "exact"
    """``merge``: tr-apply manages only the attributes written in the file; others keep their live values."""


def _mode_alone(written: Any) -> Any:
    return {"mode": str(written)} if isinstance(written, str) else written


_Mode = Literal["exact", "additive", "ignore"]
ManagedSection = Annotated[
    SectionOwnership, BeforeValidator(_mode_alone, json_schema_input_type=_Mode | SectionOwnership)
]
ManagedWorkers = Annotated[
    WorkersOwnership, BeforeValidator(_mode_alone, json_schema_input_type=_Mode | WorkersOwnership)
]


class Manage(Resource):
    """Which part of the live workspace is ours, section by section."""

    workspace: Ownership = Ownership.model_construct()
    """The workspace's own fields."""

    activities: ManagedSection = SectionOwnership.model_construct()
    """Activities."""

    task_channels: ManagedSection = SectionOwnership.model_construct()
    """Task channels."""

    task_queues: ManagedSection = SectionOwnership.model_construct()
    """Task queues."""

    workflows: ManagedSection = SectionOwnership.model_construct()
    """Workflows."""

    workers: ManagedWorkers = WorkersOwnership.model_construct()
    """Workers."""


_PROTECTED = rf"^({'|'.join(KIND_BY_NAME)})/[^\n]+$"


def _pattern(written: str) -> str:
    if not re.fullmatch(_PROTECTED, written):
        raise PydanticCustomError(
            "invalid-value",
            "expected KIND/pattern, as in task_queue/Everyone or activity/*; kinds are {kinds}",
            {"kinds": ", ".join(KIND_BY_NAME)},
        )
    return written


class Limits(tuple[int | str, ...]):
    """Limits of different units, all of which apply: an overlay may add one."""

    __slots__ = ()


def strictest(limit: Any, live: int) -> Any:
    """The strictest of the limits in *limit* for *live* objects."""
    return min(limit, key=lambda each: allowed_of(each, live)) if isinstance(limit, Limits) else limit


def allowed_of(limit: int | str, live: int) -> int:
    """The number of objects that a limit, a number or a share, allows out of *live* ones."""
    return live * int(limit.rstrip("%")) // 100 if isinstance(limit, str) else limit


def share(written: Any) -> Any:
    """A number of objects, a share of them, or both from an overlay and a file."""
    written = whole_number(written)
    if isinstance(written, Limits):
        return written
    if isinstance(written, str) and _PERCENT.match(written):
        return written
    if isinstance(written, int) and not isinstance(written, bool) and written >= 0:
        return written
    raise PydanticCustomError("invalid-value", "expected a number of objects, or a share from 0% to 100%")


_SHARE_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": "^(100|[0-9]{1,2})%$"},
    ]
}


class Safety(Resource):
    """Limits on deletes and lost people that an apply may not exceed without consent."""

    protect: list[Annotated[str, Field(json_schema_extra={"pattern": _PROTECTED}), AfterValidator(_pattern)]] = []
    """KIND/pattern of resources that are never deleted, whether listed in the file or not."""

    max_deletes: Annotated[Any, BeforeValidator(share), WithJsonSchema(_SHARE_SCHEMA)] = f"{DEFAULT_SHARE}%"
    """How many objects of a kind may be deleted without consent: a number, or a share of the live ones. Left out, the
    default holds where a person is asked; ``apply --auto-approve`` then deletes nothing."""

    delete: Literal["any", "declared"] = "any"
    """Which undeclared resources may be deleted: any, or only those declared in the configuration of ``--base-ref``."""

    max_people_lost: Annotated[Any, BeforeValidator(share), WithJsonSchema(_SHARE_SCHEMA)] = None
    """How many members a queue may lose without consent: a number, or a share of its members. Losing all of them always
    needs consent."""


def _variable_name(written: str) -> str:
    if not re.fullmatch(_VARIABLE_NAME, written):
        raise PydanticCustomError("invalid-value", "a variable's name is made of letters, digits and _")
    return written


VariableName = Annotated[str, Field(json_schema_extra={"pattern": _VARIABLE_NAME}), AfterValidator(_variable_name)]


_OUTPUT_NAME = r"^(?!(plan_id|has_changes)$)[A-Za-z_][A-Za-z0-9_]*$"


def _output_name(written: str) -> str:
    if written in {"plan_id", "has_changes"}:
        raise PydanticCustomError("invalid-value", "this is an output of `plan` itself; choose another name")
    if not re.fullmatch(_OUTPUT_NAME, written):
        raise PydanticCustomError("invalid-value", "an output's name is made of letters, digits and _")
    return written


OutputName = Annotated[str, Field(json_schema_extra={"pattern": _OUTPUT_NAME}), AfterValidator(_output_name)]


class WorkersTable(Resource):
    """Workers from a table, one per row, together with those of lists in other files."""

    csv: Annotated[str, Field(min_length=1)]
    """Path of a CSV file, relative to the file that says so.

    UTF-8 with a header; cells are divided by the comma, semicolon or tab that the header has most of. Columns are
    ``name``, ``activity``, ``attributes.KEY`` (or ``attributes.KEY.KEY``), ``channels.UNIQUE_NAME.capacity`` and
    ``channels.UNIQUE_NAME.available``. The cells of a column ``attributes.KEY[]`` are lists: elements with semicolons
    between them, as in ``en; es``. An empty cell leaves the key out. A cell below ``attributes`` is a boolean if
    it is true or false, a number if it is one of at most six digits before the point (a longer one is text, as phone
    numbers are, and so is one with a plus sign or a zero before it), JSON if it begins with a bracket or a brace or is
    text in double quotes, else text. Variables work as in any string.
    """


def _as_read(written: Any) -> Any:
    """The loader has put the workers of a table in its place."""
    return written


class Document(Resource):
    """A workspace of Twilio TaskRouter, as tr-apply keeps it in a repository.

    A section that is left out is not managed; an empty list means that none may exist.
    """

    vars: dict[VariableName, str] = {}
    """Values for ``${name}`` in any string, unless the command line or the environment has others."""

    variables: dict[VariableName, Annotated[Variable, Seldom(Variable)]] = {}
    """The types and allowed values of variables, and which of them are secret."""

    workspace: Workspace
    """The workspace itself."""

    activities: list[Activity] = []
    """The states of a worker, such as Available or Break."""

    task_channels: list[TaskChannel] = []
    """Kinds of work, each with its own capacity per worker."""

    task_queues: list[TaskQueue] = []
    """Lines of tasks, and which workers may take from them."""

    workflows: list[Workflow] = []
    """Which tasks go to which queues."""

    workers: Annotated[list[Worker], BeforeValidator(_as_read, json_schema_input_type=list[Worker] | WorkersTable)] = []
    """Who takes tasks: a list, or a table."""

    manage: Annotated[Manage, Seldom(Manage)] = Manage.model_construct()
    """Which part of the live workspace is ours."""

    safety: Annotated[Safety, Seldom(Safety)] = Safety.model_construct()
    """Limits on deletes and lost people that an apply may not exceed without consent."""

    lint: Annotated[Lint, Seldom(Lint)] = Lint.model_construct()
    """How findings count, and which of them stay."""

    outputs: dict[OutputName, str] = {}
    """Values for other systems, printed after an apply, as in ``workflow_sid: "${sid:workflow/Incoming}"``."""

    _flows: Mapping[str, Mapping[str, Sequence[str]]] = PrivateAttr(default_factory=dict)
    """Fields that secret variables flow into, by section and by the key of the resource's name."""

    @property
    def size(self) -> int:
        """How many resources it declares."""
        return sum(len(getattr(self, kind.section)) for kind in SECTIONS)

    def declares(self, section: str) -> bool:
        """Whether the file has *section* at all; what it leaves out is not managed."""
        return section in self.model_fields_set

    def with_secrets(self, flows: Mapping[str, Mapping[str, Sequence[str]]]) -> Self:
        """The same, with the fields that secret variables flow into, by section and by the key of a name."""
        document = self.model_copy()
        document._flows = flows  # noqa: SLF001  # its own
        return document

    def sensitive(self, section: str, name: str | None = None) -> Sequence[str]:
        """The paths of fields that must not be shown: what ``manage`` says, and where secret variables flow.

        The latter are those of the resource *name* only; without a name, those of all resources of the *section*.
        """
        rule: Ownership = getattr(self.manage, section)
        if not (flows := self._flows.get(section)):
            return rule.sensitive
        own = [path for paths in flows.values() for path in paths] if name is None else flows.get(name_key(name), ())
        return (*rule.sensitive, *(path for path in own if path not in rule.sensitive))
