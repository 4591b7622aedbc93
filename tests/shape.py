"""The shape of the package in figures: ``python tests/shape.py`` prints them, test_shape.py holds them to limits."""

import ast
import gc
import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "tr_apply"
SHORT = 60  # lines; a module with fewer may belong to its neighbour

_KINDS = frozenset(
    {"WORKSPACE", "ACTIVITY", "TASK_CHANNEL", "TASK_QUEUE", "WORKFLOW", "WORKER", "WORKER_CHANNEL"}
)  # the rows of ``resources``

_DOCSTRING = re.compile(r'r?"""(.*?)"""', re.DOTALL)

Graph = Mapping[str, set[str]]
"""The modules that each module imports, by name."""


@dataclass(frozen=True)
class Module:
    """One file. A package's own name is that of its ``__init__.py``."""

    name: str
    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return parsed(self.text)

    @property
    def docstring(self) -> str:
        """Its docstring, for which the rest is not parsed; empty if it has none."""
        found = _DOCSTRING.match(self.text)
        return inspect.cleandoc(found[1]) if found else ""

    @property
    def is_door(self) -> bool:
        """Whether it is a package's ``__init__.py``, which may be short."""
        return self.path.name == "__init__.py"

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @cached_property
    def imports(self) -> tuple[tuple[str, str | None], ...]:
        """Its imports, at any level of the module: a module, and the name taken from it if there is one."""
        return tuple(self._imports())

    def _imports(self) -> Iterator[tuple[str, str | None]]:
        for node in statements(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, None) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                source = "." * node.level + (node.module or "")
                yield from ((source, alias.name) for alias in node.names)

    def classes(self) -> Iterator[str]:
        """The classes at its top, without the underscore of private ones."""
        return (node.name.lstrip("_") for node in self.tree.body if isinstance(node, ast.ClassDef))

    @cached_property
    def kind_questions(self) -> Counter[str]:
        """How often it asks whether something is of a certain kind: of the row (``is``), and of its name (``name``)."""
        tree = self.tree if any(kind in self.text for kind in _KINDS) else ast.Module([], [])
        compared = (node for node in ast.walk(tree) if isinstance(node, ast.Compare))
        operands = ((node.ops[0], [node.left, *node.comparators]) for node in compared)
        return Counter(
            "is" if isinstance(sign, ast.Is | ast.IsNot) else "name"
            for sign, sides in operands
            if any(map(_is_row, sides))
        )

    @property
    def narrowing_asserts(self) -> int:
        """Assertions that say to the type checker alone what a type could say to everybody."""
        asserted = (ast.unparse(node.test) for node in statements(self.tree) if isinstance(node, ast.Assert))
        return sum(text.endswith(" is not None") or text.startswith("isinstance(") for text in asserted)

    def functions(self) -> Iterator[tuple[str, int]]:
        """Every function and the lines that it takes."""
        for node in statements(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{self.name}.{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def parsed(text: str) -> ast.Module:
    """The tree of *text*, made without garbage collection, which would search all other trees again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(text)
    finally:
        if was_enabled:
            gc.enable()


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Every statement of *tree*, also within others: a tenth of its nodes, as most belong to expressions."""
    nodes: list[ast.AST] = [tree]
    while nodes:
        node = nodes.pop()
        yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, part, ())
            nodes += inner if isinstance(inner, list) else ()  # the parts of `a if b else c` are expressions


def _is_row(side: ast.expr) -> bool:
    """Whether *side* is a row of a kind, its name, or several of these."""
    match side:
        case ast.Name(name):
            return name in _KINDS
        case ast.Attribute(row, "name"):
            return _is_row(row)
        case ast.Tuple(several) | ast.Set(several) | ast.List(several):
            return any(map(_is_row, several))
        case _:
            return False


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the package, by path."""
    return tuple(
        Module(_dotted(path), path, path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))
    )


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def import_graph(found: Iterable[Module]) -> Graph:
    """Which of the modules *found* import which others of them."""
    known = {module.name: module for module in found}

    def imported(module: Module) -> Iterator[str]:
        for source, name in module.imports:
            yield f"{source}.{name}" if f"{source}.{name}" in known else source

    return {name: known.keys() & set(imported(module)) - {name} for name, module in known.items()}


def levels(graph: Graph) -> dict[str, int]:
    """The number of modules in the longest chain of imports below each module, counting itself.

    Raises:
        CycleError: Modules import each other in a cycle.
    """
    found: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        found[name] = 1 + max((found[below] for below in graph[name]), default=0)
    return found


def several_meanings(found: Iterable[Module]) -> dict[str, list[str]]:
    """Names of classes that more than one module uses, with these modules."""
    homes: dict[str, list[str]] = {}
    for module in found:
        for name in set(module.classes()):
            homes.setdefault(name, []).append(module.name)
    return {name: homes[name] for name in sorted(homes) if len(homes[name]) > 1}


def rooms(found: Iterable[Module]) -> Counter[Path]:
    """The number of modules in each folder."""
    return Counter(module.path.parent for module in found if not module.is_door)


def figures(found: Sequence[Module]) -> dict[str, float]:
    """The figures of the package as a whole."""
    graph = import_graph(found)
    return {
        "import levels": max(levels(graph).values()),
        "imports a module": round(sum(map(len, graph.values())) / len(graph), 2),
        "class names with several meanings": len(several_meanings(found)),
        "files under 60 lines": sum(module.lines < SHORT for module in found),
        "modules under 60 lines": sum(module.lines < SHORT and not module.is_door for module in found),
        "lines of the longest file": max(module.lines for module in found),
        "lines of the longest function": max(lines for module in found for _, lines in module.functions()),
        "modules in the largest room": max(rooms(found).values()),
        "questions whether it is a certain kind": sum(module.kind_questions["is"] for module in found),
        "questions for the name of a certain kind": sum(module.kind_questions["name"] for module in found),
        "narrowing asserts": sum(module.narrowing_asserts for module in found),
        "files": len(found),
        "lines": sum(module.lines for module in found),
    }


def main() -> None:
    found = modules()
    for name, figure in figures(found).items():
        sys.stdout.write(f"{figure:>9,} {name}\n")
    sys.stdout.write("\nClass names with several meanings:\n")
    for name, homes in several_meanings(found).items():
        sys.stdout.write(f"  {name}: {', '.join(homes)}\n")


if __name__ == "__main__":
    main()
