"""Import and index an archive into an empty database; beside it, in the same run, the naive way.

    python benchmarks/import.py ARCHIVE [--files N] [--jobs N]

ARCHIVE is a folder or a .tar.xz of article files. Prints articles a second for each step in one
process, for the whole command with ``--jobs`` workers and for its second run, the most memory all
its processes held together (proportional set size), and the same for the naive way: one process,
bleach alone, jieba's ChineseAnalyzer, haystack's own Whoosh backend.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> None:
    """Measure and print."""
    options = _options()
    if options.step:
        _set_up(Path(os.environ["NEWSARCHIVE_DATA"]))
        print(json.dumps(STEPS[options.step](options.archive, options.files)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree = _tree(options.archive, folder, options.files)
        files = sum(1 for path in tree.rglob("*") if path.is_file())
        print(f"{files} files, {os.cpu_count()} cores, --jobs {options.jobs}\n")
        row = "{:<44}{:>12}{:>14}{:>10}".format
        print(row("", "seconds", "articles/s", "MB"))

        steps, _memory = _measured("steps", folder / "steps", tree, files)
        for step, seconds in steps.items():
            print(row(f"one process: {step}", f"{seconds:.1f}", f"{files / seconds:.0f}", ""))

        data = folder / "ours"
        _manage(data, "migrate", "-v0")
        jobs = options.jobs
        whole = _print_command(row, "newsarchive, import and index", data, tree, files, jobs)
        _print_command(row, "newsarchive, the same again", data, tree, files, jobs)

        naive, memory = _measured("naive", folder / "naive", tree, files)
        total = sum(naive.values())
        print(row("naive, import and index", f"{total:.1f}", f"{files / total:.0f}", memory))
        for step, seconds in naive.items():
            print(row(f"  {step}", f"{seconds:.1f}", f"{files / seconds:.0f}", ""))
        print(f"\nnewsarchive is {total / whole:.1f} times as fast as the naive way.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path)
    parser.add_argument("--files", type=int, default=10**9, help="at most so many files")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    return parser.parse_args()


def _tree(archive: Path, folder: Path, most: int) -> Path:
    if archive.is_dir():
        return archive
    tree = folder / "tree"
    with tarfile.open(archive) as tar:
        members = [member for member in tar if member.isfile()][:most]
        tar.extractall(tree, members, filter="data")
    return tree


def _environment(data: Path, **more: str) -> dict[str, str]:
    return os.environ | {"NEWSARCHIVE_DATA": str(data)} | more


def _manage(data: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments], env=_environment(data), check=True
    )


def _measured(step: str, data: Path, tree: Path, files: int) -> tuple[dict[str, float], str]:
    engine = {"NEWSARCHIVE_ENGINE": "benchmarks.naive.NaiveEngine"} if step == "naive" else {}
    environment = _environment(data, PYTHONPATH=str(ROOT), **engine)
    command = [sys.executable, __file__, str(tree), "--step", step, "--files", str(files)]
    output, _seconds, memory = _run(command, environment)
    return json.loads(output.splitlines()[-1]), f"{memory / 1e6:.0f}"


def _print_command(
    row: Callable[..., str], label: str, data: Path, tree: Path, files: int, jobs: int
) -> float:
    command = [sys.executable, str(ROOT / "manage.py"), "import_articles", str(tree)]
    output, seconds, memory = _run([*command, "--jobs", str(jobs), "--json"], _environment(data))
    report = json.loads(output.splitlines()[-1])
    counts = {key: report[key] for key in ("created", "updated", "unchanged", "failed")}
    rate = f"{files / seconds:.0f}"
    print(row(label, f"{seconds:.1f}", rate, f"{memory / 1e6:.0f}"), counts, flush=True)
    return seconds


def _run(command: list[str], environment: dict[str, str]) -> tuple[str, float, int]:
    """Run ``command``; return its output, its seconds, and the most memory its processes held."""
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    most = 0
    output = ""
    while True:
        try:
            output = process.communicate(timeout=0.2)[0]
            break
        except subprocess.TimeoutExpired:
            most = max(most, sum(map(_memory, _family(process.pid))))
    if process.returncode:
        raise SystemExit(f"{command} failed with {process.returncode}")
    return output, time.monotonic() - started, most


def _family(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))


def _memory(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _set_up(data: Path) -> None:
    import django
    from django.core.management import call_command

    data.mkdir(parents=True, exist_ok=True)
    os.environ["DJANGO_SETTINGS_MODULE"] = "newsarchive.settings"
    django.setup()
    call_command("migrate", verbosity=0)


class _Stopwatch:
    """Sums up the seconds spent in named steps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.monotonic() - started


