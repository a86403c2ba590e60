"""ARCHITECTURE.md's rules about who may import whom."""

import ast
from collections.abc import Iterator
from pathlib import Path

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
    assert all(name.startswith("search/engines/whoosh/") for name in importers_of("whoosh"))


def test_private_modules_are_imported_by_their_package_only() -> None:
    for module in modules("articles", "search", "newsarchive"):
        for name in imports(module):
            parts = name.split(".")
            private = [i for i, part in enumerate(parts[:-1]) if part.startswith("_") and i]
            if private and parts[0] in ("articles", "search"):
                package = "/".join(parts[: private[0]])
                assert str(module.relative_to(ROOT)).startswith(f"{package}/"), (module, name)
