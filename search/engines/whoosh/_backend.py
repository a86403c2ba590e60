"""The engine's door: finding, replacing, rebuilding."""

import contextlib
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from whoosh.index import IndexError as WhooshIndexError
from whoosh.index import clean_files
from whoosh.searching import Searcher

from search.documents import Document, Loader
from search.engines.base import Engine, Hits, IndexUnavailableError
from search.engines.whoosh import _finding, _vocabulary
from search.engines.whoosh._arrays import ArraysFile
from search.engines.whoosh._contents import INDEX, ArrayIndex
from search.engines.whoosh._damage import check, check_content, have_changed
from search.engines.whoosh._folder import IndexFolder, sync_files
from search.engines.whoosh._leaf import Leaf
from search.engines.whoosh._merging import crowd, merge
from search.engines.whoosh._schema import moment
from search.engines.whoosh._segment import MOST_DOCUMENTS, ArraySegment
from search.engines.whoosh._writing import write_segment
from search.parallel import in_processes
from search.query import Query
from search.text import NO_WORDS, OwnWords

__all__ = ["WhooshBackend"]

SEGMENT_DOCUMENTS = 2000
SMALL_SEGMENT_DOCUMENTS = 500
MERGED_BY_AN_EDIT = 1_000
"""An edit does not wait for more documents to be copied, which takes about half a second."""
MERGED_PER_DOCUMENT = 16
MERGED_WHEN_IDLE = 10_000
"""Who saves just then may wait for some seconds."""
LOCK_SECONDS = 1.0
SWITCH_SECONDS = 600
"""A new index is worth waiting for, however many changes somebody is writing into the old one."""
ATTEMPTS = 5

