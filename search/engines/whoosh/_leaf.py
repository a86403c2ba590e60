"""A segment as arrays: who is in it, what it holds of a term, which documents meet a condition."""

import mmap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from whoosh.codec.whoosh3 import LENGTHS_COLUMN, W3Codec, _lenfield
from whoosh.columns import VarBytesColumn
from whoosh.reading import IndexReader
from whoosh.util.numeric import byte_to_length

from search.engines.whoosh._postings import FieldPostings
from search.engines.whoosh._schema import MISSING, UNDATED, microseconds
from search.query import (
    AllOf,
    AnyOf,
    Condition,
    Excluding,
    OfOutlets,
    Piece,
    Published,
    Text,
)

__all__ = ["Leaf", "Numbers"]

Numbers = np.ndarray[Any, Any]
"""Numbers of documents in a segment, ascending, unless a name says what else they are."""

# Where so few documents are left, looking at them is quicker than asking for more grams.
FEW_DOCUMENTS = 4
HAN_BYTES = 3
NOT_IN_TERMS = b"\xff"
"""A byte that follows all bytes of UTF-8."""
MOST_KNOWN_TERMS = 1_000
_LENGTHS = np.array([byte_to_length(byte) for byte in range(256)], np.float64)


class Forms:
    """The search forms of a segment's documents, encoded and mapped into memory.

    Whoosh would read and copy a form to look into it.
    """

    def __init__(self, reader: IndexReader) -> None:
        if not reader.has_column("form"):
            raise ValueError("the column form of the index is missing")
        column = reader._perdoc.column_reader("form", VarBytesColumn())
        self._starts, self._lengths = column._offsets, column._lengths
        name = W3Codec.column_filename(reader.segment(), "form")
        with (Path(reader.storage().folder) / name).open("rb") as file:
            self._all = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __getitem__(self, document: int) -> bytes:
        start = self._starts[document]
        return self._all[start : start + self._lengths[document]]

    def contain(self, document: int, parts: Iterable[bytes], *, only_title: bool) -> bool:
        """Tell whether all ``parts`` are in a document's form, or in its first line, the title."""
        start = self._starts[document]
        end = start + self._lengths[document]
        if only_title:
            end = self._all.find(b"\n", start, end)
        return all(self._all.find(part, start, end) >= 0 for part in parts)


