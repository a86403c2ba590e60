"""A Whoosh codec that keeps a segment as one file of arrays.

Whoosh 2.7.4 writes postings one by one, in pickled blocks of 128 with a record a term; that takes
most of the time of indexing and most of the size of an index of grams. Its stored fields are
pickles as well. Ours has no stored fields, and columns and lengths are arrays like the postings.
"""

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from whoosh.codec.base import Codec, PerDocumentReader, TermsReader
from whoosh.columns import ColumnReader
from whoosh.matching.mcore import ListMatcher
from whoosh.reading import TermInfo, TermNotFound
from whoosh.util.numeric import byte_to_length

from search.engines.whoosh._arrays import Array, ArraysFile
from search.engines.whoosh._collecting import DocumentWriter, PostingsWriter
from search.engines.whoosh._postings import FieldPostings
from search.engines.whoosh._schema import COLUMNS
from search.engines.whoosh._segment import ArraySegment

__all__ = ["LENGTHS", "ArrayCodec", "FormsColumn"]

LENGTHS = np.array([byte_to_length(byte) for byte in range(256)], np.float64)
"""What the bytes stand for that tell, in Whoosh's rounding, how many terms a document has."""


class ArrayCodec(Codec):
    """Reads or writes one segment."""

    length_stats = False

    def __init__(self) -> None:
        self._arrays: dict[str, Any] = {}
        self._file: ArraysFile | None = None

    def new_segment(self, storage: Any, indexname: str) -> ArraySegment:
        """Return the segment that is going to be written."""
        return ArraySegment(indexname)

    def per_document_writer(self, storage: Any, segment: ArraySegment) -> "DocumentWriter":
        """Return what collects a segment's columns and lengths."""
        return DocumentWriter(segment, self._arrays)

    def field_writer(self, storage: Any, segment: ArraySegment) -> "PostingsWriter":
        """Return what writes a segment's file, with what the other collected."""
        return PostingsWriter(storage, segment, self._arrays)

    def per_document_reader(self, storage: Any, segment: ArraySegment) -> "_DocumentReader":
        """Return what reads a segment's columns and lengths."""
        return _DocumentReader(self._opened(storage, segment), segment)

    def terms_reader(self, storage: Any, segment: ArraySegment) -> "_PostingsReader":
        """Return what reads a segment's postings."""
        return _PostingsReader(self._opened(storage, segment))

    def _opened(self, storage: Any, segment: ArraySegment) -> ArraysFile:
        if self._file is None:
            self._file = ArraysFile(segment.path(storage.folder))
        return self._file


class _Column(ColumnReader):
    """A number a document."""

    def __init__(self, values: Array) -> None:
        self._values = values
        self._sign = 1

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, docnum: int) -> int:
        return int(self._values[docnum])

    def __iter__(self) -> Iterator[int]:
        return iter(self._values.tolist())

    def sort_key(self, docnum: int) -> int:
        return self._sign * self[docnum]

    def set_reverse(self) -> None:
        self._sign = -1


class FormsColumn(ColumnReader):
    """The search forms of a segment's documents, encoded; they stay where they are mapped."""

    def __init__(self, file: ArraysFile) -> None:
        self.data = file.data
        self.bytes = np.frombuffer(file.data, np.uint8)
        self.starts = file["form_starts"].astype(np.int64) + file.offset("forms")

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, docnum: int) -> bytes:
        return self.data[self.starts[docnum] : self.starts[docnum + 1]]


