"""What ``doctor`` found out, as text."""

from collections.abc import Iterator

from tr_apply.deployment.diagnosis import Diagnosis
from tr_apply.printable import printable

_WIDTHS = (7, 11)  # of a state and of a name


def diagnosis_text(found: Diagnosis) -> str:
    """The versions, the target, and one line a check."""
    return "".join(f"{line}\n" for line in _lines(found))


def _lines(found: Diagnosis) -> Iterator[str]:
    yield f"tr-apply {found.version}, Python {found.python}, {found.platform}"
    if (target := _target(found)) is not None:
        yield f"Target: {target}"
    for each in found.checks:
        state, name = each.state.value.ljust(_WIDTHS[0]), each.name.ljust(_WIDTHS[1])
        yield f"  {state} {name} {printable(each.message)}"


def _target(found: Diagnosis) -> str | None:
    if found.database is not None:
        return f"the embedded TaskRouter, kept in {printable(found.database)}"
    if found.host is None:
        return None
    parts = [found.host]
    parts += [f"region {found.region}"] if found.region is not None else []
    parts += [f"account {found.account_sid}"] if found.account_sid is not None else []
    return printable(", ".join(parts))
