"""The postings file of a segment: for each field, sorted terms and contiguous arrays.

Layout, all numbers little-endian, each array starting at a multiple of 8 bytes:

- for each field: its terms in UTF-8, sorted, one behind the other; where each begins in these
  bytes (u4, one more than terms); where each one's postings begin (u4, likewise); the document
  numbers (u4), ascending for each term; for ranked fields how often the term stands there (u2);
- a JSON object: field → array → [offset in bytes, number of items];
- the offset of that object (u8).

The arrays are mapped into memory, not read; nothing in the file can be run.
"""

import json
import mmap
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

__all__ = ["FieldPostings", "PostingsCollector", "read_postings", "write_postings"]

_DTYPES = {
    "terms": "u1",
    "term_starts": "<u4",
    "starts": "<u4",
    "documents": "<u4",
    "counts": "<u2",
}
MOST_COUNTED = 65_535


class PostingsCollector:
    """Collects the postings of one field, a document at a time in ascending order."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self._terms: list[np.ndarray[Any, Any]] = []
        self._documents: list[np.ndarray[Any, Any]] = []
        self._counts: list[np.ndarray[Any, Any]] = []

    def add(self, document: int, terms: Iterable[str], counts: Iterable[int] | None) -> None:
        """Add a document's distinct ``terms``, in ranked fields with how often each is there."""
        numbers = np.fromiter(map(self._numbers.__getitem__, terms), np.uint32)
        self._terms.append(numbers)
        self._documents.append(np.full(len(numbers), document, np.uint32))
        if counts is not None:
            self._counts.append(np.fromiter((min(n, MOST_COUNTED) for n in counts), np.uint16))

    def arrays(self) -> dict[str, "np.ndarray[Any, Any]"]:
        """Return the field's arrays as the file keeps them."""
        encoded = [term.encode("utf-8", "surrogatepass") for term in self._numbers]
        order = sorted(range(len(encoded)), key=encoded.__getitem__)
        rank = np.empty(len(order), np.uint32)
        rank[order] = np.arange(len(order), dtype=np.uint32)
        by_term = rank[_joined(self._terms, np.uint32)]
        sorted_postings = np.argsort(by_term, kind="stable")
        arrays = {
            "terms": np.frombuffer(b"".join(encoded[i] for i in order), np.uint8),
            "term_starts": _starts([len(encoded[i]) for i in order]),
            "starts": _starts(np.bincount(by_term, minlength=len(order))),
            "documents": _joined(self._documents, np.uint32)[sorted_postings],
        }
        if self._counts:
            arrays["counts"] = _joined(self._counts, np.uint16)[sorted_postings]
        return arrays


def write_postings(file: BinaryIO, fields: dict[str, PostingsCollector]) -> None:
    """Write ``fields`` to ``file``, which is empty."""
    contents: dict[str, dict[str, tuple[int, int]]] = {}
    offset = 0
    for name, collector in fields.items():
        contents[name] = {}
        for key, array in collector.arrays().items():
            contents[name][key] = (offset, len(array))
            raw = array.astype(_DTYPES[key], copy=False).tobytes()
            raw += bytes(-len(raw) % 8)
            file.write(raw)
            offset += len(raw)
    file.write(json.dumps(contents).encode() + offset.to_bytes(8, "little"))


@dataclass(frozen=True)
class FieldPostings:
    """The postings of one field in a segment."""

    terms: "np.ndarray[Any, Any]"
    term_starts: "np.ndarray[Any, Any]"
    starts: "np.ndarray[Any, Any]"
    documents: "np.ndarray[Any, Any]"
    counts: "np.ndarray[Any, Any] | None" = None

    def __len__(self) -> int:
        return len(self.term_starts) - 1

    def term(self, number: int) -> bytes:
        """Return the term with this number."""
        return self.terms[self.term_starts[number] : self.term_starts[number + 1]].tobytes()

    def first_from(self, term: bytes) -> int:
        """Return the number of the first term that is not before ``term``."""
        return bisect_left(range(len(self)), term, key=self.term)

    def span(self, term: bytes) -> slice:
        """Return where the postings of ``term`` are. Raises KeyError."""
        number = self.first_from(term)
        if number == len(self) or self.term(number) != term:
            raise KeyError(term)
        return slice(int(self.starts[number]), int(self.starts[number + 1]))

    def terms_from(self, term: bytes) -> Iterator[bytes]:
        """Yield all terms that are not before ``term``, in order."""
        return map(self.term, range(self.first_from(term), len(self)))


def read_postings(path: Path) -> dict[str, FieldPostings]:
    """Map the postings file at ``path``. Raises OSError or ValueError for a damaged one."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        contents = json.loads(data[int.from_bytes(data[-8:], "little") : -8])
    # A plain array over the same memory: slices of a memmap are many times slower to make.
    mapped = np.asarray(np.memmap(path, np.uint8, "r"))
    fields = {}
    for name, arrays in contents.items():
        views = {}
        for key, (offset, length) in arrays.items():
            dtype = np.dtype(_DTYPES[key])
            views[key] = mapped[offset : offset + length * dtype.itemsize].view(dtype)
        fields[name] = FieldPostings(**views)
    return fields


def _joined(arrays: list["np.ndarray[Any, Any]"], dtype: Any) -> "np.ndarray[Any, Any]":
    return np.concatenate(arrays) if arrays else np.empty(0, dtype)


def _starts(lengths: Any) -> "np.ndarray[Any, Any]":
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.uint64)))
