"""How fast each engine answers, is built and opens, and what it takes.

    python benchmarks/search_speed.py ARCHIVE [--articles N] [--data DIR] [--built] [--without NAME]

ARCHIVE is a folder or a .tar.xz of article files; where N is more than it has, more are made of
their paragraphs, with a vocabulary that grows. Each question is for the exact count, the ids of 20
articles, and counts by outlet and day, in one process that has answered it before; newsarchive is
also asked what it does not remember. Beside it, in the same run: Whoosh as it comes, SQLite FTS5
and Tantivy, all on its segments. ``--data`` keeps the archive and the indexes, ``--built``
asks these again, ``--without stock-whoosh`` leaves out what takes hours to build.
"""

import os
import platform
import random
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
from benchmarks.costs import print_costs
from benchmarks.drawing import QUESTIONS, drawn_questions
from benchmarks.questions import Question

if TYPE_CHECKING:
    from benchmarks.peers import Peer

NOTES = """
All count outlets and days in every answer, as a page shows them, but where the row says without.
Questions are the same for all, and written as most articles write them. All are given newsarchive's
fold and segments. newsarchive finds every string, whichever way it would be cut, the peers only
segments. It looks up an outlet by its name in each question, the peers are given its number.
newsarchive remembers which articles have a string (64 MB at most), the peers do not. Where strings
are asked for the first time, it has forgotten all of them before each question; what every search
needs is there. No round begins more than 5 seconds after the first, so a slow engine is asked less
often. Memory is what a process holds itself, and with what it mapped of files, which all processes
share and which the system takes back when others need it."""

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
Times = dict[str, list[list[float]]]
"""The seconds of all answers, by kind of question and peer."""


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
        some = [question for questions in kinds.values() for question in questions[:3]]
        print_costs(engines, stored, folder, some, is_built=options.built)
        asked = _print_speed(engines, kinds, options.rounds)
        _print_pages(kinds, options.rounds)
        _print_edits(stored.ids, folder, kinds, options.rounds)
        for label, times in asked.items():
            _print_ratios(label, engines, times)


def _print_speed(
    peers: "Sequence[Peer]", kinds: dict[str, list[Question]], rounds: int
) -> dict[str, Times]:
    """Print and return the times of questions that are asked for the first time, and again."""
    hits: list[Row] = []
    first: Times = {}
    again: Times = {}
    for kind, questions in kinds.items():
        counts = [[peer.find(question).count for question in questions] for peer in peers]
        hits.append((kind, [f"{statistics.median(found):.0f}" for found in counts]))
        first[kind] = [_timed(peer.find, questions, rounds, peer.forget) for peer in peers]
        again[kind] = [_timed_again(peer.find, questions, rounds) for peer in peers]
    columns = [peer.name for peer in peers]
    corpus.print_table("Articles found, median", columns, hits)
    asked = {"asked for the first time": first, "asked again": again}
    for label, times in asked.items():
        cells = {kind: _cells(seconds) for kind, seconds in times.items()}
        for place, name in enumerate(("p50", "p95", "longest")):
            rows = [(kind, of_kind[place]) for kind, of_kind in cells.items()]
            corpus.print_table(f"ms, {label}: {name}", columns, rows)
    return asked


def _print_ratios(label: str, peers: "Sequence[Peer]", times: Times) -> None:
    """Print how many times newsarchive's p50, who is the first of ``peers``, the others' is."""
    ratios: dict[str, list[float]] = {}
    for kind, seconds in times.items():
        ours, *theirs = map(statistics.median, seconds)
        ratios[kind] = [p50 / ours for p50 in theirs]
    ratios["median"] = list(map(statistics.median, zip(*ratios.values(), strict=True)))
    rows = [(kind, [f"{ratio:.1f}" for ratio in of_kind]) for kind, of_kind in ratios.items()]
    columns = [peer.name for peer in peers[1:]]
    corpus.print_table(f"How many times newsarchive's p50, {label}", columns, rows)


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

    seconds = _timed_again(find_articles, queries, rounds)
    return [cell for cells in _cells([seconds]) for cell in cells]


def _timed_again(
    ask: Callable[[Any], object], questions: Sequence[Any], rounds: int
) -> list[float]:
    """Return the seconds of each answer to questions that have been asked once before."""
    for question in questions:
        ask(question)
    return _timed(ask, questions, rounds)


def _timed(
    ask: Callable[[Any], object],
    questions: Sequence[Any],
    rounds: int,
    forget: Callable[[], None] = lambda: None,
) -> list[float]:
    """Return the seconds of each answer, before which ``forget`` is called."""
    seconds: list[float] = []
    began = time.monotonic()
    for _round in range(rounds):
        for question in questions:
            forget()
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
