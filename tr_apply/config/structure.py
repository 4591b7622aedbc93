"""From the data of all files to models; where something is wrong, to those that are right."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tr_apply.config.notes import Notes
from tr_apply.config.problems import note_problems
from tr_apply.config.shape import shape_of
from tr_apply.resources import SECTIONS
from tr_apply.resources.document import Document
from tr_apply.resources.workspace import Workspace


def document_of(notes: Notes, *, whole: bool) -> tuple[Document, bool]:
    """The document, or what is right of it; and whether all of it is right.

    Where a file could not be read to its end (not *whole*), what seems to be missing may well be there.
    """
    raw = notes.root.value
    try:
        return Document.model_validate(raw), True
    except ValidationError as error:
        note_problems(error.errors(include_url=False), notes, shape_of(Document), whole=whole)
    return _salvaged(raw), False


def _salvaged(raw: Mapping[str, Any]) -> Document:
    """The resources of *raw* that are right by themselves; None stands for the others, so that indices stay."""
    parts: dict[str, Any] = {"workspace": _valid(Workspace, raw.get("workspace"))}
    parts["workspace"] = parts["workspace"] or Workspace.model_construct(name="")
    for name in ("manage", "safety"):
        model = Document.model_fields[name].annotation
        parts[name] = _valid(model, raw.get(name, {})) or model()  # type: ignore[misc]
    for kind in SECTIONS:
        if isinstance(items := raw.get(kind.section), list):
            parts[kind.section] = [_valid(kind.model, item) for item in items]
    return Document.model_construct(_fields_set=set(raw), **parts)


def _valid(model: Any, written: Any) -> Any:
    """What *written* makes without the keys that are wrong; None where too little is left."""
    try:
        return model.model_validate(written)
    except ValidationError as error:
        wrong = {each["loc"][0] for each in error.errors(include_url=False) if each["loc"]}
    if not isinstance(written, dict) or not wrong.intersection(written):
        return None
    try:
        return model.model_validate({k: v for k, v in written.items() if k not in wrong})
    except ValidationError:
        return None