# What is raised when files of an index are missing, truncated or garbage: when it is opened, where
# a table of contents may hold anything, and when it is read.
_NOT_OPENED = (
    WhooshIndexError,
    OSError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    ArithmeticError,
    RecursionError,
)
_NOT_READ = (OSError, ValueError, LookupError)

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")


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
        self._own_words = NO_WORDS
        self._known_damage = ""

    def find(self, query: Query, start: int, end: int | None) -> Hits:
        """See Engine."""
        return self._read(lambda leaves: _finding.find(leaves, query, start, end))

    def how_many(self, query: Query) -> int:
        """See Engine."""
        return self._read(lambda leaves: _finding.how_many(leaves, query))

    def similar(self, pk: int, most: int, *, without: Sequence[int] = ()) -> list[int]:
        """See Engine."""
        ids = np.asarray(without, np.int64)
        return self._read(lambda leaves: _finding.similar(leaves, pk, most, ids, self._own_words))

    def completions(self, prefix: str, most: int, *, without: Sequence[int] = ()) -> list[str]:
        """See Engine."""
        ids = np.asarray(without, np.int64)
        return self._read(lambda leaves: _vocabulary.completions(leaves, prefix, most, ids))

    def corrections(self, word: str, most: int, *, without: Sequence[int] = ()) -> list[str]:
        """See Engine."""
        ids = np.asarray(without, np.int64)
        return self._read(lambda leaves: _vocabulary.corrections(leaves, word, most, ids))

    def count(self) -> int:
        """See Engine."""
        return self._read(lambda leaves: sum(len(leaf.documents) for leaf in leaves))

    def ids(self) -> set[int]:
        """See Engine."""
        return self._read(
            lambda leaves: {pk for leaf in leaves for pk in leaf.ids[leaf.documents].tolist()}
        )

    def own_words(self) -> OwnWords:
        """See Engine."""
        return self._read(lambda _leaves: self._own_words)

    def documents(self) -> Iterator[Document]:
        """See Engine. The files are read from end to end and compared with their checksums."""
        leaves = self._read(self._checked)
        places = sorted(
            (int(leaf.ids[number]), index, int(number))
            for index, leaf in enumerate(leaves)
            for number in leaf.documents
        )
        with _damage_as_unavailable():
            for pk, index, number in places:
                leaf = leaves[index]
                title, _line_break, text = leaf.form(number).partition("\n")
                published_at = moment(int(leaf.published[number]))
                yield Document(pk, int(leaf.outlets[number]), published_at, title, text)

    def replace(self, ids: Sequence[int], load: Loader, *, jobs: int = 1) -> None:
        """See Engine."""
        ids = list(dict.fromkeys(ids))
        with self._folder.lock(seconds=LOCK_SECONDS):
            generation = self._folder.current()
            self._folder.note(ids)
            _replace(generation, ids, load, jobs)

    def tidy(self) -> None:
        """See Engine. What edits were not to wait for is merged."""
        with self._folder.lock(seconds=LOCK_SECONDS):
            generation = self._folder.current()
            with _damage_as_unavailable():
                index = ArrayIndex(generation)
                contents = index._read_toc()
            segments = _without_crowd(generation, contents.segments, MERGED_WHEN_IDLE)
            if len(segments) < len(contents.segments):
                _commit(index, segments, contents.generation + 1)

    def rebuild(
        self,
        ids: Callable[[], Sequence[int]],
        load: Loader,
        *,
        own_words: OwnWords = NO_WORDS,
        jobs: int = 1,
    ) -> None:
        """See Engine."""
        with self._folder.next(seconds=LOCK_SECONDS) as generation:
            index = ArrayIndex.create(generation, own_words)
            segments = list(_in_large(generation, _write_segments(index, ids(), load, jobs)))
            _commit(index, segments, 1)
            with self._folder.lock(seconds=SWITCH_SECONDS):
                if changed := self._folder.noted(generation):
                    _replace(generation, changed, load, jobs)
                self._folder.switch_to(generation)

    def _read(self, question: Callable[[list[Leaf]], Answer]) -> Answer:
        """Answer ``question``, again where the index moved on between opening and reading it."""
        for _attempt in range(ATTEMPTS):
            try:
                answer = question(self._opened())
            except _NOT_READ as error:
                self._close()
                damage = error
            else:
                self._known_damage = ""
                return answer
        if self._known_damage != repr(damage):
            # Once, not for each of a reader's searches until the index is built anew.
            self._known_damage = repr(damage)
            logger.error("The search index cannot be read.", exc_info=damage)
        raise IndexUnavailableError("the search index is damaged") from damage

    def _opened(self) -> list[Leaf]:
        try:
            return self._open()
        except _NOT_OPENED as error:
            raise ValueError("the search index cannot be opened") from error

    def _open(self) -> list[Leaf]:
        generation = self._folder.current()
        if generation != self._generation:
            self._close()
        if self._searcher and self._searcher.up_to_date():
            # What is mapped into memory hides damage, and reading a file that was cut off kills
            # the process.
            if not have_changed(generation, self._leaves):
                return self._leaves
            self._close()
        known = {leaf.name: leaf for leaf in self._leaves}
        index = ArrayIndex(generation)
        searcher = index.searcher()
        readers = [leaf.reader() for leaf, _offset in searcher.leaf_searchers()]
        leaves = [_leaf(generation, reader, known) for reader in readers if reader.doc_count_all()]
        # Together: a searcher that is up to date with leaves that are not would never be noticed.
        self._generation, self._own_words = generation, index.own_words
        self._searcher, self._leaves = searcher, leaves
        return leaves

    def _checked(self, leaves: list[Leaf]) -> list[Leaf]:
        assert self._generation
        for leaf in leaves:
            check_content(self._generation, leaf.segment)
        return leaves

    def _close(self) -> None:
        self._searcher = None
        self._leaves = []


def _replace(generation: Path, ids: Sequence[int], load: Loader, jobs: int) -> None:
    """Make the index in a folder agree with what ``load`` gives for ``ids``, under the lock."""
    with _damage_as_unavailable():
        index = ArrayIndex(generation)
        contents = index._read_toc()
        segments: list[ArraySegment] = contents.segments
        _remove_orphans(index, contents.generation, segments)
        for segment in segments:
            check(generation, segment)
            ids_of = ArraysFile(segment.path(generation))["ids"]
            segment.deleted |= np.isin(ids_of, np.asarray(ids, np.int64))
    segments += _write_segments(index, ids, load, jobs)
    most = min(MOST_DOCUMENTS, max(MERGED_BY_AN_EDIT, MERGED_PER_DOCUMENT * len(ids)))
    _commit(index, _without_crowd(generation, segments, most), contents.generation + 1)


