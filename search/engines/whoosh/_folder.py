"""Where an index lies: generations beside each other, one of which serves.

``current`` names the folder that serves. It is replaced at once, so that a reader sees the old
index or the new one and never none; ``lock`` is held by the one process that writes.
"""

import contextlib
import fcntl
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from articles.disk import sync
from search.engines.base import IndexLockedError, IndexUnavailableError

__all__ = ["IndexFolder"]

FORMAT = 2
"""Raised when older indexes can no longer be read; they then count as missing."""


class IndexFolder:
    """The folder of an index and its generations."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def current(self) -> Path:
        """Return the generation that serves. Raises IndexUnavailableError where there is none."""
        try:
            name = (self._path / "current").read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise IndexUnavailableError("there is no search index yet") from error
        if not name.startswith(f"format{FORMAT}-") or "/" in name:
            raise IndexUnavailableError("the search index was made by another version")
        return self._path / name

    @contextlib.contextmanager
    def next(self) -> Iterator[Path]:
        """Fill an empty folder, which serves from the end of the block on; nothing if it fails.

        To be called under the lock: what no index needs any more is removed.
        """
        self._remove_all_but(self._serving())
        generation = self._path / f"format{FORMAT}-{time.time_ns()}"
        generation.mkdir()
        try:
            yield generation
            self._switch_to(generation)
        finally:
            # Whatever ended the block: what serves now stays, the other goes.
            self._remove_all_but(self._serving())

    def _serving(self) -> Path | None:
        try:
            return self.current()
        except IndexUnavailableError as error:
            # What cannot be read just now may still serve.
            if isinstance(error.__cause__, OSError) and (self._path / "current").exists():
                raise
            return None

    def _remove_all_but(self, generation: Path | None) -> None:
        for other in self._path.glob("format*-*"):
            if other != generation:
                shutil.rmtree(other, ignore_errors=True)

    def _switch_to(self, generation: Path) -> None:
        sync_files(generation)
        pointer = self._path / "current.new"
        pointer.write_text(generation.name)
        sync(pointer)
        pointer.replace(self._path / "current")
        sync(self._path)

    @contextlib.contextmanager
    def lock(self, *, seconds: float) -> Iterator[None]:
        """Be the one writer; a killed process frees the lock. Raises IndexLockedError."""
        self._path.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + seconds
        with (self._path / "lock").open("w") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise IndexLockedError("another process writes the index") from None
                    time.sleep(0.05)
            yield


def sync_files(folder: Path) -> None:
    """Have everything in ``folder`` on the disk before anything is written that relies on it."""
    for path in folder.iterdir():
        if path.is_file():
            sync(path)
    sync(folder)
