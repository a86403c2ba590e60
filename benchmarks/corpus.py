"""The articles that the search benchmarks measure with, in a data folder of their own."""

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from articles.models import Article

__all__ = [
    "SEED",
    "Stored",
    "articles",
    "data_folder",
    "parser",
    "percent",
    "print_table",
    "set_up",
    "start_django",
    "stored",
]

ROOT = Path(__file__).resolve().parent.parent
SEED = 20231214
"""What is drawn is drawn again in the next run."""
MADE = "made.example"
ROWS_AT_ONCE = 500


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser of the options that the search benchmarks share."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("archive", type=Path, help="a folder or a .tar.xz of article files")
    options.add_argument("--articles", type=int, default=10**9, help="so many articles")
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
        yield options.data / "indexes" if options.data else Path(name)


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


class Stored:
    """Articles of the archive, by id, read anew each time they are gone through."""

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = ids

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> "Iterator[Article]":
        from articles.models import Article

        for start in range(0, len(self.ids), ROWS_AT_ONCE):
            some = Article.objects.filter(pk__in=self.ids[start : start + ROWS_AT_ONCE])
            yield from some.select_related("outlet").defer("body").order_by("pk")


def stored(wanted: int) -> Stored:
    """Return ``wanted`` articles of the archive; where there are not so many, more are made.

    They are made of paragraphs of the others, of which each has about as many as a real one. So
    that their vocabulary grows as that of real texts does, each has names out of an endless list:
    n articles have about n to the power of 0.7 of them.
    """
    from articles.models import Article

    real = list(Article.objects.exclude(url__contains=MADE).order_by("pk").values_list("pk"))
    known = list(Article.objects.order_by("pk").values_list("pk", flat=True))
    if wanted == 10**9:
        wanted = len(real)
    if wanted > len(known):
        _make(range(len(known), wanted), Stored([pk for (pk,) in real]))
        known = list(Article.objects.order_by("pk").values_list("pk", flat=True))
    if wanted < len(real):
        return Stored(sorted(random.Random(SEED).sample(known[: len(real)], wanted)))
    return Stored(known[:wanted])


def _make(numbers: range, real: Stored) -> None:
    from articles.models import Article

    originals = [(a.outlet_id, a.published_at, a.title, a.text.split("\n")) for a in real]
    blocks = [block for *_rest, text in originals for block in text]
    characters = [c for c, _n in Counter("".join(blocks)).most_common(1_000) if c.isalpha()]
    chance = random.Random(SEED)

    def name() -> str:
        # The digits of its rank, in a mixed order.
        number, base = int(chance.paretovariate(0.7)) * 7_919, len(characters)
        return "".join(characters[number // base**place % base] for place in range(3))

    for start in range(numbers.start, numbers.stop, ROWS_AT_ONCE):
        made = []
        for number in range(start, min(start + ROWS_AT_ONCE, numbers.stop)):
            outlet, published_at, title, text = chance.choice(originals)
            drawn = [*chance.choices(blocks, k=len(text)), f"{name()}对{name()}和{name()}说。"]
            made.append(
                Article(
                    outlet_id=outlet,
                    title=f"{title[: len(title) // 2]}{name()}",
                    url=f"https://{MADE}/{number}",
                    original_url=f"https://{MADE}/{number}",
                    published_at=published_at and published_at + timedelta(days=number % 2_000),
                    text="\n".join(drawn),
                )
            )
        Article.objects.bulk_create(made)


def percent(share: float) -> str:
    """Return a share of 1 as a percentage that is never rounded up."""
    return f"{int(share * 1000 + 1e-9) / 10:.1f}"


def print_table(title: str, columns: Sequence[str], rows: Sequence[tuple[str, list[str]]]) -> None:
    """Print a table, its first column to the left and all others to the right."""
    print(f"\n{title}\n{'':<38}" + "".join(f"{column:>14}" for column in columns))
    for label, cells in rows:
        print(f"{label:<38}" + "".join(f"{cell:>14}" for cell in cells), flush=True)
