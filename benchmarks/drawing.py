"""Questions of each kind of the search benchmarks, drawn from articles."""

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import jieba

from benchmarks.questions import Question
from search.text import fold, segments

if TYPE_CHECKING:
    from articles.models import Article

__all__ = ["QUESTIONS", "drawn_questions"]

QUESTIONS = 10
"""How many there are of a kind, where there are enough words."""
HAN = "[\u4e00-\u9fff]"
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
        "long run": [Question(words=(run,)) for run in words.runs()],
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

    def runs(self) -> list[str]:
        """Return runs of eight characters each, as they are written."""
        pattern = re.compile(f"{HAN}{{8}}")
        drawn = self._sample([text for text in self._texts if pattern.search(text)])
        return [self._chance.choice(pattern.findall(text)) for text in drawn]

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
