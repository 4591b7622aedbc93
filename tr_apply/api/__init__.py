"""The front door: everything that the command line does, as values and exceptions, for programs and for `cli/`.

``import tr_apply`` exports the names for programs. Nothing here prints, asks or exits: errors are exceptions of
``tr_apply.errors``, and questions of the command line are arguments. Each module imports only from those above it::

    configurations   a configuration: read, checked, built
    offline          questions to a configuration alone: a route, the routing tests, simulated days
    plan             one workspace of a run: its plan, the consent for it, the result
    records          what a run leaves for later: its journal, and the way back
    rollout          the workspaces of a run, planned and applied together
    inquiries        questions to a live workspace; they write nothing
    router           a TaskRouter, to plan for, to apply to and to ask
"""

from importlib import import_module
from typing import Any

_OF_PROGRAMS = frozenset({"Plan", "Router", "connect", "embedded", "load", "route", "simulate", "test"})


def __getattr__(name: str) -> Any:
    """The names that ``tr_apply`` had here before the door had rooms."""
    if name not in _OF_PROGRAMS:
        raise AttributeError(f"module 'tr_apply.api' has no attribute {name!r}")
    return getattr(import_module("tr_apply"), name)