class _DocumentReader(PerDocumentReader):
    def __init__(self, file: ArraysFile, segment: ArraySegment) -> None:
        self.file = file
        self._segment = segment

    def supports_columns(self) -> bool:
        return True

    def has_column(self, fieldname: str) -> bool:
        return fieldname in COLUMNS or fieldname == "form"

    def column_reader(self, fieldname: str, column: Any) -> ColumnReader:
        if fieldname == "form":
            return FormsColumn(self.file)
        return _Column(self.file[COLUMNS[fieldname]])

    def doc_count(self) -> int:
        return int(self._segment.doc_count())

    def doc_count_all(self) -> int:
        return self._segment.doc_count_all()

    def has_deletions(self) -> bool:
        return self._segment.has_deletions()

    def is_deleted(self, docnum: int) -> bool:
        return self._segment.is_deleted(docnum)

    def deleted_docs(self) -> Iterator[int]:
        return self._segment.deleted_docs()

    def doc_field_length(self, docnum: int, fieldname: str, default: int = 0) -> int:
        return int(LENGTHS[self.file[f"{fieldname}.lengths"][docnum]]) or default

    def field_length(self, fieldname: str) -> int:
        return self._segment.lengths.get(fieldname, 0)

    def min_field_length(self, fieldname: str) -> int:
        return int(LENGTHS[self.file[f"{fieldname}.lengths"].min()])

    def max_field_length(self, fieldname: str) -> int:
        return int(LENGTHS[self.file[f"{fieldname}.lengths"].max()])

    def has_vector(self, docnum: int, fieldname: str) -> bool:
        return False

    def vector(self, docnum: int, fieldname: str, format_: Any) -> Any:
        raise NotImplementedError

    def stored_fields(self, docnum: int) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        pass


class _Matcher(ListMatcher):
    """The postings of a term, to walk along."""

    _i: int

    def skip_to(self, id: int) -> None:
        self._i = bisect_left(self._ids, id, self._i)


class _PostingsReader(TermsReader):
    def __init__(self, file: ArraysFile) -> None:
        self._file = file

    @cached_property
    def fields(self) -> dict[str, FieldPostings]:
        """The postings of each field."""
        names = dict.fromkeys(name.rpartition(".")[0] for name in self._file)
        return {name: FieldPostings(name, self._file) for name in names if name}

    def _span(self, field: str, term: bytes) -> slice:
        try:
            return self.fields[field].span(term)
        except KeyError:
            raise TermNotFound(f"{field}:{term!r}") from None

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        try:
            self._span(*term)
        except TermNotFound:
            return False
        return True

    def indexed_field_names(self) -> Iterator[str]:
        return iter(self.fields)

    def terms(self) -> Iterator[tuple[str, bytes]]:
        return chain.from_iterable(self.terms_from(field, b"") for field in sorted(self.fields))

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        return ((fieldname, term) for term in self.fields[fieldname].terms_from(prefix))

    def items(self) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        return ((term, self.term_info(*term)) for term in self.terms())

    def items_from(
        self, fieldname: str, prefix: bytes
    ) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        return ((term, self.term_info(*term)) for term in self.terms_from(fieldname, prefix))

    def term_info(self, fieldname: str, text: bytes) -> TermInfo:
        postings = self.fields[fieldname]
        span = self._span(fieldname, text)
        documents = postings.documents[span]
        counts = None if postings.counts is None else postings.counts[span]
        return TermInfo(
            weight=float(len(documents) if counts is None else counts.sum()),
            df=len(documents),
            minlength=1,
            maxweight=1.0 if counts is None else float(counts.max()),
            minid=int(documents[0]),
            maxid=int(documents[-1]),
        )

    def frequency(self, fieldname: str, text: bytes) -> float:
        return float(self.term_info(fieldname, text).weight())

    def doc_frequency(self, fieldname: str, text: bytes) -> int:
        try:
            span = self._span(fieldname, text)
        except TermNotFound:
            return 0
        return int(span.stop - span.start)

    def matcher(self, fieldname: str, text: bytes, format_: Any, scorer: Any = None) -> _Matcher:
        postings = self.fields[fieldname]
        span = self._span(fieldname, text)
        return _Matcher(
            postings.documents[span].tolist(),
            None if postings.counts is None else postings.counts[span].tolist(),
            format=format_,
            scorer=scorer,
            term=(fieldname, text),
            terminfo=self.term_info(fieldname, text),
        )

    def cursor(self, fieldname: str, fieldobj: Any) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        pass
