"""Writing segments."""

from collections.abc import Iterable

from whoosh.codec.base import Segment
from whoosh.index import FileIndex
from whoosh.writing import SegmentWriter

from search.documents import Document
from search.engines.whoosh._codec import ArrayCodec, CollectedPostings
from search.engines.whoosh._schema import fields

__all__ = ["write_segment"]


def write_segment(ix: FileIndex, documents: Iterable[Document]) -> Segment | None:
    """Write ``documents`` into a segment of ``ix`` that no reader knows yet; None without any.

    Takes no lock and changes nothing that is there: what makes the segment part of the index is
    the table of contents that names it.
    """
    writer = SegmentWriter(ix, _lk=False, codec=ArrayCodec(), compound=False)
    writer.pool = CollectedPostings()
    for document in documents:
        writer.add_document(**fields(document))
    if not writer.doc_count():
        writer._close_segment()
        return None
    return writer._finalize_segment()