def _leaf(generation: Path, reader: Any, known: dict[str, Leaf]) -> Leaf:
    """Return an open segment; what was read of it before is kept."""
    check(generation, reader.segment())
    older = known.get(str(reader.segment().segment_id()))
    return older.with_deletions_of(reader) if older else Leaf(reader)


def _write_segments(
    index: ArrayIndex, ids: Sequence[int], load: Loader, jobs: int
) -> Iterator[ArraySegment]:
    """Write the documents of ``ids`` into new segments, several at a time, and yield these."""
    if not ids:
        return
    parts = ceil(len(ids) / SEGMENT_DOCUMENTS)
    if jobs > 1 and len(ids) > SMALL_SEGMENT_DOCUMENTS:
        parts = ceil(parts / jobs) * jobs
    size = ceil(len(ids) / parts)
    remaining = iter(ids)
    chunks = list(iter(lambda: list(islice(remaining, size)), []))
    write = partial(_write_chunk, index.folder, index.own_words, load)
    written = in_processes(write, chunks, jobs=jobs if len(chunks) > 1 else 1)
    yield from (segment for segment in written if segment)


def _write_chunk(
    generation: Path, own_words: OwnWords, load: Loader, ids: Sequence[int]
) -> ArraySegment | None:
    return write_segment(ArrayIndex(generation, own_words), load(ids))


def _in_large(generation: Path, segments: Iterator[ArraySegment]) -> Iterator[ArraySegment]:
    """Yield large segments made of ``segments`` as these come, whose files are removed."""
    waiting: list[ArraySegment] = []

    def merged() -> ArraySegment:
        if len(waiting) == 1:
            return waiting[0]
        made = merge(generation, waiting)
        for segment in waiting:
            segment.path(generation).unlink()
        return made

    for segment in segments:
        if waiting and sum(s.doc_count_all() for s in [*waiting, segment]) > MOST_DOCUMENTS:
            yield merged()
            waiting.clear()
        waiting.append(segment)
    if waiting:
        yield merged()


def _without_crowd(generation: Path, segments: list[ArraySegment], most: int) -> list[ArraySegment]:
    """Return segments with the same documents: where there were too many small ones, one of them.

    Readers have the files that these are made of until they open the next table of contents.
    """
    segments = [segment for segment in segments if segment.doc_count()]
    small = crowd(segments, most)
    if not small:
        return segments
    try:
        for segment in small:
            # Else the copy of damaged bytes would get a checksum that is right.
            check_content(generation, segment)
        merged = merge(generation, small)
    except OSError:
        # The index is as true without it, only a little slower.
        logger.warning("Small segments could not be merged.", exc_info=True)
        return segments
    except _NOT_READ as error:
        logger.exception("A segment of the search index could not be read.")
        raise IndexUnavailableError("the search index is damaged") from error
    return [*(segment for segment in segments if segment not in small), merged]


def _commit(index: ArrayIndex, segments: list[ArraySegment], toc_generation: int) -> None:
    """Make ``segments`` the index: all of the change is there, or none of it."""
    sync_files(index.folder)
    index.write_contents(segments, toc_generation)
    sync_files(index.folder)
    _remove_orphans(index, toc_generation, segments)


def _remove_orphans(index: ArrayIndex, toc_generation: int, segments: list[ArraySegment]) -> None:
    """Remove old files, and what a killed process or a full disk left behind, under the lock."""
    clean_files(index.storage, INDEX, toc_generation, segments)
    shutil.rmtree(index.folder / f"{INDEX}.tmp", ignore_errors=True)
    for leftover in index.folder.glob(f"_{INDEX}_*.toc.*"):
        leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def _damage_as_unavailable() -> Iterator[None]:
    try:
        yield
    except _NOT_OPENED as error:
        logger.exception("The search index could not be read.")
        raise IndexUnavailableError("the search index is damaged") from error
