"""ARCHITECTURE.md's rules about who may import whom."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def imports(module: Path) -> Iterator[str]:
    """Yield the full names of all that a module imports."""
    package = ".".join(module.relative_to(ROOT).with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package if node.level else ""
            name = ".".join(filter(None, [start, node.module]))
            yield from (f"{name}.{alias.name}" for alias in node.names)


def modules(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


# What Django finds by its name, and nobody imports.
UNNAMED = {"__init__", "apps", "migrations"}


def floors(room: str) -> list[list[str]]:
    """Return the modules of ``room`` as the map has them, floor by floor, the highest first."""
    plan = (ROOT / "ARCHITECTURE.md").read_text().split("```")[1]
    rows = re.split(r"^(\w+)/ .*\n", plan, flags=re.MULTILINE)
    row = re.compile(r"^ {4}((?:\w+/?, )*\w+/?)(?: {2,}|$)", re.MULTILINE)
    return [re.findall(r"\w+", names) for names in row.findall(rows[rows.index(room) + 1])]


@pytest.mark.parametrize("room", ["newsarchive", "search", "articles"])
def test_the_map_has_every_module_once_and_no_arrow_goes_up(room: str) -> None:
    height = {name: -number for number, floor in enumerate(floors(room)) for name in floor}
    named = [name for floor in floors(room) for name in floor]
    inside = {path: path.relative_to(ROOT / room).parts[0] for path in modules(room)}
    there = {part.removesuffix(".py") for part in inside.values()} - UNNAMED
    assert sorted(named) == sorted(there - ({"urls"} if room != "newsarchive" else set()))
    for path, part in inside.items():
        own = height.get(part.removesuffix(".py"), 0)
        for name in imports(path):
            imported = name.split(".")[1] if name.startswith(f"{room}.") else ""
            assert height.get(imported, own) <= own, (path, name)


def importers_of(*packages: str) -> set[str]:
    """Return the modules of the product that import one of ``packages``."""
    return {
        str(module.relative_to(ROOT))
        for module in modules("articles", "search", "newsarchive")
        if any(name.split(".")[0] in packages for name in imports(module))
    }


def test_articles_never_imports_search() -> None:
    offenders = [
        module
        for module in modules("articles")
        if any(name.split(".")[0] in ("search", "newsarchive") for name in imports(module))
    ]
    assert not offenders


def test_search_never_imports_the_project() -> None:
    assert not [m for m in modules("search") if any("newsarchive" in name for name in imports(m))]


def test_each_library_is_known_in_one_place() -> None:
    assert importers_of("bleach", "nh3") == {"articles/sanitising/_wash.py"}
    assert importers_of("opencc", "jieba", "rjieba") == {"search/text.py"}
    assert importers_of("requests", "ssrfguard") == {"articles/fetching.py"}
    assert importers_of("PIL") == {"articles/pictures/_examining.py"}
    assert all(name.startswith("search/engines/whoosh/") for name in importers_of("whoosh"))


def test_private_modules_are_imported_by_their_package_only() -> None:
    for module in modules("articles", "search", "newsarchive"):
        for name in imports(module):
            parts = name.split(".")
            private = [i for i, part in enumerate(parts[:-1]) if part.startswith("_") and i]
            if private and parts[0] in ("articles", "search"):
                package = "/".join(parts[: private[0]])
                assert str(module.relative_to(ROOT)).startswith(f"{package}/"), (module, name)
