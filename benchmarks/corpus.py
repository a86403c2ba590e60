"""The articles that the search benchmarks measure with, in a data folder of their own."""

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from articles.models import Article

__all__ = [
    "SEED",
    "articles",
    "data_folder",
    "parser",
    "percent",
    "print_table",
    "set_up",
    "start_django",
]

ROOT = Path(__file__).resolve().parent.parent
SEED = 20231214
"""What is drawn is drawn again in the next run."""


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser of the options that the search benchmarks share."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("archive", type=Path, help="a folder or a .tar.xz of article files")
    options.add_argument("--articles", type=int, default=10**9, help="at most so many articles")
    options.add_argument(
        "--data", type=Path, help="keep the imported archive in this folder, and use it again"
    )
    return options


@contextlib.contextmanager
def set_up(options: argparse.Namespace) -> Iterator[Path]:
    """Import the archive and start Django on it; yield a folder for the engines' indexes."""
    with tempfile.TemporaryDirectory() as name:
        data = options.data or Path(name) / "data"
        if not (data / "imported").exists():
            data.mkdir(parents=True, exist_ok=True)
            tree = _tree(options.archive, Path(name) / "tree")
            environment = os.environ | {"NEWSARCHIVE_DATA": str(data)}
            jobs = str(os.cpu_count() or 1)
            for command in (["migrate", "-v0"], ["import_articles", str(tree), "--jobs", jobs]):
                subprocess.run(
                    [sys.executable, str(ROOT / "manage.py"), *command], env=environment, check=True
                )
            (data / "imported").touch()
        start_django(data)
        yield Path(name)


def _tree(archive: Path, folder: Path) -> Path:
    if archive.is_dir():
        return archive
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder


def start_django(data: Path) -> None:
    """Make Django ready, with its files in ``data``."""
    import django

    os.environ["NEWSARCHIVE_DATA"] = str(data)
    os.environ["DJANGO_SETTINGS_MODULE"] = "newsarchive.settings"
    django.setup()


def data_folder() -> Path:
    """Return the folder that Django was started on."""
    return Path(os.environ["NEWSARCHIVE_DATA"])


def articles(most: int) -> "list[Article]":
    """Return all articles, or ``most`` of them drawn at random, by id."""
    from articles.models import Article

    found = list(Article.objects.select_related("outlet").defer("body").order_by("pk"))
    if len(found) <= most:
        return found
    drawn = random.Random(SEED).sample(found, most)
    return sorted(drawn, key=lambda article: article.pk)


def percent(share: float) -> str:
    """Return a share of 1 as a percentage that is never rounded up."""
    return f"{int(share * 1000 + 1e-9) / 10:.1f}"


def print_table(title: str, columns: Sequence[str], rows: Sequence[tuple[str, list[str]]]) -> None:
    """Print a table, its first column to the left and all others to the right."""
    print(f"\n{title}\n{'':<38}" + "".join(f"{column:>14}" for column in columns))
    for label, cells in rows:
        print(f"{label:<38}" + "".join(f"{cell:>14}" for cell in cells), flush=True)
