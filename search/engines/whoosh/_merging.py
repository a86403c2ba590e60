"""Making one segment of several, by numpy: no document is cut again, none is read as an object.

An edit writes a segment of one document, and every segment costs each search a little. So the
smallest are merged until each that is left has more documents than three times all smaller ones
together: of 1,000 edits a few segments are left, and most documents were copied a few times.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from search.engines.whoosh._arrays import Array, ArraysFile, ArraysWriter
from search.engines.whoosh._codec import LENGTHS
from search.engines.whoosh._postings import FieldPostings, starts_of
from search.engines.whoosh._schema import COLUMNS, RANKED_FIELDS, TERM_FIELDS
from search.engines.whoosh._segment import ArraySegment
from search.engines.whoosh._triples import (
    Triples,
    documents_in,
    places_in,
    postings_of,
)
from search.text import is_first

__all__ = ["crowd", "merge"]

TIMES_SMALLER = 3
POSTINGS_AT_ONCE = 1 << 24
"""So many are sorted in memory at once."""


def crowd(segments: Sequence[ArraySegment], most: int) -> list[ArraySegment]:
    """Return the segments to merge, of ``most`` documents together at most, if any."""
    found: list[ArraySegment] = []
    smaller = 0
    # Deleted documents count: they are read as well.
    ordered = sorted(segments, key=ArraySegment.doc_count_all)
    for number, segment in enumerate(ordered):
        size = segment.doc_count_all()
        if smaller + size > most:
            break
        if number and size <= TIMES_SMALLER * smaller:
            found = ordered[: number + 1]
        smaller += size
    return found


def merge(folder: Path, segments: Sequence[ArraySegment]) -> ArraySegment:
    """Write the documents of ``segments`` that are not deleted into a new one, and return it.

    Raises OSError or ValueError for damaged files.
    """
    files = [ArraysFile(segment.path(folder)) for segment in segments]
    live = [~segment.deleted for segment in segments]
    merged = ArraySegment(segments[0].indexname, sum(map(np.count_nonzero, live)))
    with ArraysWriter(merged.path(folder)) as writer:
        for name in COLUMNS.values():
            writer.add(name, (f[name][mask] for f, mask in zip(files, live, strict=True)))
        for field in RANKED_FIELDS:
            name = f"{field}.lengths"
            writer.add(name, (f[name][mask] for f, mask in zip(files, live, strict=True)))
            merged.lengths[field] = sum(
                _total_length(segment, file, field)
                for segment, file in zip(segments, files, strict=True)
            )
        _add_forms(writer, files, live)
        for field in TERM_FIELDS:
            _add_postings(writer, field, files, live)
        _add_triples(writer, files, live)
        merged.stamp = writer.finish()
    return merged


def _total_length(segment: ArraySegment, file: ArraysFile, field: str) -> int:
    """Return how many terms are left; of what was deleted only the rounded number is known."""
    if not segment.has_deletions():
        return segment.lengths[field]
    return int(LENGTHS[file[f"{field}.lengths"][~segment.deleted]].sum())


def _add_forms(writer: ArraysWriter, files: Sequence[ArraysFile], live: Sequence[Array]) -> None:
    lengths = [np.diff(f["form_starts"])[mask] for f, mask in zip(files, live, strict=True)]
    writer.add("form_starts", [starts_of(np.concatenate(lengths))])
    writer.add("forms", _live_forms(files, live))


def _live_forms(files: Sequence[ArraysFile], live: Sequence[Array]) -> Iterator[Array]:
    """Yield the bytes of what is not deleted, runs of neighbours together."""
    for file, mask in zip(files, live, strict=True):
        forms, starts = file["forms"], file["form_starts"]
        edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
        for first, last in zip(starts[edges[::2]], starts[edges[1::2]], strict=True):
            yield forms[first:last]


class _Part:
    """The postings of a field in one of the segments, its documents renumbered."""

    def __init__(self, postings: FieldPostings, live: Array, offset: int) -> None:
        self._postings = postings
        self._live = live
        self._numbers = offset + np.cumsum(live) - 1
        self._starts = self._postings.starts.astype(np.int64)
        self.counts = np.diff(self._starts)
        if not live.all() and len(self.counts):
            is_kept = live[self._postings.documents]
            self.counts = np.add.reduceat(is_kept, self._starts[:-1], dtype=np.int64)

    def documents(self, first: int, last: int) -> Array:
        """Return the documents of the terms ``first`` to ``last``, left out."""
        documents = self._postings.documents[self._starts[first] : self._starts[last]]
        return self._numbers[documents[self._live[documents]]]

    def often(self, first: int, last: int) -> Array:
        """Return how often these terms are in these documents. Raises ValueError."""
        span = slice(self._starts[first], self._starts[last])
        if self._postings.counts is None:
            raise ValueError("a ranked field of the index has no counts")
        return self._postings.counts[span][self._live[self._postings.documents[span]]]


def _add_postings(
    writer: ArraysWriter, field: str, files: Sequence[ArraysFile], live: Sequence[Array]
) -> None:
    postings = [FieldPostings(field, file) for file in files]
    offsets = starts_of([np.count_nonzero(mask) for mask in live]).tolist()
    parts = list(map(_Part, postings, live, offsets))
    numbers: defaultdict[bytes, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    places = [
        np.fromiter(map(numbers.__getitem__, p.terms_between(0, len(p))), np.int64)
        for p in postings
    ]
    terms = list(numbers)
    counts = np.zeros(len(terms), np.int64)
    for part, place in zip(parts, places, strict=True):
        counts[place] += part.counts
    order = np.array(sorted(range(len(terms)), key=terms.__getitem__), np.int64)
    order = order[counts[order] > 0]
    rank = np.full(len(terms), len(order))
    rank[order] = np.arange(len(order))
    starts = starts_of(counts[order])
    writer.add(f"{field}.terms", _encoded(terms, order))
    writer.add(f"{field}.term_starts", [starts_of([len(terms[n]) for n in order.tolist()])])
    writer.add(f"{field}.starts", [starts])
    ranks = [rank[place] for place in places]
    writer.add(f"{field}.documents", _moved(parts, ranks, starts, _Part.documents, np.uint16))
    if field in RANKED_FIELDS:
        writer.add(f"{field}.counts", _moved(parts, ranks, starts, _Part.often, np.uint16))


def _encoded(terms: Sequence[bytes], order: Array) -> Iterator[Array]:
    yield np.frombuffer(b"".join(terms[number] for number in order.tolist()), np.uint8)


def _moved(
    parts: Sequence[_Part],
    ranks: Iterable[Array],
    starts: Array,
    items: Callable[[_Part, int, int], Array],
    dtype: Any,
) -> Iterator[Array]:
    """Yield ``items`` of all parts by term, of some terms at a time.

    ``ranks`` are the new numbers of each part's terms, and ascend but for those that are dropped.
    """
    kept = [np.flatnonzero(rank < len(starts) - 1) for rank in ranks]
    first = 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + POSTINGS_AT_ONCE, "right")) - 1
        last = max(last, first + 1)
        size = int(starts[last] - starts[first])
        moved = np.empty(size, dtype)
        ends = starts[first:last] - starts[first]
        for part, rank, place in zip(parts, ranks, kept, strict=True):
            begin, end = np.searchsorted(rank[place], (first, last))
            if begin == end:
                continue
            mine = place[begin:end]
            theirs = items(part, int(mine[0]), int(mine[-1]) + 1)
            _put(theirs, part.counts[mine], moved, ends, rank[mine] - first)
        yield moved
        first = last


def _put(items: Array, lengths: Array, moved: Array, ends: Array, terms: Array) -> None:
    """Put the items of ``terms``, each so many, behind what these have in ``moved`` already."""
    before = np.cumsum(lengths) - lengths
    moved[np.repeat(ends[terms] - before, lengths) + np.arange(len(items))] = items
    ends[terms] += lengths


class _TriplesPart:
    """The triples of one of the segments, its documents renumbered."""

    def __init__(self, triples: Triples, live: Array, offset: int) -> None:
        self._triples = triples
        self._live = live
        self._numbers = offset + np.cumsum(live) - 1

    def between(self, low: int, high: int) -> tuple[Array, Array, Array]:
        """Return the triples from ``low`` to ``high``, left out, how many, and their postings."""
        triples = self._triples
        first, last = np.searchsorted(triples.numbers, (low, high))
        starts = triples.starts[first : last + 1].astype(np.int64)
        postings = triples.postings[starts[0] : starts[-1]]
        documents = documents_in(postings)
        is_kept = self._live[documents]
        counts = np.diff(starts_of(is_kept)[starts - starts[0]])
        moved = postings_of(self._numbers[documents[is_kept]], places_in(postings[is_kept]))
        return triples.numbers[first:last], counts, moved


def _add_triples(writer: ArraysWriter, files: Sequence[ArraysFile], live: Sequence[Array]) -> None:
    triples = [Triples(file) for file in files]
    offsets = starts_of([np.count_nonzero(mask) for mask in live]).tolist()
    parts = list(map(_TriplesPart, triples, live, offsets))
    numbers: list[Array] = []
    counts: list[Array] = []

    def postings() -> Iterator[Array]:
        for low, high in pairwise(_bounds(triples)):
            found = [part.between(low, high) for part in parts]
            # Each part's ascend already.
            every = np.sort(np.concatenate([theirs for theirs, *_others in found]), kind="stable")
            united = every[is_first(every)]
            places = [np.searchsorted(united, theirs) for theirs, *_others in found]
            often = np.zeros(len(united), np.int64)
            for place, (_theirs, lengths, _postings) in zip(places, found, strict=True):
                often[place] += lengths
            ends = starts_of(often)
            moved = np.empty(ends[-1], np.uint32)
            for place, (_theirs, lengths, theirs) in zip(places, found, strict=True):
                _put(theirs, lengths, moved, ends, place)
            numbers.append(united[often > 0])
            counts.append(often[often > 0])
            yield moved

    writer.add("triple_postings", postings())
    writer.add("triples", numbers)
    writer.add("triple_starts", [starts_of(np.concatenate(counts))])


def _bounds(triples: Sequence[Triples]) -> Array:
    """Return numbers between which there are about ``POSTINGS_AT_ONCE`` postings."""
    largest = max(triples, key=lambda one: len(one.postings))
    ranges = 1 + sum(len(one.postings) for one in triples) // POSTINGS_AT_ONCE
    shares = len(largest.postings) * np.arange(1, ranges) // ranges
    places = np.searchsorted(largest.starts, shares, "right") - 1
    last = np.iinfo(np.uint64).max
    return np.array([0, *largest.numbers[places], last], np.uint64)
