"""A part of a plan: ``--target`` and ``--only`` with what that depends on, ``--exclude`` with what depends on that."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Self

from tr_apply.errors import UsageError
from tr_apply.findings import Finding, Severity
from tr_apply.frozen import frozen
from tr_apply.plan.change import Operation
from tr_apply.plan.requests.order import schedule
from tr_apply.resources import KIND_BY_NAME
from tr_apply.resources.field_path import fits
from tr_apply.routing.names import name_key

_SIGNS = frozenset("*?")


@frozen
class SelectedTarget:
    """Resources of a kind, by name or by a pattern.

    Attributes:
        kind: The kind.
        name: The name, as it was written; ``*`` and ``?`` are signs.
        is_exact: Whether only a resource with this very name is meant, whatever signs are in it.
    """

    kind: str
    name: str
    is_exact: bool = False

    def has(self, kind: str, name: str) -> bool:
        """Whether the resource *name* of *kind* is among them."""
        if kind != self.kind:
            return False
        key, own = name_key(name), name_key(self.name)
        return key == own if self.is_exact else fits(key, own)

    @property
    def is_pattern(self) -> bool:
        """Whether it is a pattern, which may match several names or none."""
        return not self.is_exact and not _SIGNS.isdisjoint(self.name)

    def __str__(self) -> str:
        """``KIND/NAME``."""
        return f"{self.kind}/{self.name}"


def parsed_target(text: str, option: str = "--target") -> SelectedTarget:
    """The resources that ``KIND/NAME`` or ``KIND/PATTERN`` names.

    Raises:
        UsageError: when it has another form.
    """
    kind, slash, name = text.partition("/")
    if kind not in KIND_BY_NAME or not slash or not name:
        raise UsageError(f"{option} {text}: expected KIND/NAME, where KIND is one of {', '.join(KIND_BY_NAME)}")
    return SelectedTarget(kind, name)


def parsed_kind(text: str) -> str:
    """The kind that ``--only`` names.

    Raises:
        UsageError: when there is no such kind.
    """
    if text not in KIND_BY_NAME:
        raise UsageError(f"--only {text}: expected one of {', '.join(KIND_BY_NAME)}")
    return text


@frozen
class Selection:
    """The operations of a plan to carry out; all by default.

    Attributes:
        targets: Only these resources, with what they depend on.
        only: Only these kinds, with what they depend on.
        excluded: Not these resources, and nothing that depends on them.
    """

    targets: Sequence[SelectedTarget] = ()
    only: Sequence[str] = ()
    excluded: Sequence[SelectedTarget] = ()

    @classmethod
    def of(cls, *, targets: Iterable[str] = (), only: Iterable[str] = (), excluded: Iterable[str] = ()) -> Self:
        """The selection from the options of a command.

        Raises:
            UsageError: An option has another form.
        """
        return cls(
            [parsed_target(each) for each in targets],
            [parsed_kind(each) for each in only],
            [parsed_target(each, "--exclude") for each in excluded],
        )

    @classmethod
    def exactly(cls, labels: Iterable[str]) -> Self:
        """The resources of these ``KIND/NAME``, in which no sign has a meaning."""
        parted = (label.partition("/") for label in labels)
        return cls([SelectedTarget(kind, name, is_exact=True) for kind, _, name in sorted(parted)])

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.targets or self.only or self.excluded)

    def wants(self, operation: Operation) -> bool:
        """Whether *operation* is one of those that were asked for."""
        is_targeted = not self.targets or any(each.has(operation.kind, operation.name) for each in self.targets)
        return is_targeted and (not self.only or operation.kind in self.only)

    def excludes(self, operation: Operation) -> bool:
        """Whether *operation* must not be done."""
        return any(each.has(operation.kind, operation.name) for each in self.excluded)


EVERYTHING = Selection()


def selected(operations: Sequence[Operation], selection: Selection) -> list[Operation]:
    """The *operations* that *selection* wants, and those that they depend on.

    Excluded operations are always left out, together with those that depend on them.
    """
    if selection.is_everything:
        return [*operations]
    needs = _needs(operations)
    excluded = {index for index, each in enumerate(operations) if selection.excludes(each)}
    left_out = _closure(_inverted(needs), excluded)
    wanted = {index for index, each in enumerate(operations) if selection.wants(each)}
    return [operations[index] for index in sorted(_closure(needs, wanted - left_out))]


def left_out(operations: Sequence[Operation], selection: Selection) -> Iterator[Finding]:
    """The *operations* that are left out because they are excluded, or depend on an excluded one; and idle names."""
    for each in selection.excluded:
        if not each.is_pattern and not any(each.has(one.kind, one.name) for one in operations):
            message = f"--exclude {each} leaves nothing out: the plan does not change it"
            yield Finding(Severity.INFO, "left-out", message)
    excluded = [each for each in operations if selection.excludes(each)]
    if not excluded:
        return
    kept = {id(each) for each in selected(operations, replace(selection, targets=(), only=()))}
    depending = [each for each in operations if id(each) not in kept and not selection.excludes(each)]
    message = f"left out by --exclude: {_listed(excluded)}"
    if depending:
        message += f"; and because it depends on that: {_listed(depending)}"
    yield Finding(Severity.INFO, "left-out", message)


def _listed(operations: Sequence[Operation]) -> str:
    return ", ".join(f"{each.action.value} {each.kind}/{each.name}" for each in operations)


def _needs(operations: Sequence[Operation]) -> Mapping[int, set[int]]:
    """By operation, those that its requests wait for."""
    waits: dict[int, set[int]] = {}
    steps = schedule(operations)
    for step in steps:
        waits.setdefault(step.operation, set()).update(steps[number].operation for number in step.after)
    return waits


def _inverted(needs: Mapping[int, set[int]]) -> Mapping[int, set[int]]:
    found: dict[int, set[int]] = {}
    for index, before in needs.items():
        for each in before:
            found.setdefault(each, set()).add(index)
    return found


def _closure(leads_to: Mapping[int, set[int]], start: set[int]) -> set[int]:
    """*start*, with all that it leads to."""
    pending, found = [*start], set(start)
    while pending:
        for each in leads_to.get(pending.pop(), ()):
            if each not in found:
                found.add(each)
                pending.append(each)
    return found
