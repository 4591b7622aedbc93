"""YAML that tests read: by libyaml where PyYAML has it, in a fifth of the time, and each file once a process."""

from functools import cache

import yaml

SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TEXTS = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Every scalar stays a text."""


@cache
def content_of(path, loader=SAFE):
    """The content of a file; nobody may change it."""
    return yaml.load(path.read_text(encoding="utf-8"), loader)


def places(value):
    """Every container within *value* with each of its keys."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])
