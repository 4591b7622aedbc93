"""A class is what ``dataclass(slots=True)`` makes, frozen or not, but its methods are made when first called."""

import copy
import dataclasses
import pickle
import threading
from dataclasses import FrozenInstanceError, InitVar, dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import pytest
from pydantic import TypeAdapter

from tr_apply.frozen import Remembering, frozen, unfrozen


@frozen
class Late:
    """A value."""

    name: str
    levels: list[int] = field(default_factory=list)
    note: str = field(default="", compare=False)
    hidden: int = field(default=0, repr=False)
    parent: "Late | None" = None


@dataclass(frozen=True, slots=True)
class Usual:
    """The same, by the standard library alone."""

    name: str
    levels: list[int] = field(default_factory=list)
    note: str = field(default="", compare=False)
    hidden: int = field(default=0, repr=False)
    parent: "Usual | None" = None


def fresh() -> Any:
    """A class none of whose methods was called yet."""

    @frozen
    class Point:
        x: int
        y: int = 2

    return Point


@pytest.mark.parametrize("kind", [Late, Usual])
def test_it_makes_values_with_the_defaults(kind):
    one, other = kind("a"), kind("a", [1], hidden=3)

    assert (one.name, one.levels, one.note, one.hidden, one.parent) == ("a", [], "", 0, None)
    assert (other.levels, other.hidden) == ([1], 3)
    assert one.levels is not kind("a").levels


@pytest.mark.parametrize("arguments", [(), ("a", [], "", 0, None, "too many")])
def test_arguments_that_do_not_fit_are_refused_in_the_words_of_python(arguments):
    errors = []
    for kind in (Late, Usual):
        with pytest.raises(TypeError) as caught:
            kind(*arguments)
        errors.append(str(caught.value).replace(kind.__name__, "Kind"))

    assert errors[0] == errors[1]


def test_values_are_equal_where_all_compared_fields_are_and_the_class_is_the_same():
    assert Late("a", note="one") == Late("a", note="other")
    assert Late("a") != Late("b")
    assert Late("a") != Usual("a")
    assert Late("a") != "a"


def test_equal_values_have_equal_hashes():
    kind = fresh()

    assert hash(kind(1)) == hash(kind(1, 2))
    assert len({kind(1), kind(1), kind(3)}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(Late("a"))  # for its list


def test_it_is_shown_like_any_dataclass():
    assert repr(Late("a", [1], parent=Late("b"))) == repr(Usual("a", [1], parent=Usual("b"))).replace("Usual", "Late")


def test_no_field_can_be_set_or_deleted_and_none_added():
    value = Late("a")

    for name in ("name", "other"):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, "b")
    with pytest.raises(FrozenInstanceError):
        del value.name
    assert not hasattr(value, "__dict__")


def test_the_functions_of_dataclasses_take_it():
    value = Late("a", [1])

    assert [each.name for each in dataclasses.fields(value)] == [each.name for each in dataclasses.fields(Usual)]
    assert dataclasses.replace(value, name="b") == Late("b", [1])
    assert dataclasses.asdict(value) == dataclasses.asdict(Usual("a", [1]))


