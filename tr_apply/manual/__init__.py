"""The manual: pages of Markdown, versioned with the package and readable without a network."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

TOPICS: Final[Mapping[str, str]] = {
    "configuration": "Every key of a configuration; variables, overlays, for_each, tables",
    "ci": "In a repository: GitHub, GitLab, many workspaces",
    "library": "From a program: import tr_apply",
    "commands": "Every command and its options",
    "findings": "What validate and plan find, by code",
    "exit-codes": "Exit codes, and the JSON of every command",
    "troubleshooting": "Errors by their class: what they mean and what to do",
    "terraform": "The way from Terraform, and a comparison",
}
"""The pages, in the order in which a newcomer needs them: topic -> title."""


def page(topic: str) -> str:
    """The page on *topic*, one of ``TOPICS``, as Markdown."""
    return (files(__name__) / f"{topic}.md").read_text(encoding="utf-8")
