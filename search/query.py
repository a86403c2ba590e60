"""What can be asked of an engine: a tree, free of Django and of any engine."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from search import text

__all__ = ["MOST_WORDS", "Piece", "Query", "Sort", "Word", "understand"]

MOST_WORDS = 64


class Sort(StrEnum):
    """The orders of results; ties by published time, then id, newest first."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True)
class Piece:
    """A folded string that a text must contain, Latin letters and digits as whole tokens."""

    string: str

    @cached_property
    def grams(self) -> set[str]:
        """The terms that every text with this piece has."""
        return text.required_grams(self.string)

    @cached_property
    def is_gram(self) -> bool:
        """Whether having its grams is having the piece."""
        return self.grams == {self.string} and len(self.string) < text.LONGEST_GRAM

    @cached_property
    def occurrences(self) -> re.Pattern[str]:
        """What matches the piece in folded text."""
        return text.occurrences(self.string)

    def is_in(self, folded: str) -> bool:
        """Tell whether ``folded`` contains the piece."""
        return self.string in folded and bool(self.occurrences.search(folded))


@dataclass(frozen=True)
class Word:
    """A word of a query, folded: all its pieces must be there, best as the one string it is."""

    string: str

    @cached_property
    def pieces(self) -> list[Piece]:
        """The strings that must all be there."""
        return [Piece(piece) for piece in text.pieces(self.string)]


@dataclass(frozen=True)
class Query:
    """Articles that contain every word, of any of the outlets, published in [after, before).

    ``words`` None: articles with any words at all; empty: no article, since nothing can be asked
    that has no words in it. No outlets: any outlet. Times are aware; a bound leaves out undated
    articles.
    """

    words: tuple[Word, ...] | None = None
    outlets: frozenset[int] = frozenset()
    after: datetime | None = None
    before: datetime | None = None
    sort: Sort = Sort.RELEVANCE

    @cached_property
    def pieces(self) -> list[Piece]:
        """The strings that must all be there."""
        return [piece for word in self.words or () for piece in word.pieces]


def understand(query: str) -> tuple[Word, ...]:
    """Return the words of what a person typed, each once, at most ``MOST_WORDS``."""
    words = dict.fromkeys(text.words(text.fold(query)))
    return tuple(Word(word) for word in list(words)[:MOST_WORDS])
