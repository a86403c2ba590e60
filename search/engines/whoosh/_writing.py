"""Writing segments."""

from collections.abc import Iterable

from whoosh.writing import SegmentWriter

from search.documents import Document
from search.engines.whoosh._codec import ArrayCodec
from search.engines.whoosh._collecting import CollectedPostings
from search.engines.whoosh._contents import ArrayIndex
from search.engines.whoosh._schema import fields
from search.engines.whoosh._segment import ArraySegment

__all__ = ["write_segment"]


def write_segment(index: ArrayIndex, documents: Iterable[Document]) -> ArraySegment | None:
    """Write ``documents`` into a segment of ``index`` that no reader knows; None without any.

    Takes no lock and changes nothing that is there: what makes the segment part of the index is
    the table of contents that names it.
    """
    writer = SegmentWriter(index, _lk=False, codec=ArrayCodec(), compound=False)
    writer.pool = CollectedPostings()
    for document in documents:
        writer.add_document(**fields(document, index.own_words))
    if not writer.doc_count():
        writer._close_segment()
        return None
    segment: ArraySegment = writer.newsegment
    segment.set_doc_count(writer.doc_count())
    writer._finalize_segment()
    return segment
