"""A file of named arrays, mapped into memory, not read; nothing in it can be run.

Layout, all numbers little-endian:

- the arrays, each beginning at a multiple of 8 bytes;
- a JSON object: name of an array → [offset in bytes, number of items];
- the offset of that object (u8).

What an array's items are goes by the last part of its name.
"""

import json
import mmap
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Array", "ArraysFile", "ArraysWriter", "Stamp", "checksum"]

Array = np.ndarray[Any, Any]

_DTYPES = {
    "ids": "<i8",
    "outlets": "<i8",
    "published": "<i8",
    "lengths": "u1",
    "forms": "u1",
    "form_starts": "<u8",
    "terms": "u1",
    "term_starts": "<u4",
    "starts": "<u4",
    "documents": "<u2",
    "counts": "<u2",
    "triples": "<u8",
    "triple_starts": "<u4",
    "triple_postings": "<u4",
}
_BYTES_AT_ONCE = 1 << 24


@dataclass(frozen=True, slots=True)
class Stamp:
    """How a file was when it was written: bytes, time in nanoseconds, CRC-32 of its content."""

    size: int
    written: int
    checksum: int


class ArraysWriter:
    """Writes a file of arrays; a context manager that closes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._contents: dict[str, tuple[int, int]] = {}
        self._size = 0
        self._checksum = 0

    def __enter__(self) -> "ArraysWriter":
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def add(self, name: str, parts: Iterable[Array]) -> None:
        """Write an array, given in parts that follow each other."""
        dtype = np.dtype(_DTYPES[name.rpartition(".")[2]])
        offset, length = self._size, 0
        for part in parts:
            self._write(part.astype(dtype, copy=False).tobytes())
            length += len(part)
        self._write(bytes(-self._size % 8))
        self._contents[name] = (offset, length)

    def finish(self) -> Stamp:
        """Write what the file contains, close it and return its stamp."""
        contents = json.dumps(self._contents).encode()
        self._write(contents + self._size.to_bytes(8, "little"))
        self._file.close()
        return Stamp(self._size, self._path.stat().st_mtime_ns, self._checksum)

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._checksum = zlib.crc32(data, self._checksum)
        self._size += len(data)


class ArraysFile(Mapping[str, Array]):
    """The arrays of the file at ``path``. Raises OSError or ValueError for a damaged one."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        start = int.from_bytes(self.data[-8:], "little")
        self._contents: dict[str, tuple[int, int]] = json.loads(self.data[start:-8])
        self._bytes = np.frombuffer(self.data, np.uint8)

    def __getitem__(self, name: str) -> Array:
        offset, length = self._contents[name]
        dtype = np.dtype(_DTYPES[name.rpartition(".")[2]])
        found = self._bytes[offset : offset + length * dtype.itemsize]
        if len(found) != length * dtype.itemsize:
            raise ValueError(f"the array {name} is cut off")
        return found.view(dtype)

    def __iter__(self) -> Any:
        return iter(self._contents)

    def __len__(self) -> int:
        return len(self._contents)

    def offset(self, name: str) -> int:
        """Return where in ``data`` an array begins."""
        return self._contents[name][0]


def checksum(path: Path) -> int:
    """Return the CRC-32 of a file's content, all of which is read."""
    found = 0
    with path.open("rb", buffering=0) as file:
        while data := file.read(_BYTES_AT_ONCE):
            found = zlib.crc32(data, found)
    return found
