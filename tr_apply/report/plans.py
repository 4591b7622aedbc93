"""Plans for people, in the formats of ``plan`` and ``show``."""

from collections.abc import Sequence
from typing import Final

from tr_apply.frozen import frozen
from tr_apply.report.entry import Entry, summary_table
from tr_apply.report.terminal import entry_text

FORMATS: Final = ("text", "json", "markdown", "html")


@frozen
class Reported:
    """One of several plans in a report.

    Attributes:
        entry: The plan, or why there is none.
        workspace: The workspace's name, as far as it is known.
        outcome: The result, for the table below several plans.
    """

    entry: Entry
    workspace: str | None
    outcome: str


def report(name: str, reported: Sequence[Reported], *, ascii_only: bool = False, artifacts: str = "") -> str:
    """The plans in the format *name*, which is one for people; *artifacts* is where a GitHub run keeps them whole."""
    entries = [each.entry for each in reported]
    if name == "markdown":
        from tr_apply.report.markdown import plans_markdown  # noqa: PLC0415

        return plans_markdown(entries, artifacts=artifacts)
    if name == "html":
        from tr_apply.report.html import plans_html  # noqa: PLC0415

        return plans_html(entries)
    texts = [
        entry_text(entry, ascii_only=ascii_only) for entry in entries if entry.plan is not None and not entry.errors
    ]
    if len(reported) > 1:
        texts.append(summary_table([(each.entry.path, each.workspace, each.outcome) for each in reported]))
    return "\n".join(texts)
