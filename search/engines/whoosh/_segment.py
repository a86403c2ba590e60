"""A segment of an index, as the table of contents has it."""

import base64
import operator
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from whoosh.codec.base import Segment

from search.engines.whoosh._arrays import Array, Stamp

__all__ = ["MOST_DOCUMENTS", "SUFFIX", "ArraySegment", "SegmentRecord"]

SUFFIX = ".arrays"
MOST_DOCUMENTS = 1 << 16
"""No segment has more, so that a document's number takes two bytes."""


class SegmentRecord(TypedDict):
    """A segment as JSON: ``deleted`` is a bit a document, in base64, or empty."""

    id: str
    documents: int
    lengths: dict[str, int]
    deleted: str
    stamp: list[int]


class ArraySegment(Segment):
    """Documents that were written together, under a name that no others ever have.

    ``lengths`` is how many terms all documents together have in each ranked field, ``stamp`` what
    its one file was like when it was written.
    """

    def __init__(self, indexname: str, documents: int = 0) -> None:
        super().__init__(indexname)
        self.lengths: dict[str, int] = {}
        self.stamp = Stamp(0, 0, 0)
        self.set_doc_count(documents)

    @classmethod
    def _random_id(cls, size: int = 16) -> str:
        # Not Whoosh's, which repeats itself where somebody seeds ``random``.
        return secrets.token_hex(size // 2)

    @classmethod
    def from_record(cls, indexname: str, record: SegmentRecord) -> "ArraySegment":
        """Return the segment that ``record`` tells of. Raises ValueError where that cannot be."""
        documents, stamp = record["documents"], Stamp(*record["stamp"])
        if not 0 <= documents <= stamp.size:
            raise ValueError("a segment of the index has fewer bytes than documents")
        segment = cls(indexname, documents)
        segment.segid = record["id"]
        segment.lengths = {field: operator.index(n) for field, n in record["lengths"].items()}
        segment.stamp = stamp
        if record["deleted"]:
            bits = np.frombuffer(base64.b64decode(record["deleted"], validate=True), np.uint8)
            if len(bits) * 8 < documents:
                raise ValueError("it is not known of all documents whether they are deleted")
            segment.deleted = np.unpackbits(bits, count=documents).astype(bool)
        return segment

    def record(self) -> SegmentRecord:
        """Return the segment as JSON."""
        bits = np.packbits(self.deleted).tobytes() if self.deleted.any() else b""
        stamp = [self.stamp.size, self.stamp.written, self.stamp.checksum]
        return {
            "id": self.segid,
            "documents": self.doc_count_all(),
            "lengths": self.lengths,
            "deleted": base64.b64encode(bits).decode(),
            "stamp": stamp,
        }

    def path(self, folder: str | Path) -> Path:
        """Return where its file is."""
        return Path(folder) / self.make_filename(SUFFIX)

    # What Whoosh asks of a segment.

    def codec(self) -> Any:
        from search.engines.whoosh._codec import ArrayCodec

        return ArrayCodec()

    def set_doc_count(self, doccount: int) -> None:
        if doccount > MOST_DOCUMENTS:
            raise ValueError(f"{doccount} documents are too many for a segment")
        self.deleted: Array = np.zeros(doccount, bool)

    def doc_count_all(self) -> int:
        return len(self.deleted)

    def deleted_count(self) -> int:
        return int(np.count_nonzero(self.deleted))

    def deleted_docs(self) -> Iterator[int]:
        return iter(np.flatnonzero(self.deleted).tolist())

    def delete_document(self, docnum: int, delete: bool = True) -> None:
        self.deleted[docnum] = delete

    def is_deleted(self, docnum: int) -> bool:
        # Whoosh walks one step beyond the last document.
        return docnum < len(self.deleted) and bool(self.deleted[docnum])
