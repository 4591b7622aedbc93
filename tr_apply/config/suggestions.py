"""The name that somebody probably meant to write."""

from collections.abc import Collection

from tr_apply.routing.names import name_key

_LONGEST = 100  # characters; nobody misspells a longer name, and comparing takes the square of it
_MOST_COMPARISONS = 200_000  # in one run


def nearest(written: str, known: Collection[str]) -> str | None:
    """The one of *known* that *written* is close to; case counts little."""
    import difflib  # noqa: PLC0415  # seldom needed

    if len(written) > _LONGEST:
        return None
    by_key = {name_key(each): each for each in sorted(known)}
    found = difflib.get_close_matches(name_key(written), by_key, 1, cutoff=0.6)
    return by_key[found[0]] if found else None


class Suggestions:
    """The same for many names: after enough comparisons there are no more suggestions, rather than no answer."""

    def __init__(self) -> None:
        self._left = _MOST_COMPARISONS

    def nearest(self, written: str, known: Collection[str]) -> str | None:
        """The one of *known* that *written* is close to."""
        self._left -= len(known)
        return nearest(written, known) if self._left >= 0 else None
