"""The postings of a field: sorted terms, and for each the documents that have it.

Five arrays: ``terms`` in UTF-8, one behind the other; ``term_starts``, where each begins in these
bytes; ``starts``, where each one's postings begin (both have one item more than there are terms);
``documents``, ascending for each term; in ranked fields ``counts``, how often the term is there.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain, pairwise
from typing import Any

import numpy as np

from search.engines.whoosh._arrays import Array
from search.text import LONGEST_GRAM, Grams, gram_of

__all__ = ["MANY_TIMES", "FieldPostings", "PostingsCollector", "encoded", "places_of", "starts_of"]

MOST_COUNTED = 65_535
MANY_TIMES = 8
"""A few documents are looked up, each, in the postings of a term that has so many times more."""
BLOCK = 64
"""Of so many terms, the first is kept in memory, to find the others by."""


class PostingsCollector:
    """Collects the postings of one field, a document at a time in ascending order."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self._terms: list[Array] = []
        self._documents: list[Array] = []
        self._counts: list[Array] = []
        self._grams: list[Array] = []
        self._documents_of_grams: list[Array] = []

    def add(self, document: int, terms: Iterable[str], counts: Iterable[int] | None = None) -> None:
        """Add a document's distinct ``terms``, in ranked fields with how often each is there."""
        numbers = np.fromiter(map(self._numbers.__getitem__, terms), np.uint32)
        self._terms.append(numbers)
        self._documents.append(np.full(len(numbers), document, np.uint16))
        if counts is not None:
            self._counts.append(np.fromiter((min(n, MOST_COUNTED) for n in counts), np.uint16))

    def add_grams(self, document: int, grams: Grams) -> None:
        """Add a document's grams."""
        self.add(document, grams.parts)
        self._grams.append(grams.numbers)
        self._documents_of_grams.append(np.full(len(grams.numbers), document, np.uint16))

    def arrays(self) -> dict[str, Array]:
        """Return the field's arrays."""
        grams, numbers_of_grams = np.unique(_joined(self._grams, np.uint64), return_inverse=True)
        terms = [encoded(term) for term in chain(self._numbers, map(gram_of, grams.tolist()))]
        numbers = np.concatenate((*self._terms, numbers_of_grams + len(self._numbers)))
        documents = np.concatenate((*self._documents, *self._documents_of_grams))
        order = sorted(range(len(terms)), key=terms.__getitem__)
        rank = np.empty(len(order), np.uint32)
        rank[order] = np.arange(len(order), dtype=np.uint32)
        by_term = rank[numbers]
        sorted_postings = np.argsort(by_term, kind="stable")
        arrays = {
            "terms": np.frombuffer(b"".join(terms[i] for i in order), np.uint8),
            "term_starts": starts_of([len(terms[i]) for i in order]),
            "starts": starts_of(np.bincount(by_term, minlength=len(order))),
            "documents": documents[sorted_postings],
        }
        if self._counts:
            arrays["counts"] = _joined(self._counts, np.uint16)[sorted_postings]
        return arrays


class FieldPostings:
    """The postings of one field in a segment. Raises KeyError where an array is missing."""

    def __init__(self, field: str, arrays: Mapping[str, Array]) -> None:
        self.terms = arrays[f"{field}.terms"]
        self.term_starts = arrays[f"{field}.term_starts"]
        self.starts = arrays[f"{field}.starts"]
        self.documents = arrays[f"{field}.documents"]
        self.counts = arrays.get(f"{field}.counts")

    def __len__(self) -> int:
        return len(self.term_starts) - 1

    @cached_property
    def _firsts(self) -> list[bytes]:
        """The first term of each block."""
        return [self.term(number) for number in range(0, len(self), BLOCK)]

    def term(self, number: int) -> bytes:
        """Return the term with this number."""
        return self.terms[self.term_starts[number] : self.term_starts[number + 1]].tobytes()

    def terms_between(self, first: int, last: int) -> list[bytes]:
        """Return the terms with the numbers ``first`` to ``last``, which is left out."""
        starts = self.term_starts[first : last + 1].tolist()
        if len(starts) < 2:
            return []
        data = self.terms[starts[0] : starts[-1]].tobytes()
        base = starts[0]
        return [data[a - base : b - base] for a, b in pairwise(starts)]

    def with_part(self, part: bytes) -> list[int]:
        """Return the numbers of all terms that contain ``part``."""
        terms, numbers = self.terms.tobytes(), []
        place = terms.find(part)
        while place >= 0:
            number = int(np.searchsorted(self.term_starts, place, "right")) - 1
            end = int(self.term_starts[number + 1])
            # What begins in one term and ends in the next is in neither.
            if is_within := place + len(part) <= end:
                numbers.append(number)
            place = terms.find(part, end if is_within else place + 1)
        return numbers

    def cut_off(self) -> list[int]:
        """Return the numbers of the terms that may be only the first part of what they were."""
        numbers: list[int] = np.flatnonzero(np.diff(self.term_starts) >= LONGEST_GRAM).tolist()
        return numbers

    def documents_of(self, number: int) -> Array:
        """Return the documents that have the term with this number."""
        return self.documents[self.starts[number] : self.starts[number + 1]]

    def first_from(self, term: bytes) -> int:
        """Return the number of the first term that is not before ``term``."""
        block = bisect_right(self._firsts, term) - 1
        if block < 0:
            return 0
        first = block * BLOCK
        return first + bisect_left(self.terms_between(first, min(first + BLOCK, len(self))), term)

    def span(self, term: bytes) -> slice:
        """Return where the postings of ``term`` are. Raises KeyError."""
        number = self.first_from(term)
        if number == len(self) or self.term(number) != term:
            raise KeyError(term)
        return slice(*self.starts[number : number + 2].tolist())

    def terms_from(self, term: bytes) -> Iterator[bytes]:
        """Yield all terms that are not before ``term``, in order."""
        return map(self.term, range(self.first_from(term), len(self)))


def encoded(term: str) -> bytes:
    """Return a term as the index has it."""
    return term.encode("utf-8", "surrogatepass")


def starts_of(lengths: Any) -> Array:
    """Return where things of these lengths begin, one behind the other, and where the last ends."""
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))


def places_of(wanted: Array, numbers: Array) -> tuple[Array, Array]:
    """Return where each of ``wanted`` is in ascending ``numbers``, not none, and if it is there."""
    places = np.searchsorted(numbers, wanted)
    places[places == len(numbers)] = 0
    return places, numbers[places] == wanted


def _joined(arrays: list[Array], dtype: Any) -> Array:
    return np.concatenate(arrays) if arrays else np.empty(0, dtype)
