"""How much of what is there each engine finds, beside a plain scan of the folded texts.

    python benchmarks/search_quality.py ARCHIVE [--articles N] [--queries N] [--data DIR]

ARCHIVE is a folder or a .tar.xz of article files. Strings are drawn from the articles as they are
written, so each is in at least one of them. Beside newsarchive, in the same run: haystack's Whoosh
backend with jieba's ChineseAnalyzer, SQLite FTS5 with its trigram tokenizer, Tantivy on jieba's
segments.
"""

import random
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import corpus
from benchmarks.questions import Question, quoted
from search.text import fold, with_gaps, words

if TYPE_CHECKING:
    from articles.models import Article
    from benchmarks.peers import Peer

NOTES = """
Recall and precision are means over the questions; precision of those that found anything. The
truth is a scan for the string in the folded title and text, in phrases with every run of
punctuation and white space as one space. All strings but the phrases are of Han characters alone.
naive:        haystack's Whoosh backend with jieba.analyse.ChineseAnalyzer, given articles and
              questions as they are written; its index was written in one commit.
FTS5 trigram: SQLite FTS5 on newsarchive's fold; it has no term for less than three characters.
Tantivy:      on newsarchive's fold and jieba's segments for searching, all of which must be there.
A headline is found where an article with this headline is."""

HAN = "[\u4e00-\u9fff]"
PUNCTUATION = r"[，。、：；！？「」『』《》“”（）()…—·\-,.:;!? ]"
LETTER = "[0-9A-Za-zÀ-ɏͰ-ӿ]"
SHORTEST_HEADLINE = 8
ARTICLES_OF_NAMES = 300
LONGEST_PHRASE = 14


@dataclass(frozen=True)
class Corpus:
    """The articles, and what a scan looks at: their folds, and these with one space a gap."""

    articles: "Sequence[Article]"
    forms: dict[int, str]
    spaced: dict[int, str]


def main() -> None:
    """Measure and print."""
    parser = corpus.parser(__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=300, help="so many of each kind")
    options = parser.parse_args()
    with corpus.set_up(options) as folder:
        from benchmarks.peers import Naive, Ours, Tantivy, Trigrams

        loaded = _loaded(corpus.articles(options.articles))
        peers: list[Peer] = [kind(folder) for kind in (Ours, Naive, Trigrams, Tantivy)]
        for peer in peers:
            peer.build(loaded.articles)
            peer.open()
        print(f"{len(loaded.articles)} articles, up to {options.queries} questions of each kind")
        print(NOTES)
        _print_finding(peers, loaded, options.queries)
        _print_headlines(peers, loaded, options.queries)


def _loaded(articles: "Sequence[Article]") -> Corpus:
    from search.search_indexes import ArticleIndex

    forms = {article.pk: ArticleIndex().document(article).form for article in articles}
    spaced = {
        pk: "\n".join(with_gaps(block) for block in form.split("\n")) for pk, form in forms.items()
    }
    return Corpus(articles, forms, spaced)


def _print_finding(peers: "Sequence[Peer]", loaded: Corpus, queries: int) -> None:
    """Print recall, precision and zero-hit rate for each kind of string."""
    recall: list[tuple[str, list[str]]] = []
    precision: list[tuple[str, list[str]]] = []
    nothing: list[tuple[str, list[str]]] = []
    for kind, draw in KINDS.items():
        strings = _distinct(draw(loaded, random.Random(corpus.SEED)), queries)
        is_phrase = draw is _phrases
        truths = {string: _scan(loaded, string, is_phrase=is_phrase) for string in strings}
        rows: list[list[str]] = [[], [], []]
        for peer in peers:
            found = {
                string: peer.find_all(
                    Question(phrase=string) if is_phrase else Question(words=(string,))
                )
                for string in strings
            }
            if peer is peers[0]:
                _print_mistakes(found, truths)
            right = {string: len(found[string] & truths[string]) for string in strings}
            rows[0].append(_mean(right[s] / len(truths[s]) for s in strings))
            rows[1].append(_mean(right[s] / len(found[s]) for s in strings if found[s]))
            rows[2].append(_mean(float(not found[s]) for s in strings))
        for table, row in zip((recall, precision, nothing), rows, strict=True):
            table.append((f"{kind} ({len(strings)})", row))
    columns = [peer.name for peer in peers]
    corpus.print_table("Recall, %", columns, recall)
    corpus.print_table("Precision, %", columns, precision)
    corpus.print_table("Questions that found nothing, %", columns, nothing)


def _print_mistakes(found: dict[str, set[int]], truths: dict[str, set[int]]) -> None:
    """Name the strings for which newsarchive does not find exactly what the scan finds."""
    for string, truth in truths.items():
        if found[string] != truth:
            missed, wrong = sorted(truth - found[string])[:5], sorted(found[string] - truth)[:5]
            print(f"WRONG: {string!r} missed articles {missed}, should not find {wrong}")


def _scan(loaded: Corpus, string: str, *, is_phrase: bool) -> set[int]:
    if is_phrase:
        needle, hay = with_gaps(fold(string)), loaded.spaced
    else:
        needle, hay = fold(string), loaded.forms
    return {pk for pk, text in hay.items() if needle in text}


def _mean(shares: Iterable[float]) -> str:
    every = list(shares)
    return corpus.percent(sum(every) / len(every)) if every else "–"


def _distinct(strings: Iterator[str], most: int) -> list[str]:
    """Return ``most`` different strings, or fewer where drawing gives no more new ones."""
    drawn: dict[str, None] = {}
    for number, string in enumerate(strings):
        drawn[string] = None
        if len(drawn) == most or number > 100 * most:
            break
    return list(drawn)


