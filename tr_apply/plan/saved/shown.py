"""Whether a live resource shows what a request writes."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from tr_apply.live import Live
from tr_apply.plan.json_values import SecretDigest, hidden
from tr_apply.resources import KIND_BY_NAME, WORKSPACE, FormField, Holds
from tr_apply.resources.template import SidOf
from tr_apply.wire import FormValue, Labels, form_of, form_text, model_of, parsed_json

SidOfLabel = Callable[[SidOf], str]
"""The SID of a label. Raises LookupError if it is not known."""


def shows(live: Live, form: Mapping[str, FormValue], sid: SidOfLabel, labels: Labels) -> bool:
    """Whether *live* has every value of *form* that an answer shows and that people do not change all day."""
    return all(shows_value(live, name, form[name], sid, labels) for name in lasting(live.kind, form))


def lasting(kind_name: str, form: Iterable[str]) -> list[str]:
    """Those parameters of *form* that an answer shows as they were written, however much later."""
    parameters, runtime = shown_parameters(kind_name), KIND_BY_NAME[kind_name].runtime
    return [name for name in form if name in parameters and parameters[name][0] not in runtime]


@cache
def shown_parameters(kind_name: str) -> Mapping[str, tuple[str, FormField]]:
    """By form parameter, the YAML key and how an answer shows it; not what TaskRouter uses only once."""
    kind, once = KIND_BY_NAME[kind_name], "template" if kind_name == WORKSPACE.name else ""
    shown = {spec.form: (key, spec) for key, spec in kind.fields.items() if key != once}
    if (document := kind.document) is not None:
        shown[document.form] = (document.keys[0], FormField(document.form, document.answer, Holds.JSON))
    return shown


def shows_value(live: Live, parameter: str, value: FormValue, sid: SidOfLabel, labels: Labels) -> bool:
    """Whether *live* has *value* where a request writes it as *parameter*; a SID that is not known is nowhere."""
    key, spec = shown_parameters(live.kind)[parameter]
    if isinstance(value, SecretDigest):
        kind = KIND_BY_NAME[live.kind]
        return hidden(form_of(kind, model_of(live, labels), [key])[parameter]) == value
    try:
        return _is_same(live, spec, form_text(value, sid))
    except LookupError:
        return False


def _is_same(live: Live, spec: FormField, sent: str) -> bool:
    if spec.holds is Holds.JSON:
        return bool(parsed_json(live, spec.answer) == json.loads(sent or "null"))
    now: Any = live.answer.get(spec.answer)
    text = "" if now is None else str(now)
    return (text.lower() if isinstance(now, bool) else text) == sent
