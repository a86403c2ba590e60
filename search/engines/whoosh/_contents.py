"""The table of contents: which segments make up an index, what is deleted of them, and its words.

A file of two lines: the CRC-32 of the second, and a JSON object. Whoosh's own keeps pickles, which
can run code when they are read; nothing of them is written or read here.
"""

import json
import os
import zlib
from pathlib import Path
from typing import Any

from whoosh.filedb.filestore import FileStorage
from whoosh.index import TOC, FileIndex

from search.engines.whoosh._schema import schema
from search.engines.whoosh._segment import ArraySegment
from search.text import NO_WORDS, OwnWords, one_object

__all__ = ["INDEX", "ArrayIndex", "contents_name"]

INDEX = "articles"


class ArrayIndex(FileIndex):
    """The index in a folder. Raises OSError or ValueError where it cannot be read.

    ``own_words`` are the editors', by which its texts are cut: as given, or as they were read last.
    """

    def __init__(self, folder: Path, own_words: OwnWords = NO_WORDS) -> None:
        self.storage = FileStorage(str(folder))
        self.indexname = INDEX
        self.own_words = one_object(own_words)
        self._schema = schema()

    @classmethod
    def create(cls, folder: Path, own_words: OwnWords = NO_WORDS) -> "ArrayIndex":
        """Make an empty index in an empty folder."""
        index = cls(folder, own_words)
        index.write_contents([], 0)
        return index

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return Path(self.storage.folder)

    def write_contents(self, segments: list[ArraySegment], generation: int) -> None:
        """Make ``segments`` the index, at once: it is there or it is not."""
        records = {
            "segments": [segment.record() for segment in segments],
            "own_words": sorted(self.own_words),
        }
        content = json.dumps(records).encode()
        path = self.folder / contents_name(generation)
        new = path.with_suffix(".toc.new")
        with new.open("wb") as file:
            file.write(b"%08x\n" % zlib.crc32(content) + content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)

    # What Whoosh asks of an index; its own would read pickles, and wait where a file is missing.

    def reader(self, reuse: Any = None) -> Any:
        contents = self._read_toc()
        return self._reader(self.storage, self._schema, contents.segments, contents.generation)

    def _read_toc(self) -> Any:
        generation = self.latest_generation()
        if generation < 0:
            raise FileNotFoundError("the index has no table of contents")
        data = (self.folder / contents_name(generation)).read_bytes()
        checksum, _line_break, content = data.partition(b"\n")
        if int(checksum, 16) != zlib.crc32(content):
            raise ValueError("the table of contents is damaged")
        records = json.loads(content)
        segments = [ArraySegment.from_record(INDEX, record) for record in records["segments"]]
        self.own_words = one_object(frozenset(records.get("own_words", ())))
        return TOC(self._schema, segments, generation)


def contents_name(generation: int) -> str:
    """Return the name of the table of contents; that of the highest generation counts."""
    return str(TOC._filename(INDEX, generation))
