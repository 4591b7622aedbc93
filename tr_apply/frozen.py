"""Values, immutable or not, whose methods are made when they are first called.

``dataclass`` compiles three to seven methods for each class, which takes up to a third of a millisecond. A small plan
imports 120 of our classes and makes values of 50; the methods of all took a fifth of its time.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import FrozenInstanceError
from typing import Any, Final, NoReturn, TypeVar, dataclass_transform, overload

T = TypeVar("T")

_MADE_LATE_WITHOUT_EQ: Final = ("__init__", "__repr__")
_MADE_LATE: Final = (*_MADE_LATE_WITHOUT_EQ, "__eq__")


class Remembering:
    """Base of values with a ``cached_property``: they have a ``__dict__`` next to their slots, which keeps it."""


@overload
def frozen(cls: type[T], /) -> type[T]: ...
@overload
def frozen(*, eq: bool = True, kw_only: bool = False) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def frozen(
    cls: type[T] | None = None, /, *, eq: bool = True, kw_only: bool = False
) -> type[T] | Callable[[type[T]], type[T]]:
    """A class as ``dataclass(frozen=True, slots=True)`` makes it, in a tenth of the time.

    It is a dataclass to ``dataclasses``, to pydantic and to a type checker. Methods that *cls* defines itself stay. A
    class that it is derived from is frozen in the same way, if it is a dataclass at all.

    Args:
        cls: The class; without it, the result is a decorator with these options.
        eq: Whether values with equal fields are equal.
        kw_only: Whether each field is given by its name.
    """
    if cls is None:
        return lambda given: _frozen(given, eq=eq, kw_only=kw_only)
    return _frozen(cls, eq=eq, kw_only=kw_only)


@overload
def unfrozen(cls: type[T], /) -> type[T]: ...
@overload
def unfrozen(*, eq: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(field_specifiers=(dataclasses.field,))
def unfrozen(cls: type[T] | None = None, /, *, eq: bool = True) -> type[T] | Callable[[type[T]], type[T]]:
    """A class as ``dataclass(slots=True)`` makes it, in the same way: its fields can be set, so it has no hash."""
    if cls is None:
        return lambda given: _made(given, eq=eq)
    return _made(cls, eq=eq)


def _frozen(cls: type[T], *, eq: bool, kw_only: bool) -> type[T]:
    has_hash = cls.__dict__.get("__hash__") is not None  # Python puts None there for a class with an __eq__
    made = _made(cls, eq=eq, kw_only=kw_only)
    if eq and not has_hash:
        _make_late(made, "__hash__")
    for name, method in _OF_ALL.items():
        setattr(made, name, method)
    return made


def _made(cls: type[T], *, eq: bool, kw_only: bool = False) -> type[T]:
    own = set(cls.__dict__)
    cls.__doc__ = cls.__doc__ or cls.__name__  # or else dataclasses spells out a signature, which takes long
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(cls)
    for name in _MADE_LATE if eq else _MADE_LATE_WITHOUT_EQ:
        if name not in own:
            _make_late(made, name)
    if eq and "__hash__" not in own:
        made.__hash__ = None
    return made  # type: ignore[no-any-return]  # the decorated class


def _make_late(made: type, name: str) -> None:
    """Give *made* a method that puts the real one into its own place. Threads that call it together make equal ones."""

    def make_and_call(self: object, *args: Any, **named: Any) -> Any:
        method = _method(made, name)
        setattr(made, name, method)
        return method(self, *args, **named)

    setattr(made, name, make_and_call)


def _method(made: Any, name: str) -> Callable[..., Any]:
    """The method that an ordinary dataclass with the same fields has; no other is made."""
    if name == "__init__" and len(dataclasses.fields(made)) == len(made.__dataclass_fields__):
        method = _init_of(made)
    elif name == "__hash__":
        method = _hash_of(made)
    else:
        method = _ordinary(made, name)
    method.__qualname__ = f"{made.__qualname__}.{name}"  # for a traceback, as where arguments do not fit
    return method


def _ordinary(made: Any, name: str) -> Callable[..., Any]:
    """The method as ``dataclasses`` makes it: an ``__init__`` of one that has more than fields, or a rare one."""
    fields = made.__dataclass_fields__
    content = {"__doc__": made.__doc__, "__module__": made.__module__, **fields}
    content["__annotations__"] = {each: field.type for each, field in fields.items()}
    if hasattr(made, "__post_init__"):
        content["__post_init__"] = made.__post_init__
    is_init = name == "__init__"
    ordinary: Any = dataclasses.dataclass(
        init=is_init,
        repr=name == "__repr__",
        eq=name == "__eq__",
        frozen=is_init,
        slots=is_init and any(not each.init for each in fields.values()),  # sets the defaults of those
    )(type(made.__name__, (), content))
    method: Callable[..., Any] = ordinary.__dict__[name]
    return method


_NOT_GIVEN: Final = object()
"""The default of a parameter whose field has a factory."""


def _init_of(made: Any) -> Callable[..., Any]:
    """Puts each value into its slot; an ordinary frozen class has it done by ``object``, which takes twice as long."""
    by_place, body = ["self"], []
    by_name: list[str] = []
    known: dict[str, Any] = {"_not_given": _NOT_GIVEN}
    is_frozen = made.__setattr__ is _refuse_to_set
    for name, field in made.__dataclass_fields__.items():
        known[f"_set_{name}"] = getattr(made, name).__set__
        parameter = value = name
        if field.default is not dataclasses.MISSING:
            known[f"_default_{name}"] = field.default
            parameter, value = f"{name}=_default_{name}", name if field.init else f"_default_{name}"
        elif field.default_factory is not dataclasses.MISSING:
            known[f"_new_{name}"] = field.default_factory
            new = f"_new_{name}()"
            parameter, value = f"{name}=_not_given", f"{new} if {name} is _not_given else {name}" if field.init else new
        elif not field.init:  # __post_init__ sets it
            continue
        if field.init:
            (by_name if field.kw_only else by_place).append(parameter)
        body.append(f"_set_{name}(self, {value})" if is_frozen else f"self.{name} = {value}")
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    return _compiled("__init__", [*by_place, *(["*", *by_name] if by_name else ())], body, known)


def _hash_of(made: Any) -> Callable[..., Any]:
    hashed = [each.name for each in dataclasses.fields(made) if (each.compare if each.hash is None else each.hash)]
    return _compiled("__hash__", ["self"], [f"return hash(({''.join(f'self.{name}, ' for name in hashed)}))"], {})


def _compiled(name: str, parameters: Sequence[str], body: Sequence[str], known: dict[str, Any]) -> Callable[..., Any]:
    """The function with that *body*, in which the names of *known* have a meaning."""
    lines = "".join(f"\n    {line}" for line in body or ["pass"])
    exec(f"def {name}({', '.join(parameters)}):{lines}", known)  # noqa: S102  # the names of fields, as dataclasses does
    method: Callable[..., Any] = known[name]
    return method


def _refuse_to_set(_self: object, name: str, _value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)


_OF_ALL: Final = {
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
    "__getstate__": _state,
    "__setstate__": _set_state,
}
"""Methods that are the same for all classes. pickle and copy keep the state, as they cannot set a field."""
