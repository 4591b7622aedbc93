"""The JSON Schema of each file format, made from the models: what editors, CI jobs and other programs check against."""

import json
from typing import Any, Final

from tr_apply.schema.editor import for_editors, tidied, with_messages

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
NAMES: Final = ("workspace", "overlay", "plan", "tests", "simulation")

_TITLES: Final = {
    "workspace": "tr-apply workspace",
    "overlay": "tr-apply overlay",
    "plan": "tr-apply JSON output",
    "tests": "tr-apply routing tests",
    "simulation": "tr-apply simulation",
}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of the format *name*, one of ``NAMES``."""
    head = {"$schema": DIALECT, "$id": f"urn:tr-apply:{name}:1", "title": _TITLES[name]}
    return {**head, **_SCHEMAS[name]()}


def schema_text(name: str) -> str:
    """The same, as the file ``schemas/NAME.schema.json`` holds it."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


def _configuration() -> dict[str, Any]:
    from tr_apply.resources.document import Document  # noqa: PLC0415
    from tr_apply.schema.docstrings import described  # noqa: PLC0415
    from tr_apply.schema.forms import with_for_each  # noqa: PLC0415

    return with_messages(with_for_each(for_editors(described(Document.model_json_schema(), Document))))


def _overlay() -> dict[str, Any]:
    from tr_apply.schema.forms import as_overlay  # noqa: PLC0415

    return as_overlay(_configuration())


def _workspace() -> dict[str, Any]:
    made = _configuration()
    made["required"] = [key for key in made["required"] if key != "workspace"]  # one file of a directory has it
    return made


def _plan() -> dict[str, Any]:
    from tr_apply.schema.output import OutputDocument  # noqa: PLC0415

    made = OutputDocument.model_json_schema(mode="serialization")
    # pydantic finds the docstrings of the fields that a class declares itself, and not of those that it inherits.
    own, inherited = (made["$defs"][name]["properties"] for name in ("PlanOutput", "PlanDocument"))
    made["$defs"]["PlanOutput"]["properties"] = {key: inherited.get(key, value) for key, value in own.items()}
    return tidied(made, nullable=True)


def _tests() -> dict[str, Any]:
    from tr_apply.resources.routing_test import RoutingTests  # noqa: PLC0415
    from tr_apply.schema.docstrings import described  # noqa: PLC0415

    return tidied(described(RoutingTests.model_json_schema(), RoutingTests))


def _simulation() -> dict[str, Any]:
    from tr_apply.resources.simulation import SimulationFile  # noqa: PLC0415
    from tr_apply.schema.docstrings import described  # noqa: PLC0415
    from tr_apply.schema.forms import with_shorthands  # noqa: PLC0415

    made = described(SimulationFile.model_json_schema(), SimulationFile)
    return with_messages(tidied(with_shorthands(made)))


_SCHEMAS: Final = {
    "workspace": _workspace,
    "overlay": _overlay,
    "plan": _plan,
    "tests": _tests,
    "simulation": _simulation,
}
