"""Questions of each kind of the search benchmarks, drawn from articles."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import jieba
from django.utils.timezone import localtime

from benchmarks.questions import Question
from search.query import Sort
from search.text import fold, segments

if TYPE_CHECKING:
    from articles.models import Article

__all__ = ["QUESTIONS", "drawn_questions"]

QUESTIONS = 10
"""How many there are of a kind, where there are enough words."""
HAN = "[\u4e00-\u9fff]"
LATIN = "(?!(?:and|or|not)$)[a-z]{2,}"
WITH_DIGITS = "[a-z]+-?[0-9]+"
DEEP = 1000
LONG_HEADLINE = 30
RARE = (2, 5)
COMMON, VERY_COMMON = (0.02, 0.08), (0.25, 1.0)
IN_TITLES = 0.01
"""How many articles, or which share of them, have a word."""


def drawn_questions(
    articles: "Sequence[Article]", chance: random.Random
) -> dict[str, list[Question]]:
    """Return questions by kind, as most of ``articles`` write them."""
    texts = _Texts([article.text for article in articles], chance)
    titles = _Texts([article.title for article in articles], chance)
    size = len(articles)
    common, frequent = (
        texts.words(HAN + "{2}", least * size, most * size) for least, most in (COMMON, VERY_COMMON)
    )
    pairs = texts.together(common, 2)
    headlines = [a.headline for a in articles if len(a.headline) >= LONG_HEADLINE]
    very_common = _of_words(frequent)
    years = Counter(localtime(a.published_at).year for a in articles if a.published_at)
    outlets = Counter((article.outlet_id, article.outlet.slug) for article in articles)
    kinds = {
        "one character": _of_words(texts.words(HAN, COMMON[0] * size, size)),
        "rare word": _of_words(texts.words(HAN + "{2}", *RARE)),
        "common word": _of_words(common),
        "very common word": very_common,
        "common word of 3 or 4 characters": _of_words(
            texts.words(HAN + "{3,4}", COMMON[0] * size, size)
        ),
        "3 or 4 characters, no segment": _of_words(texts.strings_without_segments()),
        "Latin word": _of_words(texts.words(LATIN, COMMON[0] * size, size)),
        "letters and digits": _of_words(texts.words(WITH_DIGITS, RARE[0], size)),
        "2 words": [Question(words=pair) for pair in pairs],
        "3 words": [Question(words=three) for three in texts.together(common, 3)],
        "phrase": [Question(phrase=phrase) for phrase in texts.phrases()],
        "short phrase across punctuation": [
            Question(phrase=phrase) for phrase in texts.matches(f"{HAN}{{1,2}}[，。]{HAN}{{1,2}}")
        ],
        "word NOT word": [
            Question(words=(a,), without=(b,)) for a, b in zip(common, frequent, strict=False)
        ],
        "word OR word": [Question(either=pair) for pair in pairs],
        "very common word, of one year": [
            replace(question, after=date(year, 1, 1), before=date(year, 12, 31))
            for year, _articles in years.most_common(1)
            for question in very_common
        ],
        "very common word, of one outlet": [
            replace(question, outlet=outlet)
            for outlet, _articles in outlets.most_common(1)
            for question in very_common
        ],
        "long run": _of_words(texts.matches(HAN + "{8}")),
        "title: word": [
            Question(words=(word,), in_title=True)
            for word in titles.words(HAN + "{2}", IN_TITLES * size, size)
        ],
        "long headline": _of_words(chance.sample(headlines, min(QUESTIONS, len(headlines)))),
        f"very common word, from the {DEEP}th": [replace(q, start=DEEP) for q in very_common],
        "very common word, without facets": [replace(q, with_facets=False) for q in very_common],
        "very common word, newest first": [replace(q, sort=Sort.NEWEST) for q in very_common],
        "very common word, oldest first": [replace(q, sort=Sort.OLDEST) for q in very_common],
    }
    return {kind: questions for kind, questions in kinds.items() if questions}


def _of_words(written: Sequence[str]) -> list[Question]:
    return [Question(words=(word,)) for word in written]


class _Texts:
    """Some texts, and which of them have each segment."""

    def __init__(self, texts: Sequence[str], chance: random.Random) -> None:
        self._chance = chance
        self._texts = texts
        self._folds = [fold(text) for text in texts]
        self._holders: defaultdict[str, list[int]] = defaultdict(list)
        for number, folded in enumerate(self._folds):
            for segment in sorted(set(segments(folded))):
                self._holders[segment].append(number)

    def words(self, pattern: str, least: float, most: float) -> list[str]:
        """Return segments that match ``pattern`` and that so many texts have."""
        found = [
            segment
            for segment, holders in self._holders.items()
            if least <= len(holders) <= most and re.fullmatch(pattern, segment)
        ]
        return [self._written(segment) for segment in self._sample(found)]

    def together(self, written: Sequence[str], number: int) -> list[tuple[str, ...]]:
        """Return words that stand together in a text, the first of them of ``written``.

        None where a text has too few others.
        """
        found = []
        least = COMMON[0] * len(self._texts)
        for word in written:
            text = self._folds[self._chance.choice(self._holders[fold(word)])]
            others = [
                other
                for other in sorted(set(segments(text)) - {fold(word)})
                if re.fullmatch(HAN + "{2}", other) and len(self._holders[other]) >= least
            ]
            if len(others) >= number - 1:
                drawn = self._chance.sample(others, number - 1)
                found.append((word, *map(self._written, drawn)))
        return found

    def strings_without_segments(self) -> list[str]:
        """Return strings that are a segment of no text, while all their pairs are common."""
        found: list[str] = []
        for folded in self._chance.sample(self._folds, len(self._folds)):
            pattern = re.compile(f"{HAN}{{{self._chance.choice((3, 4))}}}")
            drawn = pattern.search(folded, self._chance.randrange(len(folded) or 1))
            if drawn and drawn[0] not in self._holders and self._has_common_pairs(drawn[0]):
                found.append(self._written(drawn[0]))
            if len(found) == QUESTIONS:
                break
        return found

    def _has_common_pairs(self, string: str) -> bool:
        least = COMMON[0] * len(self._folds)
        return all(
            sum(a + b in folded for folded in self._folds) >= least for a, b in pairwise(string)
        )

    def phrases(self) -> list[str]:
        """Return two neighbouring words each, as they are written."""
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

    def matches(self, pattern: str) -> list[str]:
        """Return what matches ``pattern``, one of a text, as it is written."""
        drawn = self._sample([text for text in self._texts if re.search(pattern, text)])
        return [self._chance.choice(re.findall(pattern, text)) for text in drawn]

    def _sample(self, strings: Sequence[str]) -> list[str]:
        return self._chance.sample(strings, min(QUESTIONS, len(strings)))

    def _written(self, folded: str) -> str:
        """Return a folded string as most texts write it."""
        spellings: Counter[str] = Counter()
        for text, searched in zip(self._texts, self._folds, strict=True):
            position = searched.find(folded)
            if position >= 0:
                spellings[text[position : position + len(folded)]] += 1
        return spellings.most_common(1)[0][0]
