"""Work that libraries do while they are imported and that no command needs: each takes longer than reading a file."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


def spare_plugins() -> None:
    """Keep pydantic from searching for plugins, which takes longer than reading a small file.

    pydantic's module for the search imports importlib.metadata, which takes a sixth of the time of `validate`. An empty
    module replaces it here. If a later pydantic no longer has that module, the replacement is never imported.
    """
    if os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__") == "__all__":
        loader = ModuleType("pydantic.plugin._loader")
        loader.__dict__["get_plugins"] = tuple
        sys.modules.setdefault(loader.__name__, loader)


class _LatePattern:
    """A regular expression that is compiled when it is first used."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._given = pattern, flags

    def __getattr__(self, name: str) -> Any:
        return getattr(re.compile(*self._given), name)


@contextmanager
def late_patterns_of_yaml() -> Iterator[None]:
    """Import something; if that imports yaml, its regular expressions are compiled when they are first used.

    They take a tenth of the time of `validate`, most of it for the characters that yaml's reader in Python accepts.
    Files are read by libyaml, which needs none of them.
    """
    usual: Any = re.compile

    def compile_late(pattern: Any, flags: int = 0) -> Any:
        caller: str = sys._getframe(1).f_globals["__name__"]  # noqa: SLF001  # there is no other way to know it
        return (_LatePattern if caller.startswith("yaml.") else usual)(pattern, flags)

    vars(re)["compile"] = compile_late
    try:
        yield
    finally:
        vars(re)["compile"] = usual
