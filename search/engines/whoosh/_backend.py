"""The engine's door: finding, replacing, rebuilding."""

import contextlib
import logging
import os
import shutil
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate, islice
from math import ceil
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, TypeVar

from whoosh.codec.base import Segment
from whoosh.filedb.filestore import FileStorage
from whoosh.index import TOC, FileIndex, clean_files
from whoosh.index import IndexError as WhooshIndexError
from whoosh.searching import Searcher

from search.documents import Document, Loader
from search.engines.base import Engine, Hits, IndexUnavailableError
from search.engines.whoosh import _finding
from search.engines.whoosh._folder import IndexFolder, sync_files
from search.engines.whoosh._leaf import Leaf
from search.engines.whoosh._schema import moment, schema
from search.engines.whoosh._writing import write_segment
from search.parallel import in_processes
from search.query import Query

__all__ = ["WhooshBackend"]

INDEX = "articles"
SEGMENT_DOCUMENTS = 2000
SMALL_SEGMENT_DOCUMENTS = 500
MOST_SMALL_SEGMENTS = 8
MOST_REWRITTEN = 50
LOCK_SECONDS = 1.0
ATTEMPTS = 3

# What Whoosh 2.7.4 was seen to raise when files of an index are missing, truncated or garbage.
_DAMAGES = (
    WhooshIndexError,
    OSError,
    EOFError,
    UnpicklingError,
    struct.error,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    ImportError,
    AssertionError,
)

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")

Stamp = tuple[int, int]
"""A file's size, and when it was written, in nanoseconds."""