def _steps(tree: Path, files: int) -> dict[str, float]:
    """Time each step of our way in one process."""
    from articles.addresses import canonical_address
    from articles.importing._outlets import OutletFinder
    from articles.importing._prepare import Prepared, raw_file
    from articles.importing._store import Store
    from articles.importing.decoding import decode
    from articles.importing.formats import parse
    from articles.importing.sources import SourceFile, walk
    from articles.models import Article, ImportRun
    from articles.sanitising import clean
    from search.indexing import documents, rebuild
    from search.text import grams, segments

    watch = _Stopwatch()
    store = Store(ImportRun.objects.create(), OutletFinder())
    batch: list[Any] = []
    for number, file in enumerate(walk([tree])):
        if not isinstance(file, SourceFile) or number >= files:
            continue
        with watch("parse"):
            parsed = parse(decode(file.data), file.path)
            address = canonical_address(parsed.url)
        with watch("clean"):
            cleaned = clean(parsed.body, url=parsed.url, published_at=parsed.published_at)
        batch.append(Prepared(raw_file(file), address, parsed, cleaned))
        if len(batch) == 200:
            with watch("store"):
                store.store(batch)
            batch = []
    with watch("store"):
        store.store(batch)
    ids = list(Article.objects.values_list("pk", flat=True))
    for document in documents(ids):
        with watch("segment"):
            grams(document.form)
            list(segments(document.form))
    with watch("index (with segment)"):
        rebuild(jobs=1)
    return watch.seconds


def _naive(tree: Path, files: int) -> dict[str, float]:
    """Time the naive way."""
    import bleach
    from django.db import transaction
    from django.utils.html import strip_tags
    from haystack import connections

    from articles.importing.decoding import decode
    from articles.importing.formats import parse
    from articles.importing.sources import SourceFile, walk
    from articles.models import Article, Outlet
    from search.search_indexes import ArticleIndex

    tags = {*bleach.ALLOWED_TAGS, "p", "div", "span", "img", "br", "h2", "h3", "table", "tr", "td"}
    watch = _Stopwatch()
    outlet = Outlet.objects.all()[0]
    with watch("bleach and store"), transaction.atomic():
        for number, file in enumerate(walk([tree])):
            if not isinstance(file, SourceFile) or number >= files:
                continue
            parsed = parse(decode(file.data), file.path)
            body = bleach.clean(parsed.body, tags=tags, strip=True)
            Article.objects.update_or_create(
                url=parsed.url[:2000],
                defaults={
                    "outlet": outlet,
                    "title": parsed.title,
                    "original_url": parsed.url,
                    "published_at": parsed.published_at,
                    "body": body,
                    "text": strip_tags(body),
                },
            )
    with watch("segment and index"):
        backend = connections["default"].get_backend()
        articles = Article.objects.order_by("pk")
        for start in range(0, articles.count(), 1000):
            backend.update(ArticleIndex(), articles[start : start + 1000])
    return watch.seconds


STEPS: dict[str, Callable[[Path, int], dict[str, float]]] = {"steps": _steps, "naive": _naive}

if __name__ == "__main__":
    main()
