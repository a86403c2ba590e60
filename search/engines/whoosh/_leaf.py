"""A segment as arrays: who is in it, what it holds of a term, when its documents were published."""

from collections.abc import Callable, Hashable, Sequence
from copy import copy
from datetime import tzinfo
from functools import cached_property

import numpy as np
from whoosh.reading import IndexReader

from search.engines.days import day_numbers
from search.engines.whoosh._arrays import Array
from search.engines.whoosh._cache import cache
from search.engines.whoosh._codec import LENGTHS, FormsColumn
from search.engines.whoosh._postings import FieldPostings, encoded, places_of
from search.engines.whoosh._schema import RANKED_FIELDS, TERM_FIELDS, UNDATED
from search.engines.whoosh._segment import ArraySegment
from search.engines.whoosh._triples import Triples

__all__ = ["UNDATED_DAY", "Leaf", "Numbers"]

Numbers = Array
"""Numbers of documents in a segment, ascending, unless a name says what else they are."""

UNDATED_DAY = 0
MOST_KNOWN_TERMS = 1_000


class Leaf:
    """A segment that holds documents, under a name that no other ever has.

    Raises ValueError or LookupError where an array is missing or cut off.
    """

    def __init__(self, reader: IndexReader) -> None:
        self.segment: ArraySegment = reader.segment()
        self.name = str(self.segment.segment_id())
        self.size = self.segment.doc_count_all()
        self.fields: dict[str, FieldPostings] = reader._terms.fields
        self._file = reader._perdoc.file
        self._total_lengths = {f: int(reader.field_length(f)) for f in RANKED_FIELDS}
        self._postings: dict[tuple[str, str], tuple[Numbers, Numbers | None]] = {}
        self.ids, self.outlets, self.published = map(self._column, ("ids", "outlets", "published"))
        self.forms = FormsColumn(self._file)
        self.triples = Triples(self._file)
        if len(self.forms) != self.size or not all(field in self.fields for field in TERM_FIELDS):
            raise ValueError("a segment of the index is incomplete")

    def _column(self, name: str) -> Numbers:
        values = self._file[name]
        if len(values) != self.size:
            raise ValueError(f"the column {name} of the index is cut off")
        return values

    def with_deletions_of(self, reader: IndexReader) -> "Leaf":
        """Return the same segment as a later table of contents has it."""
        leaf = copy(self)
        leaf.segment = reader.segment()
        return leaf

    @property
    def deleted(self) -> Array:
        """A mask of the documents that are deleted."""
        return self.segment.deleted

    @cached_property
    def everything(self) -> Numbers:
        """The numbers of all documents, deleted ones too."""
        return np.arange(self.size)

    @property
    def documents(self) -> Numbers:
        """The numbers of the documents that are not deleted."""
        return np.flatnonzero(~self.deleted)

    def left_out(self, without: Numbers) -> Array:
        """Return a mask of the documents that are deleted or have one of the ids ``without``."""
        if not len(without):
            return self.deleted
        order, ids = self._by_id
        places, is_there = places_of(without, ids)
        mask = self.deleted.copy()
        mask[order[places[is_there]]] = True
        return mask

    @cached_property
    def _by_id(self) -> tuple[Numbers, Array]:
        """The documents in the order of their ids, and these ids."""
        if (np.diff(self.ids) > 0).all():
            return self.everything, self.ids
        order = np.argsort(self.ids, kind="stable")
        return order, self.ids[order]

    @cached_property
    def outlet_ids(self) -> list[int]:
        """The ids of all outlets."""
        ids: list[int] = np.unique(self.outlets).tolist()
        return ids

    @property
    def outlet_numbers(self) -> Array:
        """For each document, the place of its outlet in ``outlet_ids``."""
        return self.kept("outlets", lambda: np.searchsorted(self.outlet_ids, self.outlets))

    def days(self, zone: tzinfo) -> Array:
        """Return the day of each document in a time zone, ``UNDATED_DAY`` for undated ones."""

        def numbers() -> Array:
            is_dated = self.published != UNDATED
            days = np.full(self.size, UNDATED_DAY, np.int32)
            days[is_dated] = day_numbers(self.published[is_dated], zone)
            return days

        return self.kept(("days", zone), numbers)

    def kept(self, name: Hashable, make: Callable[[], Array]) -> Array:
        """Return what ``make`` works out of this segment, from the cache if it is there."""
        return cache.get((self.name, name), make)

    def form(self, document: int) -> str:
        """Return a document's search form. Raises ValueError for a damaged one."""
        return str(self.forms[document], "utf-8", "surrogatepass")

    def lengths(self, field: str) -> Array:
        """Return how many terms each document has in a ranked field, as Whoosh rounds it."""
        return self.kept(("lengths", field), lambda: LENGTHS[self._file[f"{field}.lengths"]])

    def total_length(self, field: str) -> int:
        """Return how many terms all documents together have in a ranked field."""
        return self._total_lengths[field]

    def postings(self, field: str, term: str) -> tuple[Numbers, Numbers | None]:
        """Return who has a term, deleted ones too, and how often it is there in ranked fields."""
        known = self._postings.get((field, term))
        if known is None:
            if len(self._postings) >= MOST_KNOWN_TERMS:
                self._postings.clear()
            known = self._postings[field, term] = self._look_up(field, term)
        return known

    def _look_up(self, field: str, term: str) -> tuple[Numbers, Numbers | None]:
        postings = self.fields[field]
        try:
            span = postings.span(encoded(term))
        except KeyError:
            return np.empty(0, np.int64), None
        return postings.documents[span], None if postings.counts is None else postings.counts[span]

    def frequency(self, field: str, term: str) -> int:
        """Return how many documents have a term, deleted ones too; nothing is kept in memory."""
        try:
            span = self.fields[field].span(encoded(term))
        except KeyError:
            return 0
        return int(span.stop - span.start)

    def titles_end(self, documents: Sequence[int]) -> list[int]:
        """Return where in the mapped file the titles of documents end."""
        starts = self.forms.starts
        return [self.forms.data.find(b"\n", starts[n], starts[n + 1]) for n in documents]
