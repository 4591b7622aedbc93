"""Work of Python and its libraries that no command needs: each takes longer than reading a small file."""

import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, TypeVar

_F = TypeVar("_F", bound=Callable[..., object])

_ROOM: Final = 2**16
"""Words of 8 bytes: CPython rounds the frame up to 1 MB, and the calls below it use the rest."""


def with_room(function: _F) -> _F:
    """*function*, with room for the frames of all calls that it leads to.

    CPython keeps frames in pieces of 16 KB. It takes and returns one at each call that crosses the end of the last one,
    and where a module is executed there, that is a thousand times: a tenth of the time of a small plan.
    """
    own: Any = function
    own.__code__ = own.__code__.replace(co_stacksize=_ROOM)
    return function


def spare_plugins() -> None:
    """Keep pydantic from searching for plugins, which takes longer than reading a small file.

    pydantic's module for the search imports importlib.metadata, which takes a sixth of the time of `validate`. An empty
    module replaces it here. If a later pydantic no longer has that module, the replacement is never imported.
    """
    if os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__") == "__all__":
        loader = ModuleType("pydantic.plugin._loader")
        loader.__dict__["get_plugins"] = tuple
        sys.modules.setdefault(loader.__name__, loader)
