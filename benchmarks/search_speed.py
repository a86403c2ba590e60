"""How fast each engine answers, is built and opens, and what it takes.

    python benchmarks/search_speed.py ARCHIVE [--articles N] [--data DIR] [--built] [--without NAME]

ARCHIVE is a folder or a .tar.xz of article files; where N is more than it has, more are made of
their paragraphs, with a vocabulary that grows. Each question is for the exact count and the ids of
20 articles, in one process that has answered it before. Beside newsarchive, in the same run: Whoosh
as it comes, SQLite FTS5 and Tantivy, all on newsarchive's segments. ``--data`` keeps the archive
and the indexes; ``--built`` asks these again, and ``--without stock-whoosh`` leaves out what takes
hours to build.
"""

import multiprocessing
import os
import platform
import random
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import corpus
from benchmarks.drawing import QUESTIONS, drawn_questions
from benchmarks.questions import Question
from search.text import fold, segments

if TYPE_CHECKING:
    from benchmarks.peers import Peer

NOTES = """
newsarchive counts outlets, years and days in every answer; the peers only where the row says so.
Questions are the same for all, and written as most articles write them. All are given newsarchive's
fold and segments. newsarchive finds every string, whichever way it would be cut, the peers only
segments. No round begins more than 5 seconds after the first, so a slow engine is asked less often.
Memory is what a process holds itself, and with what it mapped of files, which all processes share
and which the system takes back when others need it."""

PEERS = {
    "newsarchive": "Ours",
    "stock-whoosh": "StockWhoosh",
    "fts5": "Segments",
    "tantivy": "Tantivy",
}
DRAWN_FROM = 8_000
"""Questions are made of so many articles."""
MOST_SECONDS = 5.0
"""After so long, no further round begins with one engine and kind of question."""
EDITS = 1000

Row = tuple[str, list[str]]


def main() -> None:
    """Measure and print."""
    parser = corpus.parser(__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, help="ask each question so often")
    parser.add_argument(
        "--without", nargs="+", default=[], choices=list(PEERS)[1:], help="engines to leave out"
    )
    parser.add_argument(
        "--built", action="store_true", help="ask the indexes that an earlier run left in --data"
    )
    options = parser.parse_args()
    with corpus.set_up(options) as folder:
        from benchmarks import peers

        stored = corpus.stored(options.articles)
        print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
        print(f"{len(stored)} articles, {QUESTIONS} questions of a kind, {options.rounds} rounds")
        if options.without:
            print(f"Not measured: {', '.join(options.without)}.")
        print(NOTES)
        chance = random.Random(corpus.SEED)
        drawn = sorted(chance.sample(stored.ids, min(DRAWN_FROM, len(stored))))
        kinds = drawn_questions(list(corpus.Stored(drawn)), chance)
        measured = [kind for name, kind in PEERS.items() if name not in options.without]
        engines: list[Peer] = [getattr(peers, kind)(folder) for kind in measured]
        _print_costs(engines, stored, folder, kinds, is_built=options.built)
        _print_speed(engines, kinds, options.rounds)
        _print_pages(kinds, options.rounds)
        _print_edits(stored.ids, folder, kinds, options.rounds)


# What an index costs.


