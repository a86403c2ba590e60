"""Whether the files of an index are what was written.

A file that was not touched since is taken for good, by its size and time, as git does. Of one that
was, or that was copied without its time, the whole content is compared with its checksum, once a
process.
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path

from search.engines.whoosh._arrays import checksum
from search.engines.whoosh._leaf import Leaf
from search.engines.whoosh._segment import ArraySegment

__all__ = ["check", "check_content", "have_changed"]

_seen: dict[Path, tuple[int, int]] = {}
"""Size and time of the files whose content was seen to be right although their time is another."""


def check(folder: Path, segment: ArraySegment) -> None:
    """Raise ValueError, or FileNotFoundError, where a segment's file is not what was written."""
    path = segment.path(folder)
    now = _size_and_time(path)
    if now != (segment.stamp.size, segment.stamp.written) and now != _seen.get(path):
        check_content(folder, segment)
        _seen[path] = now


def check_content(folder: Path, segment: ArraySegment) -> None:
    """Read all of a segment's file. Raises ValueError where it is not what was written."""
    path = segment.path(folder)
    if path.stat().st_size != segment.stamp.size or checksum(path) != segment.stamp.checksum:
        raise ValueError(f"the file {path.name} of the index is damaged")


def have_changed(folder: Path, leaves: Iterable[Leaf]) -> bool:
    """Tell whether files went, or were written to, since they were checked."""
    for leaf in leaves:
        path = leaf.segment.path(folder)
        good = (leaf.segment.stamp.size, leaf.segment.stamp.written)
        with contextlib.suppress(FileNotFoundError):
            if _size_and_time(path) in (good, _seen.get(path)):
                continue
        return True
    return False


def _size_and_time(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