# What is looked for: draws from the articles as they are written.


def _strings(length: int) -> Callable[[Corpus, random.Random], Iterator[str]]:
    def draw(loaded: Corpus, chance: random.Random) -> Iterator[str]:
        pattern = re.compile(f"{HAN}{{{length}}}")
        for text in _texts(loaded, chance):
            found = pattern.match(text, chance.randrange(len(text)))
            if found:
                yield found.group()

    return draw


def _names(loaded: Corpus, chance: random.Random) -> Iterator[str]:
    """Yield what jieba takes for names of people."""
    from jieba import posseg

    return _cut(loaded, chance, lambda text: ((p.word, p.flag == "nr") for p in posseg.cut(text)))


def _words(loaded: Corpus, chance: random.Random) -> Iterator[str]:
    import jieba

    return _cut(loaded, chance, lambda text: ((word, True) for word in jieba.cut(text)))


def _cut(loaded: Corpus, chance: random.Random, cut: Callable[[str], Any]) -> Iterator[str]:
    """Yield the words of two to four characters that ``cut`` finds in folds and wants."""
    drawn: list[str] = []
    pattern = re.compile(HAN + "{2,4}")
    articles = list(loaded.articles)
    for article in chance.sample(articles, min(ARTICLES_OF_NAMES, len(articles))):
        position = 0
        for word, is_wanted in cut(fold(article.text)):
            written = article.text[position : position + len(word)]
            position += len(word)
            if is_wanted and pattern.fullmatch(written):
                drawn.append(written)
    chance.shuffle(drawn)
    yield from drawn


def _phrases(loaded: Corpus, chance: random.Random) -> Iterator[str]:
    """Yield strings with punctuation inside, and Han characters at their ends."""
    pattern = re.compile(
        rf"{HAN}{{2,5}}[，。、：；！？「」『』《》“”（）()…—·\-,.:;!? ]+{HAN}{{2,5}}"
    )
    for text in _texts(loaded, chance):
        found = pattern.search(text, chance.randrange(len(text)))
        if found and len(found.group()) <= LONGEST_PHRASE:
            try:
                quoted(found.group())
            except ValueError:
                continue
            yield found.group()


def _texts(loaded: Corpus, chance: random.Random) -> Iterator[str]:
    """Yield texts without end, each as often as it is long."""
    texts = [article.text for article in loaded.articles if article.text]
    lengths = [len(text) for text in texts]
    while True:
        yield from chance.choices(texts, lengths, k=1000)


KINDS: dict[str, Callable[[Corpus, random.Random], Iterator[str]]] = {
    "single characters": _strings(1),
    "any two characters": _strings(2),
    "any three characters": _strings(3),
    "names": _names,
    "jieba's words": _words,
    "phrases with punctuation": _phrases,
}

# Headlines.


def _print_headlines(peers: "Sequence[Peer]", loaded: Corpus, queries: int) -> None:
    """Print how often an article is among the first 1 and 10 for its own headline."""
    chance = random.Random(corpus.SEED)
    headlines = {article.pk: fold(article.headline) for article in loaded.articles}
    long = [a for a in loaded.articles if len(a.headline) >= SHORTEST_HEADLINE]
    drawn = chance.sample(long, min(queries, len(long)))
    first: list[tuple[str, list[str]]] = []
    first_ten: list[tuple[str, list[str]]] = []
    for kind, change in CHANGES.items():
        questions = [Question(words=(change(a.headline, chance),)) for a in drawn]
        rows: list[list[str]] = [[], []]
        for peer in peers:
            ranks = []
            for article, question in zip(drawn, questions, strict=True):
                found = [headlines[pk] for pk in peer.find(question).ids[:10]]
                wanted = headlines[article.pk]
                ranks.append(found.index(wanted) if wanted in found else None)
                if peer is peers[0] and kind == "whole" and wanted not in found:
                    print(f"NOT AMONG THE FIRST 10: article {article.pk}, {question.query!r}")
            rows[0].append(_mean([float(rank == 0) for rank in ranks]))
            rows[1].append(_mean([float(rank is not None) for rank in ranks]))
        first.append((kind, rows[0]))
        first_ten.append((kind, rows[1]))
    columns = [peer.name for peer in peers]
    corpus.print_table(f"Headline as question ({len(drawn)}): it is the first, %", columns, first)
    corpus.print_table("Headline as question: it is among the first 10, %", columns, first_ten)


def _half(headline: str, _chance: random.Random) -> str:
    """Return the first half, and the rest of the Latin word or number in which that would end."""
    end = (len(headline) + 1) // 2
    while (
        end < len(headline) and re.fullmatch(r"[^\W_]", headline[end]) and headline[end] < "\u2e80"
    ):
        end += 1
    return headline[:end]


def _shuffled(headline: str, chance: random.Random) -> str:
    import jieba

    position, cut = 0, []
    for run in words(fold(headline)):
        position = fold(headline).index(run, position)
        for word in jieba.cut(run):
            cut.append(headline[position : position + len(word)])
            position += len(word)
    chance.shuffle(cut)
    return " ".join(cut)


def _in_other_script(headline: str, _chance: random.Random) -> str:
    import opencc

    simplified = opencc.OpenCC("t2s").convert(headline)
    return simplified if simplified != headline else opencc.OpenCC("s2t").convert(headline)


CHANGES: dict[str, Callable[[str, random.Random], str]] = {
    "whole": lambda headline, _chance: headline,
    "its first half": _half,
    "its words shuffled": _shuffled,
    "in the other script": _in_other_script,
}

if __name__ == "__main__":
    main()