def _print_costs(
    peers: "Sequence[Peer]",
    stored: corpus.Stored,
    folder: Path,
    kinds: dict[str, list[Question]],
    *,
    is_built: bool,
) -> None:
    questions = [question for asked in kinds.values() for question in asked[:3]]
    rows: dict[str, list[str]] = {}
    for peer in peers:
        # Processes of their own, which have not seen what this one has.
        arguments = (corpus.data_folder(), folder, type(peer).__name__)
        costs = several = {"seconds": 0.0, "own": 0.0, "mapped": 0.0}
        if not is_built:
            costs = _in_a_process(_builder, *arguments, stored.ids, 1)
        if not is_built and type(peer).__name__ == "Ours":
            several = _in_a_process(_builder, *arguments, stored.ids, os.cpu_count() or 1)
        peer.open()
        bytes_ = sum(path.stat().st_size for path in peer.folder.rglob("*") if path.is_file())
        cost = _in_a_process(_searcher, *arguments, questions)
        cells = {
            "building, articles/s, one process": _or_dash(len(stored), costs["seconds"]),
            "… as rebuild_index does": _or_dash(len(stored), several["seconds"]),
            "building, own memory at most, MB": _or_dash(costs["own"], 1e6),
            "… and with what is mapped": _or_dash(costs["mapped"], 1e6),
            "index, bytes an article": f"{bytes_ / len(stored):.0f}",
            "opening, ms": f"{cost['open'] * 1000:.0f}",
            "the first answer, ms": f"{cost['first'] * 1000:.0f}",
            "searching, own memory, MB": f"{cost['own'] / 1e6:.0f}",
            "… of which since opening": f"{(cost['own'] - cost['before']) / 1e6:.0f}",
            "… with what is mapped": f"{cost['mapped'] / 1e6:.0f}",
        }
        for number, (label, cell) in enumerate(cells.items()):
            rows.setdefault(f"{number} {label}", []).append(cell)
    labelled = [(label.partition(" ")[2], cells_) for label, cells_ in rows.items()]
    corpus.print_table("What it takes", [peer.name for peer in peers], labelled)


def _or_dash(much: float, of: float) -> str:
    return f"{much / of:.0f}" if much and of else "–"


def _in_a_process(function: Callable[..., dict[str, float]], *arguments: Any) -> dict[str, float]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def _builder(
    data: Path, folder: Path, name: str, ids: Sequence[int], jobs: int
) -> dict[str, float]:
    """Build an index; return seconds, and bytes of memory."""
    corpus.start_django(data)
    from benchmarks import peers

    peer = getattr(peers, name)(folder)
    list(segments(fold("词典与字表先读好")))
    started = time.monotonic()
    if jobs > 1:
        # Pool's processes may have no children, which are what is measured here.
        multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
        peer.build_in_processes(ids, jobs)
    else:
        peer.build(corpus.Stored(ids))
    return {"seconds": time.monotonic() - started, **_memory()}


def _searcher(data: Path, folder: Path, name: str, questions: list[Question]) -> dict[str, float]:
    """Open an index and answer questions; return seconds, and bytes of memory."""
    corpus.start_django(data)
    from benchmarks import peers

    peer = getattr(peers, name)(folder)
    list(segments(fold("词典与字表先读好")))
    before = _memory()["own"]
    started = time.monotonic()
    peer.open()
    opened = time.monotonic()
    peer.find(questions[0])
    answered = time.monotonic()
    for question in questions:
        peer.find(question)
    return {"open": opened - started, "first": answered - opened, "before": before, **_memory()}


def _memory() -> dict[str, float]:
    """Return what this process holds itself now, and the most it held with mapped files, in bytes.

    Not ``ru_maxrss``, in which Linux keeps what the parent held when it started this process.
    """
    status = Path("/proc/self/status").read_text()
    own, most = (re.search(rf"{name}:\s*(\d+) kB", status) for name in ("RssAnon", "VmHWM"))
    return {
        "own": int(own[1]) * 1024 if own else 0,
        "mapped": int(most[1]) * 1024 if most else 0,
    }


# How fast it answers.


def _print_speed(peers: "Sequence[Peer]", kinds: dict[str, list[Question]], rounds: int) -> None:
    rows: dict[str, list[Row]] = {name: [] for name in ("hits", "p50", "p95", "longest")}
    for kind, questions in kinds.items():
        counts, seconds = [], []
        for peer in peers:
            counts.append([peer.find(question).count for question in questions])
            seconds.append(_timed(peer.find, questions, rounds))
        rows["hits"].append((kind, [f"{statistics.median(found):.0f}" for found in counts]))
        for name, cells in zip(("p50", "p95", "longest"), _cells(seconds), strict=True):
            rows[name].append((kind, cells))
    columns = [peer.name for peer in peers]
    corpus.print_table("Articles found, median", columns, rows["hits"])
    for name in ("p50", "p95", "longest"):
        corpus.print_table(f"ms, {name}", columns, rows[name])


def _cells(seconds: Iterable[list[float]]) -> tuple[list[str], list[str], list[str]]:
    """Return p50, p95 and the longest in ms, of each engine."""
    measured = list(seconds)
    return (
        [_ms(statistics.median(times)) for times in measured],
        [_ms(_percentile(times, 95)) for times in measured],
        [_ms(max(times)) for times in measured],
    )


