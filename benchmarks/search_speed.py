"""How fast each engine answers, is built and opens, and what it takes.

    python benchmarks/search_speed.py ARCHIVE [--articles N] [--rounds N] [--data DIR]

ARCHIVE is a folder or a .tar.xz of article files. Each question is for the exact count and the ids
of 20 articles, in one process that has answered it before. Beside newsarchive, in the same run:
haystack's Whoosh backend with jieba's ChineseAnalyzer, SQLite FTS5 and Tantivy on jieba's segments.
"""

import multiprocessing
import random
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import corpus
from benchmarks.questions import Question
from search.text import fold, segments

if TYPE_CHECKING:
    from articles.models import Article
    from benchmarks.peers import Peer

NOTES = """
newsarchive counts outlets, years and days in every answer; the peers only where the row says so.
Questions are the same for all, and written as most articles write them. FTS5 and Tantivy are given
newsarchive's fold and segments; the naive way cuts by itself, and its index was written in one
commit, without haystack's update. No round begins more than 5 seconds after the first, so a slow
engine is asked less often. newsarchive's index holds the folded texts, which decide what is
found; the naive one holds the texts as well, the others only terms and positions."""

HAN = "[\u4e00-\u9fff]"
QUESTIONS = 10
MOST_SECONDS = 5.0
"""After so long, no further round begins with one engine and kind of question."""
DEEP = 1000
LONG_HEADLINE = 30
RARE = (2, 5)
COMMON, VERY_COMMON = (0.02, 0.08), (0.25, 1.0)
IN_TITLES = 0.01
"""How many articles, or which share of them, have a word."""


def main() -> None:
    """Measure and print."""
    parser = corpus.parser(__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, help="ask each question so often")
    options = parser.parse_args()
    with corpus.set_up(options) as folder:
        from benchmarks.peers import Naive, Ours, Segments, Tantivy

        articles = corpus.articles(options.articles)
        print(f"{len(articles)} articles, {QUESTIONS} questions of a kind, {options.rounds} rounds")
        print(NOTES)
        kinds = _kinds(articles, random.Random(corpus.SEED))
        peers: list[Peer] = [kind(folder) for kind in (Ours, Naive, Segments, Tantivy)]
        _print_costs(peers, articles, folder, kinds)
        _print_speed(peers, kinds, options.rounds)


# What an index costs.


def _print_costs(
    peers: "Sequence[Peer]",
    articles: "Sequence[Article]",
    folder: Path,
    kinds: dict[str, list[Question]],
) -> None:
    questions = [question for asked in kinds.values() for question in asked[:3]]
    built, size, opened, first, memory, more = [], [], [], [], [], []
    for peer in peers:
        started = time.monotonic()
        peer.build(articles)
        built.append(f"{len(articles) / (time.monotonic() - started):.0f}")
        peer.open()
        bytes_ = sum(path.stat().st_size for path in peer.folder.rglob("*") if path.is_file())
        size.append(f"{bytes_ / len(articles):.0f}")
        # A process of its own, which has not seen what this one has.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            arguments = (corpus.data_folder(), folder, type(peer).__name__, questions)
            cost = pool.apply(_searcher, arguments)
        opened.append(f"{cost['open'] * 1000:.0f}")
        first.append(f"{cost['first'] * 1000:.0f}")
        memory.append(f"{cost['peak'] / 1e6:.0f}")
        more.append(f"{(cost['peak'] - cost['before']) / 1e6:.0f}")
    corpus.print_table(
        "What it takes",
        [peer.name for peer in peers],
        [
            ("building, articles/s, one process", built),
            ("index, bytes an article", size),
            ("opening, ms", opened),
            ("the first answer, ms", first),
            ("a searching process at most, MB", memory),
            ("… of which since opening, MB", more),
        ],
    )


def _searcher(data: Path, folder: Path, name: str, questions: list[Question]) -> dict[str, float]:
    """Open an index and answer questions; return seconds, and bytes of memory."""
    corpus.start_django(data)
    from benchmarks import peers

    peer = getattr(peers, name)(folder)
    list(segments(fold("词典与字表先读好")))
    before = _start_of_peak()
    started = time.monotonic()
    peer.open()
    opened = time.monotonic()
    peer.find(questions[0])
    answered = time.monotonic()
    for question in questions:
        peer.find(question)
    return {
        "open": opened - started,
        "first": answered - opened,
        "before": before,
        "peak": _peak(),
    }


