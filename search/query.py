"""What can be asked of an engine: a tree of conditions, free of Django and of any engine."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import cached_property

from search import text

__all__ = [
    "AllOf",
    "AnyOf",
    "Condition",
    "Excluding",
    "OfOutlets",
    "Piece",
    "Published",
    "Query",
    "Sort",
    "Text",
    "texts_of",
    "wholly",
]


class Sort(StrEnum):
    """The orders of results; ties by published time, then id, newest first."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True)
class Piece:
    """A folded string that a text, or its title, must contain.

    Letters and digits of scripts with spaces are whole tokens or parts of one; in a phrase they are
    whole tokens at its ends, and each space of it is any gap.
    """

    string: str
    in_title: bool = False
    is_phrase: bool = False

    @cached_property
    def grams(self) -> frozenset[str]:
        """The terms that every text with this piece, or every title, has."""
        return frozenset(text.required_grams(self.string))

    @cached_property
    def triples(self) -> frozenset[str]:
        """Every three neighbouring characters of it, which a text with this piece has too."""
        return frozenset(text.required_triples(self.string))

    @cached_property
    def gap_grams(self) -> frozenset[str]:
        """The terms that tell of its gaps, which every text with this phrase has."""
        return frozenset(text.gap_grams(self.string)) if self.is_phrase else frozenset()

    @cached_property
    def is_gram(self) -> bool:
        """Whether having its grams, or in a text its one triple, is having the piece."""
        if self.triples == {self.string}:
            return not self.in_title
        return (
            self.grams == {self.string}
            and len(self.string) < text.LONGEST_GRAM
            and (not self.is_phrase or text.is_unspaced(self.string))
        )

    @cached_property
    def encoded_parts(self) -> tuple[bytes, ...]:
        """What every text with the piece contains, in UTF-8."""
        parts = self.string.split() if self.is_phrase else [self.string]
        return tuple(part.encode("utf-8", "surrogatepass") for part in parts)

    @cached_property
    def is_unbroken(self) -> bool:
        """Whether any text that contains the string has the piece."""
        return text.is_unspaced(self.string) and " " not in self.string

    @cached_property
    def is_token(self) -> bool:
        """Whether a text has the piece wherever a segment of it has."""
        # In a phrase "iphone" is a whole token, and the segments of iphone15 tell of its parts.
        return not self.is_phrase and text.is_token(self.string)

    @cached_property
    def occurrences(self) -> re.Pattern[str]:
        """What matches the piece in folded text."""
        if self.is_phrase:
            return text.phrase_occurrences(self.string)
        return text.occurrences(self.string)

    def is_in(self, form: str) -> bool:
        """Tell whether a document's search form has the piece."""
        searched = form.partition("\n")[0] if self.in_title else form
        return self.occurrences.search(searched) is not None


@dataclass(frozen=True)
class Text:
    """A word or phrase of a query, folded: all its pieces must be there.

    ``own_words`` are those by which the index is cut.
    """

    string: str
    in_title: bool = False
    is_phrase: bool = False
    in_one_piece: bool = False
    own_words: text.OwnWords = field(default=text.NO_WORDS, repr=False)

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The strings that must all be there: of a long run of characters, its segments."""
        cut = not (self.is_phrase or self.in_one_piece)
        strings = text.pieces(self.string, self.own_words) if cut else [self.string]
        return tuple(Piece(string, self.in_title, self.is_phrase) for string in strings)

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The terms by which articles that have it are ranked."""
        return tuple(dict.fromkeys(text.segments(self.string, self.own_words)))


@dataclass(frozen=True)
class OfOutlets:
    """Articles of one of these outlets (ids)."""

    ids: frozenset[int]


@dataclass(frozen=True)
class Published:
    """Articles published in [after, before), aware times; a bound leaves out undated ones."""

    after: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class AllOf:
    """All of these must hold; of none, every article."""

    conditions: tuple["Condition", ...] = ()


@dataclass(frozen=True)
class AnyOf:
    """Any of these must hold; of none, no article."""

    conditions: tuple["Condition", ...] = ()


@dataclass(frozen=True)
class Excluding:
    """This must not hold."""

    condition: "Condition"


Condition = Text | OfOutlets | Published | AllOf | AnyOf | Excluding


@dataclass(frozen=True)
class Query:
    """Articles for which ``condition`` holds, of any of the outlets, published in [after, before).

    No outlets: any outlet. Days are counted in ``zone``. ``without`` are the ids of articles that
    are not found whatever holds for them; they ascend, and may be many. Without ``with_facets``
    nobody wants to know of outlets, years and days.
    """

    condition: Condition = AllOf()
    outlets: frozenset[int] = frozenset()
    after: datetime | None = None
    before: datetime | None = None
    sort: Sort = Sort.RELEVANCE
    zone: tzinfo = UTC
    without: Sequence[int] = ()
    with_facets: bool = True


def texts_of(condition: Condition) -> Iterator[Text]:
    """Yield what is looked for, but not what is excluded."""
    match condition:
        case Text():
            yield condition
        case AllOf(conditions) | AnyOf(conditions):
            for child in conditions:
                yield from texts_of(child)


def wholly(condition: Condition) -> Condition:
    """Return the condition that also has each long run of characters in one piece."""
    match condition:
        case Text():
            return replace(condition, in_one_piece=True)
        case AllOf(conditions) | AnyOf(conditions):
            return type(condition)(tuple(map(wholly, conditions)))
        case _:
            return condition