def _print_pages(kinds: dict[str, list[Question]], rounds: int) -> None:
    """Measure what pages ask of newsarchive beside the engine's answers."""
    from articles.models import Article
    from search.engines.base import engine
    from search.finding import corrections, find_articles, hidden_articles
    from search.suggesting import suggest

    words = [question.words[0] for question in kinds["common word"]]
    longer = [w for question in kinds["2 words"] for w in question.words if len(w) > 1]
    hidden = hidden_articles()
    newest = list(Article.objects.order_by("-pk").values_list("pk", flat=True)[:QUESTIONS])
    asked: dict[str, tuple[Callable[[Any], object], list[Any]]] = {
        f"find_articles: {kind}": (find_articles, [question.query for question in kinds[kind]])
        for kind in ("common word", "very common word", "phrase")
    }
    asked |= {
        "suggestions after 1 character": (suggest, [word[0] for word in words]),
        "suggestions after a word": (suggest, words),
        "corrections": (
            lambda word: corrections(word, 3, hidden=hidden),
            [word[:-1] + "龘" for word in longer],
        ),
        "similar articles": (partial(engine().similar, most=6, without=hidden), newest),
        "articles counted": (
            engine().how_many,
            [_plain_query(question) for question in kinds["very common word"]],
        ),
    }
    rows: list[Row] = []
    for label, (ask, questions) in asked.items():
        first = _timed(ask, questions, 1)
        p50, p95, longest = _cells([_timed(ask, questions, rounds)])
        rows.append((label, [_ms(max(first)), *p50, *p95, *longest]))
    columns = ["first, longest", "p50", "p95", "longest"]
    corpus.print_table("newsarchive, with database and snippets: ms", columns, rows)


def _plain_query(question: Question) -> Any:
    from search.query import AnyOf, Query
    from search.understanding import understand

    return Query(understand(question.query).condition or AnyOf())


def _print_edits(
    ids: Sequence[int], folder: Path, kinds: dict[str, list[Question]], rounds: int
) -> None:
    """Save articles one by one, as the admin does, and search before and after."""
    from benchmarks.peers import Ours
    from search.engines.base import engine
    from search.indexing import documents

    queries = [question.query for question in kinds["common word"]]
    with tempfile.TemporaryDirectory(dir=folder) as name:
        # A segment's file is never changed, so that a link is as good as a copy.
        shutil.copytree(folder / "ours", Path(name) / "ours", copy_function=os.link)
        Ours(Path(name)).open()
        rows: list[Row] = [("searching before", _searching(queries, rounds))]
        chance = random.Random(corpus.SEED)
        for label, number in (("saving until found", 20), (f"… after {EDITS} edits", EDITS)):
            seconds = []
            for pk in chance.choices(ids, k=number):
                started = time.perf_counter()
                engine().replace([pk], documents)
                engine().count()
                seconds.append(time.perf_counter() - started)
            rows.append((label, [cell for cells in _cells([seconds]) for cell in cells]))
        rows.append((f"searching after {EDITS} edits", _searching(queries, rounds)))
    corpus.print_table("Edits, and a common word: ms", ["p50", "p95", "longest"], rows)


def _searching(queries: Sequence[str], rounds: int) -> list[str]:
    from search.finding import find_articles

    for query in queries:
        find_articles(query)
    return [cell for cells in _cells([_timed(find_articles, queries, rounds)]) for cell in cells]


def _timed(ask: Callable[[Any], object], questions: Sequence[Any], rounds: int) -> list[float]:
    """Return the seconds of each answer to questions that have been asked once before."""
    seconds: list[float] = []
    began = time.monotonic()
    for _round in range(rounds):
        for question in questions:
            started = time.perf_counter()
            ask(question)
            seconds.append(time.perf_counter() - started)
        if time.monotonic() - began > MOST_SECONDS:
            break
    return seconds


def _percentile(seconds: list[float], percent: int) -> float:
    return sorted(seconds)[ceil(len(seconds) * percent / 100) - 1]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f}"


if __name__ == "__main__":
    main()
