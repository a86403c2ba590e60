"""From the paths that someone wants imported to the files in them, zip archives included.

Nothing here writes.
"""

import io
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count as count_from
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from articles.exchange import LINE_START
from articles.importing._names import (
    LINES_SUFFIX,
    READ_SUFFIXES,
    ZIP_SUFFIX,
    holders,
    is_ignored,
    printable,
    suffix,
    walking_order,
)
from articles.importing._zips import ZIP_ERRORS, article_entries, open_zip, refusal
from articles.importing.parsed import ProblemKind

__all__ = ["SourceFile", "SourceProblem", "count", "walk"]

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that may be an article.

    ``path`` is a label for people, such as ``articles/rfi/1.md`` or ``x.zip!articles/rfi/1.md``;
    ``folder`` is the name of the folder it lies in, empty where there is none.
    """

    path: str
    folder: str
    data: bytes


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """A file that could not be read, or was refused; the others are not affected."""

    path: str
    kind: ProblemKind
    message: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    location: Path
    label: str
    folder: str
    is_given: bool


class _Wanted:
    """The labels that are asked for; what holds one of them is read, too."""

    def __init__(self, labels: frozenset[str]) -> None:
        self._labels = labels
        self._holders = frozenset(holder for label in labels for holder in holders(label))

    def __contains__(self, label: str) -> bool:
        return label in self._labels or label in self._holders

    def within(self, label: str) -> "_Wanted | None":
        """Return what is wanted of a zip archive or an export, None for all."""
        return None if label in self._labels else self


def walk(
    paths: Sequence[Path],
    *,
    leaving_out: Path | None = None,
    only: frozenset[str] | None = None,
    max_file_bytes: int = 50_000_000,
) -> Iterator[SourceFile | SourceProblem]:
    """Yield every file in ``paths`` that may be an article, and a problem for each that cannot be.

    A path is a file, a folder or a zip archive. Folders are walked depth-first in the order of
    their names (crawlers' ids: later ones last), with the zip archives in them; only files that by
    their name may be articles are read there, while a file given by itself is always read. Symbolic
    links inside folders are not followed, devices and pipes never opened, dot-files and the folder
    ``leaving_out`` passed over; with ``only``, all but the files with these labels and what lies in
    them. No error is raised: what is too large, unreadable or broken becomes a SourceProblem.
    """
    wanted = None if only is None else _Wanted(only)
    for candidate in _candidates(paths, leaving_out):
        label = candidate.path if isinstance(candidate, SourceProblem) else candidate.label
        if wanted is not None and label not in wanted:
            continue
        if isinstance(candidate, SourceProblem):
            yield candidate
        else:
            yield from _read(candidate, wanted and wanted.within(label), max_file_bytes)


def count(paths: Sequence[Path]) -> int:
    """Return about how many items ``walk`` will yield, without reading a file.

    Zip archives are told by their names here and counted by their directories.
    """
    total = 0
    for candidate in _candidates(paths):
        if isinstance(candidate, _Candidate) and suffix(candidate.label) == ZIP_SUFFIX:
            total += _count_entries(candidate)
        elif isinstance(candidate, _Candidate) and suffix(candidate.label) == LINES_SUFFIX:
            total += _count_lines(candidate)
        else:
            total += 1
    return total


def _candidates(
    paths: Sequence[Path], leaving_out: Path | None = None
) -> Iterator[_Candidate | SourceProblem]:
    for path in paths:
        label = _root_label(path)
        try:
            is_folder = path.is_dir()
        except (OSError, ValueError) as error:
            yield _unreadable(label, error)
            continue
        if is_folder:
            yield from _in_folder(path, label, leaving_out)
        else:
            yield _Candidate(path, label, printable(path.parent.name), is_given=True)


def _in_folder(
    root: Path, root_label: str, leaving_out: Path | None
) -> Iterator[_Candidate | SourceProblem]:
    # Not recursive: folders may be nested more deeply than Python's calls.
    pending = [(root, root_label)]
    while pending:
        folder, label = pending.pop()
        if leaving_out and folder.resolve() == leaving_out:
            continue
        try:
            with os.scandir(folder) as entries:
                ordered = sorted(entries, key=lambda entry: walking_order(entry.name))
        except OSError as error:
            yield _unreadable(label or str(folder), error)
            continue
        subfolders = []
        folder_name = printable(folder.resolve().name)
        for entry in ordered:
            entry_label = f"{label}/{printable(entry.name)}".lstrip("/")
            if is_ignored(entry.name):
                continue
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
            except OSError as error:
                yield _unreadable(entry_label, error)
                continue
            if is_folder:
                subfolders.append((Path(entry.path), entry_label))
            elif suffix(entry.name) in READ_SUFFIXES:
                yield _Candidate(Path(entry.path), entry_label, folder_name, is_given=False)
        pending.extend(reversed(subfolders))


def _read(
    candidate: _Candidate, wanted: _Wanted | None, max_file_bytes: int
) -> Iterator[SourceFile | SourceProblem]:
    label = candidate.label
    try:
        with _open(candidate) as file:
            start = file.read(len(LINE_START))
            file.seek(0)
            if start.startswith(_ZIP_MAGIC):
                yield from _read_zip(file, label, wanted, max_file_bytes)
                return
            if start == LINE_START:
                yield from _read_lines(file, label, wanted, max_file_bytes)
                return
            # One byte more than allowed: the file may have grown since it was found.
            data = file.read(max_file_bytes + 1)
    except (OSError, ValueError) as error:
        yield _unreadable(label, error)
        return
    if len(data) > max_file_bytes:
        yield _too_large(label, max_file_bytes)
    else:
        yield SourceFile(label, candidate.folder, data)


def _open(candidate: _Candidate) -> BinaryIO:
    """Open a regular file and nothing else: opening a pipe waits, opening a device may do harm.

    The check is repeated on the opened file, since someone may have exchanged the two meanwhile.
    """
    _refuse_special(candidate.location.stat(follow_symlinks=candidate.is_given))
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if not candidate.is_given:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(candidate.location, flags)
    file = os.fdopen(descriptor, "rb")
    try:
        _refuse_special(os.fstat(descriptor))
    except ValueError:
        file.close()
        raise
    return file


def _refuse_special(status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise ValueError("it is a symbolic link, and inside folders these are not followed")
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is a device or a pipe, not a file")


def _read_zip(
    file: BinaryIO, label: str, wanted: _Wanted | None, max_file_bytes: int
) -> Iterator[SourceFile | SourceProblem]:
    try:
        archive = open_zip(file)
    except ZIP_ERRORS as error:
        yield _bad_archive(label, error)
        return
    with archive:
        for entry, name in article_entries(archive):
            entry_label = f"{label}!{name}"
            if wanted is not None and entry_label not in wanted:
                continue
            reason = refusal(entry)
            if reason:
                yield SourceProblem(entry_label, ProblemKind.BAD_ARCHIVE, reason)
            elif entry.file_size > max_file_bytes:
                yield _too_large(entry_label, max_file_bytes)
            else:
                try:
                    with archive.open(entry) as opened:
                        data = opened.read(entry.file_size + 1)
                except ZIP_ERRORS as error:
                    yield _bad_archive(entry_label, error)
                else:
                    if data.startswith(LINE_START):
                        lines = io.BytesIO(data)
                        within = wanted and wanted.within(entry_label)
                        yield from _read_lines(lines, entry_label, within, max_file_bytes)
                        continue
                    yield SourceFile(entry_label, PurePosixPath(name).parent.name, data)


def _read_lines(
    file: IO[bytes], label: str, wanted: _Wanted | None, max_file_bytes: int
) -> Iterator[SourceFile | SourceProblem]:
    """Yield the lines of an export, each as a file."""
    for number in count_from(1):
        line = file.readline(max_file_bytes + 1)
        if not line:
            return
        line_label = f"{label}!{number}"
        is_too_large = len(line) > max_file_bytes
        while is_too_large and not line.endswith(b"\n") and line:
            line = file.readline(max_file_bytes)
        if not line.strip() or (wanted is not None and line_label not in wanted):
            continue
        if is_too_large:
            yield _too_large(line_label, max_file_bytes)
        else:
            yield SourceFile(line_label, "", line.rstrip(b"\r\n"))


def _count_lines(candidate: _Candidate) -> int:
    try:
        with _open(candidate) as file:
            if file.read(len(LINE_START)) != LINE_START:
                return 1
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    except (OSError, ValueError):
        return 1


def _count_entries(candidate: _Candidate) -> int:
    try:
        with _open(candidate) as file, open_zip(file) as archive:
            return sum(1 for _ in article_entries(archive))
    except ZIP_ERRORS:
        return 1


def _root_label(path: Path) -> str:
    is_plain = not path.is_absolute() and ".." not in path.parts
    label = "/".join(path.parts) if is_plain else path.name
    return printable(label)


def _unreadable(label: str, error: Exception) -> SourceProblem:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return SourceProblem(label, ProblemKind.UNREADABLE, f"It could not be read: {reason}.")


def _too_large(label: str, max_file_bytes: int) -> SourceProblem:
    return SourceProblem(
        label,
        ProblemKind.TOO_LARGE,
        f"The file is larger than {max_file_bytes / 1_000_000:,g} MB, more than any article.",
    )


def _bad_archive(label: str, error: Exception) -> SourceProblem:
    reason = str(error).rstrip(".") or type(error).__name__
    return SourceProblem(
        label,
        ProblemKind.BAD_ARCHIVE,
        f"The zip archive cannot be read here: {reason}. Make it again, or import the unpacked "
        "folder.",
    )
