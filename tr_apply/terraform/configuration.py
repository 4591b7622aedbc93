"""A Terraform state -> the sections of a configuration, and what has to be known before Terraform forgets it."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tr_apply.client.answers import live_of
from tr_apply.export import sections_of
from tr_apply.live import Live, Snapshot
from tr_apply.printable import printable
from tr_apply.resources import ACTIVITY, SECTIONS, WORKER, WORKSPACE, plain
from tr_apply.resources.yaml_text import Sections, yaml_text
from tr_apply.routing.names import SID_IN_TEXT, name_key
from tr_apply.terraform.state import TYPES, WORKSPACE_SETTINGS, StateResource, TerraformState, state_of

_REFERRED: Final = ("default_activity", "timeout_activity", "assignment_activity", "reservation_activity")
_OFTEN_SECRET: Final = (
    "assignment_callback_url",
    "attributes",
    "configuration",
    "event_callback_url",
    "fallback_assignment_callback_url",
)
_OUTPUT_NAME: Final = re.compile(r"(?!plan_id\Z|has_changes\Z)[A-Za-z_][A-Za-z0-9_]*")
_LEAVES_ALONE: Final = "additive"


@dataclass(frozen=True, slots=True)
class TerraformExport:
    """A configuration made from a Terraform state."""

    sections: Sections
    addresses: Mapping[str, Sequence[str]]
    """By section, the address of each of its items in order."""

    notes: Sequence[str]
    """The parts that could not be carried over, and further advice."""

    removals: Sequence[str]
    """The lines that make Terraform forget the workspace without deleting it, ready for a shell."""

    def text(self, sections: Sections) -> str:
        """*sections* as YAML, each item below a comment with its Terraform address."""
        texts = (_commented(yaml_text({name: value}), self.addresses.get(name, ())) for name, value in sections.items())
        return "\n".join(texts)


def terraform_export(text: str, file: str, workspace: str | None) -> TerraformExport:
    """The configuration of the Terraform state in *text*, the content of *file*.

    *workspace* is the name or the SID of the one that is meant; it is needed where the state has several, or does not
    have the workspace itself.

    Raises:
        ConfigError: when the text is not what ``terraform show -json`` prints.
        UsageError: when it is not clear which workspace is meant.
    """
    state = state_of(text, file)
    return _StateWorkspace(state, state.workspace_sid(workspace), workspace).exported()


class _StateWorkspace:
    """One workspace of a state."""

    def __init__(self, state: TerraformState, sid: str, name: str | None) -> None:
        self._state = state
        self._sid = sid
        inside = [each for each in state.resources if each.workspace_sid == sid]
        self._own = next((each for each in inside if each.is_workspace), None)
        self._settings = next((each for each in inside if each.type == WORKSPACE_SETTINGS), None)
        self._resources = [each for each in inside if each.kind is not None and not each.is_workspace]
        self._workspace = self._live(self._with_settings(name))
        self._live_by_address = {each.address: self._live(each) for each in self._resources}

    def exported(self) -> TerraformExport:
        sections = self._sections()
        carried = [each for each in (self._own, *self._resources, self._settings) if each is not None]
        return TerraformExport(
            sections,
            self._addresses(sections),
            [*self._notes(sections, carried)],
            [f"terraform state rm {shlex.quote(printable(each.address))}" for each in carried if each.is_managed],
        )

    def _with_settings(self, name: str | None) -> StateResource:
        """The workspace itself, with the activities that a resource of their own sets."""
        values = {} if self._own is None else dict(self._own.values)
        filters = values.pop("event_filters", values.get("events_filter", ""))
        values["events_filter"] = ",".join(map(str, filters)) if isinstance(filters, list) else filters
        values |= {} if self._settings is None else self._settings.values
        values |= {"sid": self._sid, "friendly_name": values.get("friendly_name", name)}
        address = self._sid if self._own is None else self._own.address
        return StateResource(address, f"twilio_taskrouter_{WORKSPACE.name}", values)

    def _live(self, resource: StateResource) -> Live:
        """*resource* as the API would show it: the providers keep its keys.

        Raises:
            ConfigError: when its name or its SID is not in the state.
        """
        kind = TYPES[resource.type]
        for key in (kind.fields[kind.identity].answer, "sid"):
            if not isinstance(resource.values.get(key), str):
                raise self._state.wrong(f"{printable(resource.address)} has no `{key}`; run terraform refresh first")
        return live_of(kind, dict(resource.values))

    def _sections(self) -> Sections:
        live = [*self._live_by_address.values()]
        known = {each.sid for each in live}
        named_only = [each for sid, each in self._referred_activities().items() if sid not in known]
        by_kind: dict[str, list[Live]] = {
            kind.name: [each for each in live if each.kind == kind.name] for kind in SECTIONS
        }
        by_kind[ACTIVITY.name] += named_only
        sections = dict(sections_of(Snapshot(None, self._workspace, by_kind)))
        _take_out(sections, {name_key(each.name) for each in named_only})
        # Terraform leaves alone what it has not made, and so does the configuration that takes its place.
        sections["manage"] = {kind.section: _LEAVES_ALONE for kind in SECTIONS if kind.section in sections}
        if (accepted := sections.pop("lint", None)) is not None:
            sections["lint"] = accepted
        if outputs := dict(self._outputs()):
            sections["outputs"] = outputs
        return {key: value for key, value in sections.items() if value}

    def _referred_activities(self) -> dict[str, Live]:
        """By SID, the activities that something refers to, where the state says what they are called."""
        found = {}
        for values in (self._workspace.answer, *(each.values for each in self._resources)):
            for key in _REFERRED:
                sid, name = values.get(f"{key}_sid"), values.get(f"{key}_name")
                if isinstance(sid, str) and isinstance(name, str):
                    found[sid] = live_of(ACTIVITY, {"sid": sid, "friendly_name": name, "available": False})
        return found

    def _outputs(self) -> Iterator[tuple[str, str]]:
        """The outputs of Terraform that are the SID of something in the workspace."""
        by_sid = {each.sid: f"${{sid:{each.kind}/{each.name}}}" for each in self._live_by_address.values()}
        by_sid[self._sid] = "${sid:workspace}"
        for name, value in self._state.outputs.items():
            if value in by_sid and _OUTPUT_NAME.fullmatch(name):
                yield name, by_sid[value]

    def _addresses(self, sections: Sections) -> Mapping[str, Sequence[str]]:
        found = {(each.kind, name_key(each.name)): address for address, each in self._live_by_address.items()}
        by_section = {
            kind.section: [
                found[kind.name, name_key(plain(item[kind.identity]))] for item in sections.get(kind.section, ())
            ]
            for kind in SECTIONS
        }
        return by_section | {WORKSPACE.section: [] if self._own is None else [self._own.address]}

    def _notes(self, sections: Sections, carried: Sequence[StateResource]) -> Iterator[str]:
        for each in self._state.resources:
            if each.is_managed and each not in carried:
                why = "it belongs to another workspace" if each.kind else "tr-apply does not manage this kind"
                yield f"{printable(each.address)} is not carried over: {why}"
        for each in carried:
            for key in sorted(each.sensitive.intersection(_OFTEN_SECRET)):
                yield f"{printable(each.address)}: the file shows `{key}`, which Terraform hides; use a secret variable"
        if unknown := sorted(set(re.findall(SID_IN_TEXT, yaml_text(sections)))):
            yield f"nothing in the state has these SIDs, so they stay as they are: {', '.join(unknown)}"
        if WORKER.section in sections:
            yield "Terraform does not know the channels of workers; they keep their live values"
        yield "every kind is `additive`, as it was in Terraform: nothing that the file does not name is deleted"


def _take_out(sections: dict[str, Any], activities: set[str]) -> None:
    """Take the activities out that were there for their names only."""
    if ACTIVITY.section in sections:
        kept = [each for each in sections[ACTIVITY.section] if name_key(plain(each["name"])) not in activities]
        sections[ACTIVITY.section] = kept
        if not kept:
            del sections[ACTIVITY.section]


def _commented(text: str, addresses: Sequence[str]) -> str:
    """The text of one section, with the address above each item, or above the whole section if it is not a list."""
    lines = text.splitlines(keepends=True)
    starts = [index for index, line in enumerate(lines) if line.startswith("- ")] or [0]
    for index, address in reversed([*zip(starts, addresses, strict=False)]):
        lines.insert(index, f"# {printable(address)}\n")
    return "".join(lines)