class WhooshBackend(Engine):
    """Keeps documents in Whoosh segments below the connection's ``PATH``.

    Haystack makes one backend a thread; each keeps its searcher open and refreshes it when the
    index has moved on.
    """

    def __init__(self, connection_alias: str, **options: Any) -> None:
        super().__init__(connection_alias, **options)
        self._folder = IndexFolder(Path(options["PATH"]))
        self._generation: Path | None = None
        self._searcher: Searcher | None = None
        self._leaves: list[Leaf] = []
        self._stamps: dict[str, Stamp] = {}

    def find(self, query: Query, start: int, end: int | None) -> Hits:
        """See Engine."""
        return self._read(lambda leaves: _finding.find(leaves, query, start, end))

    def similar(self, pk: int, most: int, *, without: Sequence[int] = ()) -> list[int]:
        """See Engine."""
        return self._read(lambda leaves: _finding.similar(leaves, pk, most, without))

    def completions(self, prefix: str, most: int, *, without: Sequence[int] = ()) -> list[str]:
        """See Engine."""
        return self._read(lambda leaves: _finding.completions(leaves, prefix, most, without))

    def corrections(self, word: str, most: int, *, without: Sequence[int] = ()) -> list[str]:
        """See Engine."""
        return self._read(lambda leaves: _finding.corrections(leaves, word, most, without))

    def count(self) -> int:
        """See Engine."""
        return self._read(lambda leaves: sum(len(leaf.documents) for leaf in leaves))

    def ids(self) -> set[int]:
        """See Engine."""
        return self._read(
            lambda leaves: {pk for leaf in leaves for pk in leaf.ids[leaf.documents].tolist()}
        )

    def documents(self) -> Iterator[Document]:
        """See Engine."""
        leaves = self._read(lambda leaves: leaves)
        places = sorted(
            (int(leaf.ids[number]), index, int(number))
            for index, leaf in enumerate(leaves)
            for number in leaf.documents
        )
        for pk, index, number in places:
            leaf = leaves[index]
            form = self._read(lambda _leaves, leaf=leaf, number=number: leaf.text(number))  # type: ignore[misc]
            title, _line_break, text = form.partition("\n")
            published_at = moment(int(leaf.published[number]))
            yield Document(pk, int(leaf.outlets[number]), published_at, title, text)

    def replace(self, ids: Sequence[int], load: Loader, *, jobs: int = 1) -> None:
        """See Engine."""
        with self._folder.lock(seconds=LOCK_SECONDS):
            generation = self._folder.current()
            with _damage_as_unavailable():
                ix = FileStorage(str(generation)).open_index(INDEX)
                toc = ix._read_toc()
                _remove_orphans(ix, toc.generation, toc.segments)
                segments, ids = self._without_crowd(ix, toc.segments, ids)
                self._delete(ix, segments, set(ids))
            segments += _write_segments(generation, ids, load, jobs)
            _commit(ix, segments, toc.generation + 1)

    def rebuild(self, ids: Callable[[], Sequence[int]], load: Loader, *, jobs: int = 1) -> None:
        """See Engine."""
        with self._folder.lock(seconds=LOCK_SECONDS), self._folder.next() as generation:
            ix = FileStorage(str(generation)).create_index(schema(), INDEX)
            _commit(ix, _write_segments(generation, ids(), load, jobs), 1)

    def _read(self, question: Callable[[list[Leaf]], Answer]) -> Answer:
        """Answer ``question``, again where the index moved on between opening and reading it."""
        for attempt in range(ATTEMPTS):
            try:
                return question(self._open())
            except _DAMAGES:
                self._close()
                logger.warning("Reading the search index failed (%d).", attempt, exc_info=True)
        raise IndexUnavailableError("the search index is damaged")

    def _open(self) -> list[Leaf]:
        generation = self._folder.current()
        if generation != self._generation or self._has_changed_files():
            self._close()
        if self._searcher is None:
            ix = FileStorage(str(generation)).open_index(INDEX)
            self._searcher = ix.searcher()
            self._generation = generation
            self._leaves = _leaves_of(self._searcher, [])
            self._stamps = _stamps_of(generation, self._searcher, self._leaves)
        elif not self._searcher.up_to_date():
            self._searcher = self._searcher.refresh()
            self._leaves = _leaves_of(self._searcher, self._leaves)
            self._stamps = _stamps_of(generation, self._searcher, self._leaves)
        return self._leaves

    def _has_changed_files(self) -> bool:
        """Tell whether files were damaged since they were opened.

        What is mapped into memory hides it, and to read a file that was cut off kills the process.
        Files that went are no damage: a writer removes what no index needs any more.
        """
        if not self._generation or not self._stamps:
            return False
        now = _stamps(self._generation)
        changed = any(now.get(name, stamp) != stamp for name, stamp in self._stamps.items())
        is_gone = any(name not in now for name in self._stamps)
        return changed or (is_gone and bool(self._searcher and self._searcher.up_to_date()))

    def _close(self) -> None:
        self._searcher = None
        self._leaves = []
        self._stamps = {}

    def _without_crowd(
        self, ix: FileIndex, segments: list[Segment], ids: Sequence[int]
    ) -> tuple[list[Segment], list[int]]:
        """Return the segments to keep and the ids to write.

        Where many edits left many small segments, the documents of the smallest are written anew
        together: cheaper than Whoosh's way of merging, and as true, since the database is the
        truth. They are no more than a single edit can wait for, or than are written anyway.
        """
        small = [s for s in segments if s.doc_count() < SMALL_SEGMENT_DOCUMENTS]
        if len(small) <= MOST_SMALL_SEGMENTS:
            return list(segments), list(ids)
        small.sort(key=lambda segment: int(segment.doc_count()))
        sizes = accumulate(int(segment.doc_count()) for segment in small)
        most = max(MOST_REWRITTEN, len(ids))
        small = [segment for segment, size in zip(small, sizes, strict=True) if size <= most]
        crowd: list[int] = []
        for segment in small:
            with contextlib.closing(_reader(ix, segment)) as reader:
                ids_of = list(reader.column_reader("id"))
                crowd += [ids_of[document] for document in reader.all_doc_ids()]
        kept = [segment for segment in segments if segment not in small]
        return kept, list(dict.fromkeys([*ids, *crowd]))

    def _delete(self, ix: FileIndex, segments: list[Segment], ids: set[int]) -> None:
        for segment in segments:
            with contextlib.closing(_reader(ix, segment)) as reader:
                for document, pk in enumerate(reader.column_reader("id")):
                    if pk in ids and not segment.is_deleted(document):
                        segment.delete_document(document)


