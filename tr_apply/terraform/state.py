"""The output of ``terraform show -json``: resources of both providers, RJPearson94/twilio and twilio/twilio."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tr_apply.errors import ConfigError, UsageError
from tr_apply.findings import Finding, Severity
from tr_apply.printable import printable
from tr_apply.resources import ACTIVITY, SECTIONS, WORKSPACE, Kind
from tr_apply.routing.names import is_sid, name_key

PREFIX: Final = "twilio_taskrouter_"
TYPES: Final[Mapping[str, Kind]] = {
    **{f"{PREFIX}{kind.name}": kind for kind in (WORKSPACE, *SECTIONS)},
    f"{PREFIX}workspace_activity": ACTIVITY,
    f"{PREFIX}workspaces_v1": WORKSPACE,
    **{f"{PREFIX}workspaces_{kind.section}_v1": kind for kind in SECTIONS},
}
"""The kind that each type of resource is, in the community's provider and in Twilio's own."""

WORKSPACE_SETTINGS: Final = f"{PREFIX}workspace_configuration"
"""The community's provider sets the default and the timeout activity in a resource of their own."""

_DEEPEST: Final = 50  # modules in modules
_CODE: Final = "terraform-state"


@dataclass(frozen=True, slots=True)
class StateResource:
    """A resource of a Terraform state."""

    address: str
    type: str
    values: Mapping[str, Any]
    """Its arguments and attributes, without nulls."""

    is_managed: bool = True
    """Whether Terraform makes and deletes it, as it does not with a data source."""

    sensitive: frozenset[str] = frozenset()
    """The arguments that Terraform hides."""

    @property
    def kind(self) -> Kind | None:
        """The kind that tr-apply knows it as."""
        return TYPES.get(self.type) if self.is_managed else None

    @property
    def is_workspace(self) -> bool:
        """Whether it is a workspace rather than something in one."""
        return self.kind is WORKSPACE

    @property
    def workspace_sid(self) -> str | None:
        """The workspace that it is, or is in."""
        sid = self.values.get("sid" if self.is_workspace else "workspace_sid")
        return sid if isinstance(sid, str) and sid else None


@dataclass(frozen=True, slots=True)
class TerraformState:
    """A Terraform state, as far as it is about TaskRouter."""

    file: str
    resources: Sequence[StateResource]
    outputs: Mapping[str, str]
    """The outputs that are texts and not hidden."""

    def wrong(self, message: str) -> ConfigError:
        """The error that *message* says of the file."""
        return _wrong(self.file, message)

    def workspace_sid(self, wanted: str | None) -> str:
        """The workspace that is meant: *wanted* by name or SID, or the only one.

        Raises:
            ConfigError: when the state has nothing of TaskRouter.
            UsageError: when it is not clear which one is meant.
        """
        names = self._names()
        if not names:
            raise self.wrong("no resource of TaskRouter is in this state")
        found = [sid for sid, name in names.items() if wanted in {None, sid} or _is_same(name, wanted)]
        if not found:  # the workspace itself is elsewhere, and this is what it is called
            found = [sid for sid, name in names.items() if name is None]
        if len(found) != 1:
            listed = ", ".join(printable(f"{name or 'a workspace'} ({sid})") for sid, name in names.items())
            raise UsageError(f"{self.file} holds {listed}; say which one: {self._how('NAME')}")
        [sid] = found
        if names[sid] is None and (wanted is None or is_sid(wanted)):
            raise UsageError(f"{self.file} does not say what {printable(sid)} is called: {self._how('NAME')}")
        return sid

    def _names(self) -> dict[str, str | None]:
        """By SID, the name of each workspace; None if the state has only resources in it."""
        names: dict[str, str | None] = {}
        for each in self.resources:
            if each.kind is not None and (sid := each.workspace_sid) is not None:
                name = each.values.get("friendly_name") if each.is_workspace else None
                names[sid] = name if isinstance(name, str) else names.get(sid)
        return names

    def _how(self, name: str) -> str:
        return f"tr-apply export {name} --from-terraform {self.file}"


def state_of(text: str, file: str) -> TerraformState:
    """The state in *text*, the content of *file*.

    Raises:
        ConfigError: when it is not what ``terraform show -json`` prints.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(file, f"this is not JSON ({error}); {_HOW}") from error
    values = document.get("values") if isinstance(document, dict) else None
    if not isinstance(values, dict):
        is_raw = isinstance(document, dict) and {"version", "resources"} <= document.keys()
        raise _wrong(file, f"this {'is the state file itself' if is_raw else 'holds no Terraform state'}; {_HOW}")
    return TerraformState(file, [*_resources(values.get("root_module"), file)], dict(_outputs(values.get("outputs"))))


_HOW: Final = "write it with: terraform show -json > state.json"


def _wrong(file: str, message: str) -> ConfigError:
    return ConfigError([Finding(Severity.ERROR, _CODE, message, file)])


def _is_same(name: str | None, wanted: str | None) -> bool:
    return name is not None and wanted is not None and name_key(name) == name_key(wanted)


def _resources(module: Any, file: str, depth: int = 0) -> Iterator[StateResource]:
    if depth > _DEEPEST:
        raise _wrong(file, f"modules are nested more than {_DEEPEST} levels deep")
    for each in _mappings(module, "resources"):
        address, kind, values = each.get("address"), each.get("type"), each.get("values")
        if isinstance(address, str) and isinstance(kind, str) and kind.startswith(PREFIX) and isinstance(values, dict):
            hidden = each.get("sensitive_values")
            yield StateResource(
                address,
                kind,
                {key: value for key, value in values.items() if value is not None},
                is_managed=each.get("mode") == "managed",
                sensitive=frozenset(k for k, v in hidden.items() if v) if isinstance(hidden, dict) else frozenset(),
            )
    for child in _mappings(module, "child_modules"):
        yield from _resources(child, file, depth + 1)


def _outputs(outputs: Any) -> Iterator[tuple[str, str]]:
    for name, each in sorted(outputs.items()) if isinstance(outputs, dict) else ():
        if isinstance(each, dict) and not each.get("sensitive") and isinstance(each.get("value"), str):
            yield name, each["value"]


def _mappings(module: Any, key: str) -> Iterator[dict[str, Any]]:
    items = module.get(key) if isinstance(module, dict) else None
    yield from (each for each in items if isinstance(each, dict)) if isinstance(items, list) else ()
