"""What Whoosh's writer hands over of documents, collected into the arrays of a segment."""

from collections import defaultdict
from typing import Any

import numpy as np
from whoosh.codec.base import FieldWriter, PerDocumentWriter
from whoosh.fields import Schema
from whoosh.util.numeric import length_to_byte

from search.engines.whoosh._arrays import ArraysWriter
from search.engines.whoosh._postings import PostingsCollector, starts_of
from search.engines.whoosh._schema import COLUMNS
from search.engines.whoosh._segment import ArraySegment
from search.engines.whoosh._triples import arrays_of_triples
from search.text import Grams

__all__ = ["CollectedPostings", "DocumentWriter", "PostingsWriter"]


class CollectedPostings:
    """Takes the place of the pool in which Whoosh's writer sorts single postings.

    Our fields hand over all terms of a document as one item.
    """

    def __init__(self) -> None:
        self.fields: defaultdict[str, PostingsCollector] = defaultdict(PostingsCollector)

    def add(self, item: tuple[str, Any, int, float, Any]) -> None:
        """Take the terms of one document's field."""
        field, terms, document, _weight, counts = item
        if isinstance(terms, Grams):
            self.fields[field].add_grams(document, terms)
        else:
            self.fields[field].add(document, terms, counts)

    def iter_postings(self) -> "CollectedPostings":
        """Hand all over to the codec's writer."""
        return self

    def cleanup(self) -> None:
        """Forget all."""
        self.fields.clear()


class DocumentWriter(PerDocumentWriter):
    """Every document has every column, and a length in every ranked field."""

    def __init__(self, segment: ArraySegment, arrays: dict[str, Any]) -> None:
        self._segment = segment
        self._arrays = arrays
        self._columns: defaultdict[str, list[Any]] = defaultdict(list)
        self._lengths: defaultdict[str, list[int]] = defaultdict(list)
        self.is_closed = False

    def start_doc(self, docnum: int) -> None:
        pass

    def add_field(self, fieldname: str, fieldobj: Any, value: Any, length: int) -> None:
        if fieldobj.scorable and fieldobj.indexed:
            self._lengths[fieldname].append(length)

    def add_column_value(self, fieldname: str, columnobj: Any, value: Any) -> None:
        self._columns[fieldname].append(value)

    def add_vector_items(self, fieldname: str, fieldobj: Any, items: Any) -> None:
        raise NotImplementedError

    def close(self) -> None:
        for field, array in COLUMNS.items():
            self._arrays[array] = np.array(self._columns[field], np.int64)
        forms = self._columns["form"]
        self._arrays["form_starts"] = starts_of([len(form) for form in forms])
        self._arrays["forms"] = np.frombuffer(b"".join(forms), np.uint8)
        self._arrays |= arrays_of_triples(self._columns["triples"])
        for field, lengths in self._lengths.items():
            rounded = np.array([length_to_byte(length) for length in lengths], np.uint8)
            self._arrays[f"{field}.lengths"] = rounded
            self._segment.lengths[field] = sum(lengths)
        self.is_closed = True


class PostingsWriter(FieldWriter):
    """Writes the file of a segment, when all was collected."""

    def __init__(self, storage: Any, segment: ArraySegment, arrays: dict[str, Any]) -> None:
        self._path = segment.path(storage.folder)
        self._segment = segment
        self._arrays = arrays
        self._has_postings = False
        self.is_closed = False

    def add_postings(self, schema: Schema, lengths: Any, postings: CollectedPostings) -> None:
        for field, collector in postings.fields.items():
            for name, array in collector.arrays().items():
                self._arrays[f"{field}.{name}"] = array
        self._has_postings = True

    def close(self) -> None:
        if self._has_postings:
            with ArraysWriter(self._path) as writer:
                for name, array in self._arrays.items():
                    writer.add(name, [array])
                self._segment.stamp = writer.finish()
        self.is_closed = True

    def start_field(self, fieldname: str, fieldobj: Any) -> None:
        raise NotImplementedError

    start_term = add = finish_term = start_field
