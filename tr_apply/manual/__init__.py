"""The manual: pages of Markdown, versioned with the package and readable without a network."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

TOPICS: Final[Mapping[str, str]] = {
    "configuration": "Every key of a configuration; variables, overlays, for_each, tables",
    "expressions": "The language of filters, targets and queues in one page",
    "connecting": "Which TaskRouter a command talks to, and with whose credentials",
    "testing": "Routing, asked and tested; why a caller waits",
    "reviewing": "Who and what a change affects; pictures; recorded tasks; saved plans",
    "safety": "What stops an apply, and what happens when a run is cut off",
    "simulation": "Service levels, simulated: demand, staffing, limits, what-if",
    "ci": "In a repository: GitHub, GitLab, many workspaces",
    "embedded": "The embedded TaskRouter, its console and its limits",
    "developing": "Testing an application: pytest, Node, docker compose",
    "library": "From a program: import tr_apply",
    "terraform": "The way from Terraform",
    "commands": "Every command and its options",
    "findings": "What validate and plan find, by code",
    "exit-codes": "Exit codes, and the JSON of every command",
    "troubleshooting": "Errors by their class: what they mean and what to do",
    "speed": "Measurements, and how to repeat them",
}
"""The pages, in the order in which a newcomer needs them: topic -> title."""


def topics_about(word: str) -> list[str]:
    """The pages in which *word* is in a heading, whatever its case."""
    return [topic for topic in TOPICS if any(word.casefold() in each for each in _headings(topic))]


def _headings(topic: str) -> list[list[str]]:
    return [line.casefold().split() for line in page(topic).splitlines() if line.startswith("#")]


def page(topic: str) -> str:
    """The page on *topic*, one of ``TOPICS``, as Markdown."""
    return (files(__name__) / f"{topic}.md").read_text(encoding="utf-8")
