"""One YAML file -> data, and the place of every key and value.

PyYAML serves as a source of events only. Its own loaders keep no positions, read ``no`` as false, let the last of two
equal keys win silently, and crash the interpreter on deep nesting. This reader notes every mistake that leaves the
rest readable and goes on, so a run reports all of them.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import yaml

from tr_apply.config.common_rules import DUPLICATE_KEY, INVALID_NUMBER, NULL_VALUE
from tr_apply.config.filling import DEPTH_LIMIT, LONG, SCALAR, UNSEEN, Filling, Frame, is_lossy
from tr_apply.config.places import Node, Places, Sources, place_of, shown
from tr_apply.config.source_file import Site, SourceFile
from tr_apply.findings import KeyPath, Rule, Severity, found_at
from tr_apply.resources.scalar import NULLS, core_scalar

YAML_SYNTAX: Final = Rule("yaml-syntax", Severity.ERROR, "The file is not valid YAML.")
SEVERAL_DOCUMENTS: Final = Rule("several-documents", Severity.ERROR, "A file holds more than one document.")
NOT_A_MAPPING: Final = Rule("not-a-mapping", Severity.ERROR, "The file does not consist of sections.")
TOO_DEEP: Final = Rule("too-deep", Severity.ERROR, "Lists and mappings are nested too deep.")
ALIAS_BOMB: Final = Rule("alias-bomb", Severity.ERROR, "Aliases expand to too many values.")
ENDLESS_ALIAS: Final = Rule("endless-alias", Severity.ERROR, "An alias refers to a value that contains it.")
UNKNOWN_ANCHOR: Final = Rule("unknown-anchor", Severity.ERROR, "An alias has no anchor.")
COMPLEX_KEY: Final = Rule("complex-key", Severity.ERROR, "A mapping key must be a single value.")
MERGE_KEY: Final = Rule("merge-key", Severity.ERROR, "A key is <<, which YAML 1.2 does not have.")
TAGGED: Final = Rule("tag", Severity.ERROR, "A value has a tag.")

EXPANSION_LIMIT = 100_000  # values that aliases may expand to in one file; a longer file may have one per character
_MERGE = "<<"
_MERGE_KEY = "`<<` is not supported; write the keys out, or use variables or an overlay"

# The C parser where libyaml is there (all wheels); the pure one answers the same, ten times slower.
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _UnreadableError(Exception):
    """Nothing after this point of the file can be read."""

    def __init__(self, rule: Rule, message: str, place: int) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.place = place


def read(sources: Sources, begin: int, *, raw: bool | frozenset[str] = False) -> SourceFile:
    """The data of a file of *sources*, with its places.

    Args:
        sources: The files' texts.
        begin: The place where the file begins.
        raw: Keys of the root below which plain scalars stay text, as ``012`` in a variable must; True for all of them.
    """
    source = SourceFile({}, Places(begin, mapping=True))
    builder = _Builder(source, sources, begin, raw=raw)
    text, _ = sources.text_at(begin)
    try:
        builder.build(text)
    except _UnreadableError as error:
        source.complete = False
        builder.note(error.rule, error.message, error.place)
    except yaml.YAMLError as error:
        from tr_apply.config.syntax import explained  # noqa: PLC0415  # seldom needed

        source.complete = False
        message, index = explained(error, text)
        builder.note(YAML_SYNTAX, message, begin + index)
    builder.close()
    return source


class _Builder(Filling):
    """Turns events into data and places."""

    def __init__(self, source: SourceFile, sources: Sources, begin: int, *, raw: bool | frozenset[str]) -> None:
        super().__init__(source, begin)
        self._sources = sources
        self._raw_sections = raw if isinstance(raw, frozenset) else frozenset()
        self._raw = self._all_raw = raw is True
        self._anchors: dict[str, tuple[Any, Node, int] | None] = {}
        self._refused_keys: dict[Frame, set[str]] = {}
        self._has_repetitions = False
        self._expanded = 0
        self._expansion_limit = EXPANSION_LIMIT
        self._documents = 0

    def build(self, text: str) -> None:
        """Read all of *text*."""
        handlers: dict[type, Callable[[Any], None]] = {
            SCALAR: self._scalar,
            yaml.MappingStartEvent: self._start_mapping,
            yaml.SequenceStartEvent: self._start_sequence,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._start_document,
        }
        self._has_aliases = "*" in text
        self._expansion_limit = max(EXPANSION_LIMIT, len(text))
        parser = _Parser(text)
        try:
            get_event = parser.get_event
            while (event := self.after_ordinary(get_event)) is not None:
                if (handler := handlers.get(type(event))) is not None:
                    handler(event)
        finally:
            parser.dispose()

    def close(self) -> None:
        """Keep the data, even if a mistake ended reading."""
        while (top := self._top) is not None:
            if top.key is not None and top.key not in top.data:
                top.distances.pop()
            self._end(None)
        for frame, keys in self._refused_keys.items():
            assert frame.places is not None
            frame.places.without(keys)
            for key in keys & frame.data.keys():
                del frame.data[key]
        if self._refused_keys:
            refused = {(id(frame.data), key) for frame, keys in self._refused_keys.items() for key in keys}
            sites = self._source.sites
            sites[:] = [each for each in sites if (id(each.container), each.key) not in refused]
        if self._has_repetitions:
            self._source.sites[:] = _with_variables(self._source.sites)

    def note(self, rule: Rule, message: str, place: int) -> None:
        """Note a mistake at *place*, about the value that comes next."""
        self._source.mistakes.append(found_at(rule, message, place, self._path()))

    def _path(self) -> KeyPath:
        """Where the value that comes next belongs."""
        frames = [*self._stack, self._top] if self._top is not None else []
        steps = (frame.key if frame.is_mapping else len(frame.data) for frame in frames)
        return tuple(step for step in steps if step is not None)

    def _start_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _UnreadableError(
                SEVERAL_DOCUMENTS,
                "a second document begins here; a file holds one workspace, so split the file",
                self._begin + event.start_mark.index,
            )

    def _scalar(self, event: Any) -> None:
        place: int = self._begin + event.start_mark.index
        value: Any = event.value
        top = self._top
        self._values += 1 + len(value) // LONG
        if event.tag is not None:
            self._refuse_tag(event.tag, place)
        if top is not None and top.is_mapping and top.key is None:
            if value == _MERGE and not event.style:
                self._refuse_key(top, value, MERGE_KEY, _MERGE_KEY, place)
            self._begin_key(top, value, place)
            return
        if not event.style:
            value = self._raw_text(value, place) if self._raw else self._plain(value, place)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, place, 1 + len(event.value) // LONG)
        self._add(value, place)

    def _raw_text(self, text: str, place: int) -> str:
        if text in NULLS:
            self.note(NULL_VALUE, 'a variable cannot be null; write "" for an empty text', place)
        return text

    def _plain(self, text: str, place: int) -> Any:
        value = self._scalars.get(text, UNSEEN)
        if value is UNSEEN:
            value = self._learned(text)
        return self._noted(text, place) if value is UNSEEN else value

    def _noted(self, text: str, place: int) -> Any:
        """The value of a plain scalar with something to note about it, here and wherever else it is written."""
        try:
            value = core_scalar(text)
        except ValueError as error:
            self.note(INVALID_NUMBER, str(error), place)
            return text
        if is_lossy(value, text):
            self._source.phone_numbers[place] = text
        return value

    def _add(self, value: Any, node: Node) -> None:
        top = self._top
        if top is None:
            self._refuse_root(value, node)
            return
        key: Any = top.key
        if not top.is_mapping:
            key = len(top.data)
            top.data.append(value)
            top.distances.append(node - top.at if type(node) is int else node)
        else:
            if key in top.data:
                top.repeat(key, node)
            else:
                top.distances.append(node - top.at if type(node) is int else node)
            top.data[key] = value
            top.key = None
        if type(value) is str and "${" in value:
            self._source.sites.append(Site(top.data, key, place_of(node)))

    def _refuse_root(self, value: Any, node: Node) -> None:
        if value is None:  # an empty file, or one of comments alone
            self._source.has_nulls = False
            return
        kind = "a list" if isinstance(value, list) else "a single value"
        raise _UnreadableError(
            NOT_A_MAPPING,
            f"expected sections such as `workspace:` and `task_queues:`, found {kind}",
            place_of(node),
        )

    def _begin_key(self, top: Frame, key: str, place: int) -> None:
        if key not in top.data:
            top.distances.append(place - top.at)
            if top.first is not None:
                top.first[key] = place - top.at
        else:
            top.is_odd = True
            if key not in self._refused_keys.get(top, ()):
                self._refuse_repetition(top, key, place)
        top.key = self._known_key(key, place)

    def _refuse_repetition(self, top: Frame, key: str, place: int) -> None:
        message = f"`{shown(key)}` is written twice; the first is at {self._sources.described(top.first_place(key))}"
        self._source.mistakes.append(found_at(DUPLICATE_KEY, message, place, (*self._path(), key)))
        self._has_repetitions = True

    def _known_key(self, key: str, place: int) -> str:
        """One string object for all equal keys."""
        if (known := self._keys.get(key)) is not None:
            return known
        if key == _MERGE:
            return key  # a key in quotes alone
        if key == "for_each":
            self._source.has_for_each = True
        if "${" in key:
            self._source.marked_keys.append((place, (*self._path(), key)))
        self._keys[key] = key
        return key

    def _refuse_key(self, top: Frame, key: str, rule: Rule, message: str, place: int) -> None:
        """Note the mistake, and forget the key and its value at the end."""
        self.note(rule, message, place)
        top.is_odd = True
        self._refused_keys.setdefault(top, set()).add(key)

    def _start_mapping(self, event: Any) -> None:
        self._start(event, {})

    def _start_sequence(self, event: Any) -> None:
        self._start(event, [])

    def _start(self, event: Any, data: Any) -> None:
        place = self._begin + event.start_mark.index
        top = self._top
        if event.tag is not None:
            self._refuse_tag(event.tag, place)
        if top is not None and top.is_mapping and top.key is None:
            raise _complex_key(top, data, place)
        if len(self._stack) + 1 >= DEPTH_LIMIT:
            raise _UnreadableError(TOO_DEEP, f"nested more than {DEPTH_LIMIT} levels deep", place)
        if top is None:
            if isinstance(data, list):
                self._refuse_root(data, place)
        else:
            if not self._stack:
                self._raw = self._all_raw or top.key in self._raw_sections
            self._stack.append(top)
        self._values += 1
        self._top = Frame(data, place)
        if event.anchor is not None:
            self._top.is_odd, self._top.anchor, self._top.begun_at = True, event.anchor, self._values
            self._anchors[event.anchor] = None  # known, but not complete

    def _end(self, _: Any) -> None:
        top = self._top
        assert top is not None
        places = top.places = top.filled(self._shapes)
        if top.repeated is not None:
            places.update(top.repeated)
        if top.anchor is not None:
            self._anchors[top.anchor] = (top.data, places, self._values - top.begun_at + 1)
        if self._stack:
            self._top = self._stack.pop()
            self._add(top.data, places)
        else:
            self._top = None
            self._source.data, self._source.places = top.data, places
        if not self._stack:
            self._raw = self._all_raw

    def _alias(self, event: Any) -> None:
        place: int = self._begin + event.start_mark.index
        top = self._top
        name = shown(event.anchor)
        if top is not None and top.is_mapping and top.key is None:
            self._refuse_key(top, f"*{event.anchor}", COMPLEX_KEY, "a key cannot be an alias", place)
            self._begin_key(top, f"*{event.anchor}", place)
            return
        if event.anchor not in self._anchors:
            self.note(UNKNOWN_ANCHOR, f"there is no anchor `&{name}` above", place)
            self._add("", place)
            return
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise _UnreadableError(ENDLESS_ALIAS, f"`*{name}` refers to a value that contains it", place)
        value, node, size = anchored
        self._values += size
        self._expanded += size
        if self._expanded > self._expansion_limit:
            message = f"aliases expand to more than {self._expansion_limit:,} values in this file"
            raise _UnreadableError(ALIAS_BOMB, message, place)
        if node in self._source.phone_numbers:
            self._source.phone_numbers[place] = self._source.phone_numbers[node]
        self._add(value, _moved(node, place))

    def _refuse_tag(self, tag: str, place: int) -> None:
        short = shown(tag.replace("tag:yaml.org,2002:", "!!"))
        self.note(TAGGED, f"the tag `{short}` is not supported; leave it out (quote a value to make it text)", place)


def _complex_key(top: Frame, data: Any, place: int) -> _UnreadableError:
    if isinstance(data, dict) and place == top.at + 1:  # `{{ x }}`, as in templates
        message = '`{{…}}` has no meaning here; a variable is written "${NAME}"'
        return _UnreadableError(COMPLEX_KEY, message, top.at)
    return _UnreadableError(COMPLEX_KEY, "a key must be a single value", place)


def _moved(node: Node, place: int) -> Node:
    """The places of an alias: itself where it is used, its parts where they are written."""
    if isinstance(node, int):
        return place
    moved = Places(place, mapping=isinstance(node.children, dict))
    moved.keys, moved.children = node.keys, node.children
    return moved


def _with_variables(sites: Sequence[Site]) -> list[Site]:
    """Those of *sites* that still hold a variable: of a key that is written twice, the last value counts."""
    last = {(id(each.container), each.key): each for each in sites}
    values = ((each, each.container[each.key]) for each in last.values())
    return [each for each, value in values if isinstance(value, str) and "${" in value]