class Leaf:
    """A segment that holds documents, under a name that no other ever has.

    Reads all that searching relies on but the search forms, and raises ValueError, or what Whoosh
    raises of damages, where something is missing. Of ``older``, the same segment with fewer
    deletions, what was read is taken over.
    """

    def __init__(self, reader: IndexReader, older: "Leaf | None" = None) -> None:
        self.name = str(reader.segment().segment_id())
        self._reader = reader
        self._fields: dict[str, FieldPostings] = reader._terms.fields
        self.size = int(reader.doc_count_all())
        self.documents = np.array(
            [number for number in range(self.size) if not reader.is_deleted(number)], np.int64
        )
        if older is None:
            self.ids, self.outlets, self.published = map(
                self._column, ("id", "outlet", "published")
            )
            self._lengths: dict[str, Numbers] = {}
            self._postings: dict[tuple[str, str], tuple[Numbers, Numbers | None]] = {}
            self._forms = Forms(reader)
            if not self._forms[self.size - 1]:
                raise ValueError("the column of search forms is cut off")
        else:
            self.ids, self.outlets, self.published = older.ids, older.outlets, older.published
            self._lengths, self._postings = older._lengths, older._postings
            self._forms = older._forms

    def _column(self, name: str) -> Numbers:
        if not self._reader.has_column(name):
            raise ValueError(f"the column {name} of the index is missing")
        values = np.array(list(self._reader.column_reader(name)), np.int64)
        if len(values) != self.size or (values == MISSING).any():
            raise ValueError(f"the column {name} of the index is cut off")
        return values

    def form(self, document: int) -> bytes:
        """Return a document's search form, encoded."""
        return self._forms[document]

    def text(self, document: int) -> str:
        """Return a document's search form. Raises ValueError for a damaged one."""
        return str(self.form(document), "utf-8", "surrogatepass")

    def lengths(self, field: str) -> Numbers:
        """Return how many terms each document has in a ranked field, as Whoosh rounds it."""
        if field not in self._lengths:
            column = self._reader._perdoc._cached_reader(_lenfield(field), LENGTHS_COLUMN)
            rounded = list(column) if column is not None else [0] * self.size
            self._lengths[field] = _LENGTHS[np.array(rounded, np.uint8)]
        return self._lengths[field]

    def total_length(self, field: str) -> int:
        """Return how many terms all documents together have in a field."""
        return int(self._reader.field_length(field))

    def postings(self, field: str, term: str) -> tuple[Numbers, Numbers | None]:
        """Return who has a term, deleted ones too, and how often it is there in ranked fields."""
        known = self._postings.get((field, term))
        if known is None:
            if len(self._postings) >= MOST_KNOWN_TERMS:
                self._postings.clear()
            known = self._postings[field, term] = self._look_up(field, term)
        return known

    def _look_up(self, field: str, term: str) -> tuple[Numbers, Numbers | None]:
        try:
            postings = self._fields[field]
            span = postings.span(term.encode("utf-8", "surrogatepass"))
        except KeyError:
            return np.empty(0, np.int64), None
        return postings.documents[span], None if postings.counts is None else postings.counts[span]

    def beginning(self, field: str, prefix: bytes) -> Sequence[int]:
        """Return the numbers of a field's terms that begin with ``prefix``."""
        postings = self._fields.get(field)
        if postings is None:
            return []
        return range(postings.first_from(prefix), postings.first_from(prefix + NOT_IN_TERMS))

    def differing_in_one(self, field: str, word: str) -> Sequence[int]:
        """Return the numbers of terms with all but one of the Han characters of ``word``."""
        postings = self._fields.get(field)
        encoded = np.frombuffer(word.encode("utf-8", "surrogatepass"), np.uint8)
        if postings is None or len(encoded) != HAN_BYTES * len(word):
            return []
        starts = postings.term_starts
        same_length = np.flatnonzero(np.diff(starts) == len(encoded))
        bytes_of = postings.terms[starts[same_length][:, None] + np.arange(len(encoded))]
        same = (bytes_of == encoded).reshape(len(same_length), len(word), HAN_BYTES).all(axis=2)
        numbers: list[int] = same_length[same.sum(axis=1) == len(word) - 1].tolist()
        return numbers

    def counted(
        self, field: str, terms: Sequence[int], documents: Numbers
    ) -> Iterator[tuple[bytes, int]]:
        """Yield the terms with these numbers, and how many of ``documents`` have each."""
        if not len(terms):
            return
        postings = self._fields[field]
        spans = [slice(*postings.starts[number : number + 2].tolist()) for number in terms]
        counts = [span.stop - span.start for span in spans]
        if len(documents) < self.size:
            is_counted = np.zeros(self.size, bool)
            is_counted[documents] = True
            holders = is_counted[np.concatenate([postings.documents[span] for span in spans])]
            firsts = np.cumsum([0, *counts[:-1]])
            counts = np.add.reduceat(holders, firsts, dtype=np.int64).tolist()
        yield from zip(map(postings.term, terms), counts, strict=True)

    def but(self, ids: Numbers, documents: Numbers) -> Numbers:
        """Return those of ``documents`` that have none of ``ids``, which ascend."""
        if not len(ids):
            return documents
        theirs = self.ids[documents]
        places = np.searchsorted(ids, theirs)
        places[places == len(ids)] = 0
        return documents[ids[places] != theirs]

    def matching(self, condition: Condition, documents: Numbers) -> Numbers:
        """Return those of ``documents`` that meet a condition."""
        match condition:
            case Text():
                for piece in condition.pieces:
                    documents = self._with(piece, documents)
                return documents
            case OfOutlets(ids):
                return documents[np.isin(self.outlets[documents], list(ids))]
            case Published(after, before):
                return documents[between(self.published[documents], after, before)]
            case AllOf(conditions):
                for child in sorted(conditions, key=self._cost):
                    documents = self.matching(child, documents)
                return documents
            case AnyOf(conditions):
                found = np.zeros(self.size, bool)
                for child in conditions:
                    found[self.matching(child, documents[~found[documents]])] = True
                return documents[found[documents]]
            case Excluding(child):
                found = np.zeros(self.size, bool)
                found[self.matching(child, documents)] = True
                return documents[~found[documents]]

    def _cost(self, condition: Condition) -> int:
        """Return about how many documents have to be looked at; the fewest come first."""
        match condition:
            case Text():
                grams = (gram for piece in condition.pieces for gram in piece.grams)
                return min((len(self.postings("grams", gram)[0]) for gram in grams), default=0)
            case AllOf(conditions):
                return min(map(self._cost, conditions), default=0)
            case AnyOf(conditions):
                return sum(map(self._cost, conditions))
            case Excluding():
                return self.size
            case _:
                return 0

    def _with(self, piece: Piece, documents: Numbers) -> Numbers:
        """Return those of ``documents`` that have a piece: candidates by grams, then a look."""
        if not len(documents):
            return documents
        postings = sorted((self.postings("grams", gram)[0] for gram in piece.grams), key=len)
        for holders in postings:
            documents = _both(documents, holders, self.size)
            if len(documents) <= FEW_DOCUMENTS and not piece.is_gram:
                break
        if piece.is_gram or not len(documents):
            return documents
        return documents[[self._has(piece, document) for document in documents.tolist()]]

    def _has(self, piece: Piece, document: int) -> bool:
        if not self._forms.contain(document, piece.encoded_parts, only_title=piece.in_title):
            return False
        if piece.is_plain and not piece.is_phrase:
            return True
        return piece.is_in(self.text(document))


def between(published: Numbers, after: Any, before: Any) -> Numbers:
    """Return a mask of the moments in [after, before), aware times or None for no bound."""
    mask = np.ones(len(published), bool)
    if after or before:
        mask &= published != UNDATED
    if after:
        mask &= published >= microseconds(after)
    if before:
        mask &= published < microseconds(before)
    return mask


def _both(documents: Numbers, holders: Numbers, size: int) -> Numbers:
    if len(documents) * 8 < len(holders):
        places = np.searchsorted(holders, documents)
        places[places == len(holders)] = 0
        return documents[holders[places] == documents]
    mask = np.zeros(size, bool)
    mask[holders] = True
    return documents[mask[documents]]
