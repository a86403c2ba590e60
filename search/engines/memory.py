"""An engine that keeps everything in memory and looks at every document: the others' oracle.

It knows no grams, no index and no numpy. What it finds is what the promises say, read word by word.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from math import log
from typing import Any

from haystack.backends import BaseEngine

from search.documents import Document, Loader
from search.engines.base import Engine, EngineQuery, Hits
from search.query import (
    AllOf,
    AnyOf,
    Condition,
    Excluding,
    OfOutlets,
    Published,
    Query,
    Sort,
    Text,
    texts_of,
    wholly,
)
from search.text import NO_WORDS, OwnWords, segments

__all__ = ["MemoryBackend", "MemoryEngine"]

TITLE_WEIGHT = 3.0
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class MemoryBackend(Engine):
    """Keeps documents in a dictionary of its own, for one thread and one test."""

    def __init__(self, connection_alias: str, **options: Any) -> None:
        super().__init__(connection_alias, **options)
        self._documents: dict[int, Document] = {}
        self._own_words = NO_WORDS

    def find(self, query: Query, start: int, end: int | None) -> Hits:
        """See Engine."""
        matches = [d for d in self._but(query.without) if holds(query.condition, d)]
        in_time = [d for d in matches if holds(Published(query.after, query.before), d)]
        of_outlets = [d for d in matches if not query.outlets or d.outlet in query.outlets]
        found = self._ordered([d for d in in_time if d in of_outlets], query)
        days = [d.published_at.astimezone(query.zone).date() for d in found if d.published_at]
        years = [d.published_at.astimezone(query.zone).year for d in of_outlets if d.published_at]
        return Hits(
            count=len(found),
            found=[(d.id, self._score(query, d)) for d in found[start:end]],
            outlets=dict(Counter(d.outlet for d in in_time)),
            years=dict(Counter(years)),
            days=dict(Counter(days)),
        )

    def _but(self, without: Sequence[int]) -> list[Document]:
        """Return all documents but those with these ids."""
        left_out = set(without)
        return [d for d in self._documents.values() if d.id not in left_out]

    def _ordered(self, documents: list[Document], query: Query) -> list[Document]:
        def age(document: Document) -> tuple[bool, datetime, int]:
            moment = document.published_at
            return moment is not None, moment or _LONG_AGO, document.id

        def worth(document: Document) -> tuple[Any, ...]:
            in_one_piece = holds(wholly(query.condition), document)
            return in_one_piece, self._score(query, document), *age(document)

        if query.sort is Sort.OLDEST:
            return sorted(documents, key=lambda d: (not age(d)[0], *age(d)[1:]))
        key = worth if query.sort is Sort.RELEVANCE else age
        return sorted(documents, key=key, reverse=True)

    def _score(self, query: Query, document: Document) -> float:
        """Return the document's BM25F, as Robertson and Zaragoza give it field by field."""
        if query.sort is not Sort.RELEVANCE:
            return 0.0
        score = 0.0
        terms = {
            (term, text.in_title) for text in texts_of(query.condition) for term in text.segments
        }
        for term, only_titles in sorted(terms):
            score += TITLE_WEIGHT * self._bm25(term, document, lambda d: d.title)
            if not only_titles:
                score += self._bm25(term, document, lambda d: d.text)
        return score

    def _bm25(self, term: str, document: Document, field: Callable[[Document], str]) -> float:
        often = self._counted(field(document))[term]
        if not often:
            return 0.0
        texts = [field(other) for other in self._documents.values()]
        length = _length(field(document), self._own_words)
        average = sum(_length(text, self._own_words) for text in texts) / len(texts)
        rarity = log(len(texts) / (sum(term in self._counted(t) for t in texts) + 1)) + 1
        return rarity * often * 2.2 / (often + 1.2 * (0.25 + 0.75 * length / average))

    def similar(self, pk: int, most: int, *, without: Sequence[int] = ()) -> list[int]:
        """See Engine."""
        if pk not in self._documents:
            return []
        words = self._words_of(self._documents[pk])
        others = [document for document in self._but(without) if document.id != pk]
        shared = Counter({other.id: len(words & self._words_of(other)) for other in others})
        return [other for other, count in shared.most_common(most) if count]

    def completions(self, prefix: str, most: int, *, without: Sequence[int] = ()) -> list[str]:
        """See Engine."""
        return self._most_frequent(lambda term: term.startswith(prefix), most, without)

    def corrections(self, word: str, most: int, *, without: Sequence[int] = ()) -> list[str]:
        """See Engine."""

        def is_close(term: str) -> bool:
            differing = sum(a != b for a, b in zip(term, word, strict=False))
            return len(term) == len(word) > 1 and differing == 1

        return self._most_frequent(is_close, most, without)

    def _most_frequent(
        self, is_wanted: Callable[[str], bool], most: int, without: Sequence[int]
    ) -> list[str]:
        counts = Counter(t for d in self._but(without) for t in self._counted(d.text))
        wanted = sorted((-count, term) for term, count in counts.items() if is_wanted(term))
        return [term for _count, term in wanted[:most]]

    def replace(self, ids: Sequence[int], load: Loader, *, jobs: int = 1) -> None:
        """See Engine."""
        loaded = list(load(ids))
        for pk in ids:
            self._documents.pop(pk, None)
        self._documents |= {document.id: document for document in loaded}

    def rebuild(
        self,
        ids: Callable[[], Sequence[int]],
        load: Loader,
        *,
        own_words: OwnWords = NO_WORDS,
        jobs: int = 1,
    ) -> None:
        """See Engine."""
        self._own_words = own_words
        self._documents = {document.id: document for document in load(ids())}

    def own_words(self) -> OwnWords:
        """See Engine."""
        return self._own_words

    def count(self) -> int:
        """See Engine."""
        return len(self._documents)

    def documents(self) -> Iterator[Document]:
        """See Engine."""
        yield from (self._documents[pk] for pk in sorted(self._documents))

    def _words_of(self, document: Document) -> set[str]:
        return {segment for segment in self._counted(document.form) if len(segment) > 1}

    def _counted(self, folded: str) -> "Counter[str]":
        return _counted(folded, self._own_words)


def holds(condition: Condition, document: Document) -> bool:
    """Tell whether a document meets a condition."""
    match condition:
        case Text():
            return all(piece.is_in(document.form) for piece in condition.pieces)
        case OfOutlets(ids):
            return document.outlet in ids
        case Published(after, before):
            moment = document.published_at
            if moment is None:
                return after is None and before is None
            return (after is None or moment >= after) and (before is None or moment < before)
        case AllOf(conditions):
            return all(holds(child, document) for child in conditions)
        case AnyOf(conditions):
            return any(holds(child, document) for child in conditions)
        case Excluding(child):
            return not holds(child, document)


@cache
def _length(folded: str, own_words: OwnWords) -> int:
    return _counted(folded, own_words).total()


@cache
def _counted(folded: str, own_words: OwnWords) -> "Counter[str]":
    return Counter(segments(folded, own_words))


class MemoryEngine(BaseEngine):
    """What HAYSTACK_CONNECTIONS names."""

    backend = MemoryBackend
    query = EngineQuery
