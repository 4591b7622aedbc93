"""The declarations of the configuration that was applied last: ``--base-ref``."""

from typing import Final

from tr_apply.frozen import frozen
from tr_apply.resources.document import Document
from tr_apply.resources.kind import Kind
from tr_apply.routing.names import name_key

_ADDS: Final = "; "


def with_remark(reason: str, remark: str) -> str:
    """The *reason* of an operation, with a *remark* that people read next to the name of what it is about."""
    return f"{reason}{_ADDS}{remark}"


def remark_of(reason: str) -> str:
    """The remark in a *reason*; empty where it has none."""
    return reason.partition(_ADDS)[2]


@frozen
class DeclaredBefore:
    """The configuration at a git revision.

    Attributes:
        ref: What the user calls the revision.
        document: The configuration; None where it cannot be used.
        problem: Why it cannot be used; empty where it can.
    """

    ref: str
    document: Document | None
    problem: str = ""

    def has(self, kind: Kind, name: str) -> bool:
        """Whether it declared a resource of that name."""
        declared = () if self.document is None else getattr(self.document, kind.section)
        return any(name_key(kind.name_of(each)) == name_key(name) for each in declared)

    def said(self, kind: Kind, name: str) -> str:
        """The same in words, to follow "not declared in …"."""
        if self.document is None:
            return f"the declarations at {self.ref} are not known: {self.problem}"
        return f"declared at {self.ref}" if self.has(kind, name) else f"not declared at {self.ref} either"