@pytest.mark.parametrize("duplicated", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_it_can_be_copied_and_sent_to_another_process(duplicated):
    value = Late("a", [1], "noted", 3, Late("b"))

    found = duplicated(value)

    assert found == value
    assert (found.note, found.hidden, found.parent) == ("noted", 3, Late("b"))


@dataclass(frozen=True, slots=True)
class UsualWithPseudoFields:
    """A class whose ``__dataclass_fields__`` name more than what its values hold."""

    x: int
    times: InitVar[int] = 1
    limit: ClassVar[int] = 9
    size: int = field(init=False, default=5)

    def __post_init__(self, times: int) -> None:
        object.__setattr__(self, "x", self.x * times)


@frozen
class LateWithPseudoFields:
    """The same."""

    x: int
    times: InitVar[int] = 1
    limit: ClassVar[int] = 9
    size: int = field(init=False, default=5)

    def __post_init__(self, times: int) -> None:
        object.__setattr__(self, "x", self.x * times)


@pytest.mark.parametrize("kind", [LateWithPseudoFields, UsualWithPseudoFields])
@pytest.mark.parametrize("duplicated", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_only_what_a_value_holds_is_copied(kind, duplicated):
    found = duplicated(kind(2, times=3))

    assert (found.x, found.size, found.limit) == (6, 5, 9)


def test_it_can_be_matched_by_position():
    match fresh()(5):
        case object() as point:
            assert point.__match_args__ == ("x", "y")


def test_pydantic_reads_and_writes_it():
    adapter = TypeAdapter(Late)

    assert adapter.validate_python({"name": "a", "levels": ["1"]}) == Late("a", [1])
    assert adapter.dump_python(Late("a", [1])) == TypeAdapter(Usual).dump_python(Usual("a", [1]))


def test_a_value_can_check_itself_once_it_is_made():
    seen = []

    @frozen
    class Checked:
        x: int

        def __post_init__(self):
            seen.append(self.x)

    Checked(1)
    Checked(2)

    assert seen == [1, 2]


def test_a_method_of_the_class_itself_stays():
    @frozen
    class Named:
        x: int

        def __repr__(self):
            return "own"

        def __hash__(self):
            return 7

    assert repr(Named(1)) == "own"
    assert hash(Named(1)) == 7
    assert Named(1) != Named(2)


@pytest.mark.parametrize("decorated", [frozen, dataclass(frozen=True, slots=True)])
def test_a_class_with_an_equality_of_its_own_has_a_hash_all_the_same(decorated):
    @decorated
    class Alike:  # noqa: PLW1641  # the decorator adds it
        x: int

        def __eq__(self, other):
            return type(other) is type(self)

    assert Alike(1) == Alike(2)
    assert hash(Alike(1)) == hash(Alike(1)) != hash(Alike(2))


def test_a_class_can_be_derived_from_it():
    @frozen
    class Further(Late):
        more: int = 0
        note: str = "noted"

    @frozen
    class Furthest(Further):
        most: int = 0

    assert Further("a", more=1) == Further("a", more=1) != Further("a", more=2)
    assert Further("a", [], "b") != Late("a", [], "b")
    assert (Further("a").note, Furthest("a", most=3).note, Late("a").note) == ("noted", "noted", "")
    assert repr(Furthest("a", more=1, most=2)).endswith("more=1, most=2)")
    with pytest.raises(FrozenInstanceError):
        Further("a").more = 2
    assert copy.copy(Furthest("a", [1], most=4)) == Furthest("a", [1], most=4)


def test_a_value_with_a_place_for_it_remembers_what_it_computed():
    computed = []

    @frozen(eq=False)
    class Sum(Remembering):
        one: int
        other: int

        @cached_property
        def result(self):
            computed.append(self.one)
            return self.one + self.other

    found = Sum(1, 2)

    assert (found.result, found.result, computed) == (3, 3, [1])
    with pytest.raises(FrozenInstanceError):
        found.one = 2


def test_fields_can_be_given_by_name_alone():
    @frozen(kw_only=True)
    class Options:
        x: int
        y: int = 2

    assert Options(x=1) == Options(y=2, x=1)
    with pytest.raises(TypeError, match="positional"):
        Options(1)
    assert Options.__match_args__ == ()


def test_a_field_that_is_not_given_has_its_default_or_what_the_value_itself_finds():
    @frozen
    class Sum:
        one: int
        other: int
        sign: str = field(default="+", init=False)
        seen: list[int] = field(default_factory=list, init=False)
        result: int = field(init=False)

        def __post_init__(self):
            object.__setattr__(self, "result", self.one + self.other)

    found = Sum(1, other=2)

    assert (found.sign, found.seen, found.result) == ("+", [], 3)
    assert found.seen is not Sum(1, 2).seen


def test_without_eq_each_value_equals_itself_alone():
    @frozen(eq=False)
    class Place:
        x: int

    one, other = Place(1), Place(1)

    assert one != other
    assert len({one, other, one}) == 2
    assert repr(one).endswith("Place(x=1)")


@pytest.mark.parametrize(
    ("name", "use"),
    [("__init__", lambda kind: kind(1)), ("__repr__", lambda kind: repr(kind(1))),
     ("__eq__", lambda kind: kind(1) == kind(1)), ("__hash__", lambda kind: hash(kind(1)))],
)  # fmt: skip
def test_a_method_is_made_when_it_is_first_called(name, use):
    kind = fresh()
    before = getattr(kind, name)

    use(kind)

    made = getattr(kind, name)
    assert made is not before
    use(kind)
    assert getattr(kind, name) is made
    assert {each for each in ("__init__", "__repr__", "__eq__", "__hash__") if is_made(kind, each)} == {
        "__init__",
        name,
    }


def is_made(kind, name):
    return getattr(kind, name).__name__ == name


def test_threads_can_be_the_first_at_the_same_time():
    kind, found = fresh(), []
    gate = threading.Barrier(8)

    def make(number):
        gate.wait()
        found.append((hash(kind(number)), kind(number)))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(value.x for _, value in found) == list(range(8))


# Values that can be changed


@unfrozen
class LateSum:
    """A value."""

    name: str
    sum: int = 0
    parts: list[int] = field(default_factory=list)

    def add(self, part):
        self.sum += part
        self.parts.append(part)


@dataclass(slots=True)
class UsualSum:
    """The same, by the standard library alone."""

    name: str
    sum: int = 0
    parts: list[int] = field(default_factory=list)

    def add(self, part):
        self.sum += part
        self.parts.append(part)


@pytest.mark.parametrize("kind", [LateSum, UsualSum])
def test_an_unfrozen_value_can_be_changed_where_it_has_fields(kind):
    found, other = kind("a"), kind("a", 1)
    found.add(3)

    assert (found.sum, found.parts, other.parts) == (3, [3], [])
    assert found == kind("a", 3, [3]) != other
    assert repr(found).replace(kind.__name__, "") == "(name='a', sum=3, parts=[3])"
    with pytest.raises(AttributeError):
        found.other = 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(found)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        kind()


@pytest.mark.parametrize("duplicated", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
@pytest.mark.parametrize("kind", [LateSum, UsualSum])
def test_a_copy_of_an_unfrozen_value_can_be_changed(kind, duplicated):
    value = kind("a", 1)

    found = duplicated(value)
    found.sum = 2

    assert (found, value.sum) == (kind("a", 2), 1)


@pytest.mark.parametrize("made", [unfrozen(eq=False), dataclass(slots=True, eq=False)])
def test_without_eq_an_unfrozen_value_can_be_in_a_set(made):
    @made
    class Place:
        x: int

    @made
    class Further(Place):
        y: int

    one, other = Further(1, 2), Further(1, 2)

    assert one != other
    assert len({one, other}) == 2