def _leaves_of(searcher: Searcher, known: list[Leaf]) -> list[Leaf]:
    """Return the segments that hold documents; what was read of ``known`` ones is kept."""
    older = {leaf.name: leaf for leaf in known}
    readers = [leaf.reader() for leaf, _offset in searcher.leaf_searchers()]
    return [
        Leaf(reader, older.get(str(reader.segment().segment_id())))
        for reader in readers
        if reader.doc_count_all()
    ]


def _stamps(generation: Path) -> dict[str, Stamp]:
    """Return size and time of the files of a generation; those that go just now are left out."""
    stamps: dict[str, Stamp] = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(generation) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                status = entry.stat()
                stamps[entry.name] = (status.st_size, status.st_mtime_ns)
    return stamps


def _stamps_of(generation: Path, searcher: Searcher, leaves: Sequence[Leaf]) -> dict[str, Stamp]:
    """Return the stamps of the files of ``leaves``. Raises ValueError for a damaged one.

    A segment's files are written once, before the table of contents that names it.
    """
    names = {leaf.name for leaf in leaves}
    stamps = _stamps(generation)
    written = stamps.get(TOC._filename(INDEX, searcher.reader().generation()))
    mine = {name: stamp for name, stamp in stamps.items() if name.partition(".")[0] in names}
    if written and any(changed > written[1] for _size, changed in mine.values()):
        raise ValueError("a file of the index was changed after it was written")
    return mine


def _reader(ix: FileIndex, segment: Segment) -> Any:
    return FileIndex._reader(ix.storage, ix.schema, [segment], 0)


def _write_segments(generation: Path, ids: Sequence[int], load: Loader, jobs: int) -> list[Segment]:
    """Write the documents of ``ids`` into new segments, several at a time, and return them."""
    if not ids:
        return []
    parts = ceil(len(ids) / SEGMENT_DOCUMENTS)
    if jobs > 1 and len(ids) > SMALL_SEGMENT_DOCUMENTS:
        parts = ceil(parts / jobs) * jobs
    size = ceil(len(ids) / parts)
    remaining = iter(ids)
    chunks = list(iter(lambda: list(islice(remaining, size)), []))
    write = partial(_write_chunk, generation, load)
    written = in_processes(write, chunks, jobs=jobs if len(chunks) > 1 else 1)
    return [segment for segment in written if segment]


def _write_chunk(generation: Path, load: Loader, ids: Sequence[int]) -> Segment | None:
    ix = FileStorage(str(generation)).open_index(INDEX)
    return write_segment(ix, load(ids))


def _commit(ix: FileIndex, segments: list[Segment], toc_generation: int) -> None:
    """Make ``segments`` the index: all of the change is there, or none of it."""
    folder = Path(ix.storage.folder)
    segments = [segment for segment in segments if segment.doc_count()]
    sync_files(folder)
    TOC(ix.schema, segments, toc_generation).write(ix.storage, INDEX)
    sync_files(folder)
    _remove_orphans(ix, toc_generation, segments)


def _remove_orphans(ix: FileIndex, toc_generation: int, segments: list[Segment]) -> None:
    """Remove old files, and what a killed process or a full disk left behind, under the lock."""
    folder = Path(ix.storage.folder)
    clean_files(ix.storage, INDEX, toc_generation, segments)
    shutil.rmtree(folder / f"{INDEX}.tmp", ignore_errors=True)
    for leftover in folder.glob(f"_{INDEX}_*.toc.*"):
        leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def _damage_as_unavailable() -> Iterator[None]:
    try:
        yield
    except _DAMAGES as error:
        logger.exception("The search index could not be read.")
        raise IndexUnavailableError("the search index is damaged") from error