def _start_of_peak() -> int:
    """Have Linux forget the most memory this process held; return what it holds now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    """Return the most memory this process held, in bytes, with what it mapped and read of files.

    Not ``ru_maxrss``, in which Linux keeps what the parent held when it started this process.
    """
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


# How fast it answers.


def _print_speed(peers: "Sequence[Peer]", kinds: dict[str, list[Question]], rounds: int) -> None:
    from search.finding import find_articles

    p50: list[tuple[str, list[str]]] = []
    p95: list[tuple[str, list[str]]] = []
    most: list[tuple[str, list[str]]] = []
    hits: list[tuple[str, list[str]]] = []
    for kind, questions in kinds.items():
        counts, seconds = [], []
        for peer in peers:
            counts.append([peer.find(question).count for question in questions])
            seconds.append(_timed(peer.find, questions, rounds))
        p50.append((kind, [_ms(statistics.median(times)) for times in seconds]))
        p95.append((kind, [_ms(_percentile(times, 95)) for times in seconds]))
        most.append((kind, [_ms(max(times)) for times in seconds]))
        hits.append((kind, [f"{statistics.median(found):.0f}" for found in counts]))
    for kind in ("common word", "very common word"):
        queries = [question.query for question in kinds[kind]]
        for query in queries:
            find_articles(query)
        times = _timed(find_articles, queries, rounds)
        label = f"… whole page, {kind}"
        rest = ["–"] * (len(peers) - 1)
        p50.append((label, [_ms(statistics.median(times)), *rest]))
        p95.append((label, [_ms(_percentile(times, 95)), *rest]))
        most.append((label, [_ms(max(times)), *rest]))
    columns = [peer.name for peer in peers]
    corpus.print_table("Articles found, median", columns, hits)
    corpus.print_table("ms, p50 (the whole page: with database and snippets)", columns, p50)
    corpus.print_table("ms, p95", columns, p95)
    corpus.print_table("ms, longest", columns, most)


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


# What is asked.


def _kinds(articles: "Sequence[Article]", chance: random.Random) -> dict[str, list[Question]]:
    """Return questions of each kind."""
    words = _Words([article.text for article in articles], chance)
    of_titles = _Words([article.title for article in articles], chance)
    size = len(articles)
    rare = words.between(*RARE)
    common, frequent = (words.between(a * size, b * size) for a, b in (COMMON, VERY_COMMON))
    longer = _Words([article.text for article in articles], chance, characters="{3,4}")
    in_titles = of_titles.between(IN_TITLES * size, size)
    pairs = words.together(common, 2)
    headlines = [a.headline for a in articles if len(a.headline) >= LONG_HEADLINE]
    ordinary = [Question(words=(word,)) for word in common]
    very_common = [Question(words=(word,)) for word in frequent]
    first, last = date(2019, 3, 1), date(2020, 2, 29)
    kinds = {
        "rare word": [Question(words=(word,)) for word in rare],
        "common word": ordinary,
        "very common word": very_common,
        "common word of 3 or 4 characters": [
            Question(words=(word,)) for word in longer.between(COMMON[0] * size, size)
        ],
        "2 words": [Question(words=pair) for pair in pairs],
        "3 words": [Question(words=three) for three in words.together(common, 3)],
        "phrase": [Question(phrase=phrase) for phrase in words.phrases()],
        "short phrase across punctuation": [
            Question(phrase=phrase) for phrase in words.phrases_across_punctuation()
        ],
        "word NOT word": [
            Question(words=(a,), without=(b,)) for a, b in zip(common, frequent, strict=False)
        ],
        "word OR word": [Question(either=pair) for pair in pairs],
        "very common word, of one year": [
            replace(question, after=first, before=last) for question in very_common
        ],
        "title: word": [Question(words=(word,), in_title=True) for word in in_titles],
        "long headline": [
            Question(words=(text,))
            for text in chance.sample(headlines, min(QUESTIONS, len(headlines)))
        ],
        f"very common word, from the {DEEP}th": [replace(q, start=DEEP) for q in very_common],
        "very common word, facets, timeline": [replace(q, with_facets=True) for q in very_common],
        "very common word, newest first": [replace(q, newest=True) for q in very_common],
    }
    return {kind: questions for kind, questions in kinds.items() if questions}


class _Words:
    """The words of so many Han characters in some texts."""

    def __init__(
        self, texts: Sequence[str], chance: random.Random, characters: str = "{2}"
    ) -> None:
        self._chance = chance
        self._texts = texts
        self._folds = [fold(text) for text in texts]
        wanted = re.compile(HAN + characters)
        self._words = [set(filter(wanted.fullmatch, segments(text))) for text in self._folds]
        self._holders = Counter(word for words in self._words for word in sorted(words))

    def between(self, least: float, most: float) -> list[str]:
        """Return words that so many texts have."""
        found = [word for word, holders in self._holders.items() if least <= holders <= most]
        return [self._written(w) for w in self._sample(found)]

    def together(self, written: Sequence[str], number: int) -> list[tuple[str, ...]]:
        """Return words that stand together in a text, the first of them of ``written``."""
        found = []
        least = COMMON[0] * len(self._texts)
        for word in written:
            holders = [words for words in self._words if fold(word) in words]
            one = sorted(self._chance.choice(holders) - {fold(word)})
            others = [other for other in one if self._holders[other] >= least]
            drawn = self._chance.sample(others, min(number - 1, len(others)))
            found.append((word, *map(self._written, drawn)))
        return found

    def phrases(self) -> list[str]:
        """Return two neighbouring words each, as they are written."""
        import jieba

        found: list[str] = []
        for number in self._chance.sample(range(len(self._texts)), len(self._texts)):
            position, starts = 0, []
            for word in jieba.cut(self._folds[number]):
                starts.append((position, word))
                position += len(word)
            neighbours = [
                self._texts[number][start : start + len(a + b)]
                for (start, a), (_start, b) in pairwise(starts)
                if re.fullmatch(HAN + "{4,6}", a + b) and min(len(a), len(b)) > 1
            ]
            if neighbours:
                found.append(self._chance.choice(neighbours))
            if len(found) == QUESTIONS:
                break
        return found

    def phrases_across_punctuation(self) -> list[str]:
        """Return one or two characters on each side of a comma or full stop, as written."""
        pattern = re.compile(f"{HAN}{{1,2}}[，。]{HAN}{{1,2}}")
        drawn = self._sample([text for text in self._texts if pattern.search(text)])
        return [self._chance.choice(pattern.findall(text)) for text in drawn]

    def _sample(self, words: Sequence[str]) -> list[str]:
        return self._chance.sample(words, min(QUESTIONS, len(words)))

    def _written(self, word: str) -> str:
        """Return a folded word as most texts write it."""
        spellings: Counter[str] = Counter()
        for text, folded in zip(self._texts, self._folds, strict=True):
            position = folded.find(word)
            if position >= 0:
                spellings[text[position : position + len(word)]] += 1
        return spellings.most_common(1)[0][0]


if __name__ == "__main__":
    main()
