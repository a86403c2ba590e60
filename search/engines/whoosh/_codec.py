"""A Whoosh codec that keeps postings as arrays; all else in a segment is Whoosh's own.

Whoosh 2.7.4 writes postings one by one, in pickled blocks of 128 with a record a term; that takes
most of the time of indexing and most of the size of an index of grams.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from whoosh.codec.base import FieldWriter, Segment, TermsReader
from whoosh.codec.whoosh3 import W3Codec, W3PerDocReader
from whoosh.fields import Schema
from whoosh.matching.mcore import ListMatcher
from whoosh.reading import TermInfo, TermNotFound

from search.engines.whoosh._postings import PostingsCollector, read_postings, write_postings

__all__ = ["ArrayCodec", "CollectedPostings"]

POSTINGS = ".arrays"


class ArrayCodec(W3Codec):
    """Whoosh's own codec but for the postings."""

    length_stats = False

    def field_writer(self, storage: Any, segment: Segment) -> "_PostingsWriter":
        """Return what writes a segment's postings."""
        return _PostingsWriter(storage, segment)

    def per_document_reader(self, storage: Any, segment: Segment) -> "_DocumentReader":
        """Return what reads a segment's columns and lengths."""
        return _DocumentReader(storage, segment)

    def terms_reader(self, storage: Any, segment: Segment) -> "_PostingsReader":
        """Return what reads a segment's postings."""
        return _PostingsReader(Path(storage.folder) / segment.make_filename(POSTINGS))


class _DocumentReader(W3PerDocReader):
    """Whoosh's own, which forgets the default where a length is not known."""

    def doc_field_length(self, docnum: int, fieldname: str, default: int = 0) -> int:
        return super().doc_field_length(docnum, fieldname, default) or default


class CollectedPostings:
    """Takes the place of the pool in which Whoosh's writer sorts single postings.

    Our fields hand over all terms of a document as one item.
    """

    def __init__(self) -> None:
        self.fields: defaultdict[str, PostingsCollector] = defaultdict(PostingsCollector)

    def add(self, item: tuple[str, Any, int, float, Any]) -> None:
        """Take the terms of one document's field."""
        field, terms, document, _weight, counts = item
        self.fields[field].add(document, terms, counts)

    def iter_postings(self) -> "CollectedPostings":
        """Hand all over to the codec's writer."""
        return self

    def cleanup(self) -> None:
        """Forget all."""
        self.fields.clear()


class _PostingsWriter(FieldWriter):
    def __init__(self, storage: Any, segment: Segment) -> None:
        self._file = segment.create_file(storage, POSTINGS)
        self.is_closed = False

    def add_postings(self, schema: Schema, lengths: Any, postings: CollectedPostings) -> None:
        write_postings(self._file, dict(postings.fields))

    def close(self) -> None:
        self._file.close()
        self.is_closed = True

    def start_field(self, fieldname: str, fieldobj: Any) -> None:
        raise NotImplementedError

    start_term = add = finish_term = start_field


class _Matcher(ListMatcher):
    """The postings of a term, to walk along."""

    _i: int

    def skip_to(self, id: int) -> None:
        self._i = bisect_left(self._ids, id, self._i)


class _PostingsReader(TermsReader):
    def __init__(self, path: Path) -> None:
        self.fields = read_postings(path)

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
        return span.stop - span.start

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
        self.fields = {}
