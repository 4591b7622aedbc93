"""A module imports only from layers below its own, so that the tree can be read from the bottom up."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "tr_apply"

LAYERS = {
    "__init__": 0,
    "findings": 0,
    "starter": 0,
    "errors": 1,
    "routing": 2,
    "resources": 3,
    "config": 4,
    "live": 4,
    "schema": 5,
    "lint": 5,
    "wire": 5,
    "plan": 6,
    "local": 6,
    "rehearsal": 7,
    "transport": 6,
    "client": 7,
    "journal": 7,
    "reader": 8,
    "apply": 8,
    "difference": 8,
    "export": 8,
    "deployment": 9,
    "report": 9,
    "cli": 10,
    "__main__": 11,
}

# Who may import what costs much or has effects; everybody else goes through them.
ONLY_IN = {
    "httpx": {"transport"},
    "sqlite3": {"local"},
    "starlette": {"local", "cli"},
    "uvicorn": {"cli"},
    "yaml": {"config", "export"},
    "rich": {"cli"},
    "deepdiff": {"report"},
    "click": {"cli", "report"},
}

# The embedded TaskRouter stands for Twilio's side: it must not share our side's mistakes.
NEVER = {
    "local": {"config", "plan", "wire", "live", "client", "transport", "reader", "apply", "deployment", "resources"},
    "routing": {"resources", "config"},
}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_parts(path: Path) -> set[str]:
    found = {name.split(".")[1] for name in imported(path) if name.startswith("tr_apply.")}
    return {part for part in found if (ROOT / part).is_dir() or (ROOT / f"{part}.py").exists()}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_layers_below(path):
    part = part_of(path)

    too_high = {other for other in own_parts(path) - {part} if LAYERS[other] >= LAYERS[part]}

    assert not too_high, f"{part} (layer {LAYERS[part]}) imports {too_high}"
    assert not own_parts(path) & NEVER.get(part, set())


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_library_is_imported_only_where_it_belongs(path):
    roots = {name.split(".")[0] for name in imported(path)}

    strangers = {library for library in roots & ONLY_IN.keys() if part_of(path) not in ONLY_IN[library]}

    assert not strangers


def test_every_part_of_the_package_has_a_layer():
    parts = {part_of(path) for path in modules()}

    assert parts <= LAYERS.keys()
