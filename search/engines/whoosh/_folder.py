"""Where an index lies: generations beside each other, one of which serves.

``current`` names the folder that serves. It is replaced at once, so that a reader sees the old
index or the new one and never none; ``lock`` is held by the one process that writes.

A new generation is filled without that lock, only ``build.lock`` is held: others go on writing the
one that serves. They note what they change in the new folder, and whoever fills it brings that in,
under the lock, before it serves. A folder that nobody fills any more gets notes that nobody reads,
and goes with the next one.
"""

import contextlib
import fcntl
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from articles.disk import sync
from search.engines.base import IndexLockedError, IndexUnavailableError

__all__ = ["IndexFolder"]

FORMAT = 3
"""Raised when older indexes can no longer be read; they then count as missing."""
CHANGED = "changed"


class IndexFolder:
    """The folder of an index and its generations."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pointer = path / "current"

    def current(self) -> Path:
        """Return the generation that serves. Raises IndexUnavailableError where there is none."""
        try:
            name = self._pointer.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise IndexUnavailableError("there is no search index yet") from error
        if not name.startswith(f"format{FORMAT}-") or "/" in name:
            raise IndexUnavailableError("the search index was made by another version")
        return self._path / name

    @contextlib.contextmanager
    def next(self, *, seconds: float) -> Iterator[Path]:
        """Give an empty folder to fill; at the end it is gone, unless it was switched to.

        Raises IndexLockedError where another process fills one, or does not stop writing.
        """
        with self._locked("build.lock", seconds):
            with self.lock(seconds=seconds):
                self._remove_all_but(self._serving())
                generation = self._path / f"format{FORMAT}-{time.time_ns()}"
                generation.mkdir()
            try:
                yield generation
            finally:
                # Whatever ended the block: what serves now stays, the other goes.
                self._remove_all_but(self._serving())

    def note(self, ids: Iterable[int]) -> None:
        """Note for whoever fills another folder what will have changed. Under the lock."""
        serving = self._serving()
        for other in self._path.glob("format*-*"):
            # It may be given up at this moment.
            with contextlib.suppress(FileNotFoundError):
                if other != serving:
                    with (other / CHANGED).open("a") as file:
                        # A process that was killed here may have left half a number.
                        file.write("".join(f"\n{pk}" for pk in [*ids, ""]))

    def noted(self, generation: Path) -> list[int]:
        """Return the ids of what has changed since the folder was made. Under the lock."""
        path = generation / CHANGED
        return sorted(set(map(int, path.read_text().split()))) if path.exists() else []

    def switch_to(self, generation: Path) -> None:
        """Have a folder serve from now on. Under the lock."""
        (generation / CHANGED).unlink(missing_ok=True)
        self._switch_to(generation)

    def _serving(self) -> Path | None:
        try:
            return self.current()
        except IndexUnavailableError as error:
            # What cannot be read just now may still serve.
            if isinstance(error.__cause__, OSError) and self._pointer.exists():
                raise error.__cause__ from None
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
        pointer.replace(self._pointer)
        sync(self._path)

    def lock(self, *, seconds: float) -> contextlib.AbstractContextManager[None]:
        """Be the one writer; a killed process frees the lock. Raises IndexLockedError."""
        return self._locked("lock", seconds)

    @contextlib.contextmanager
    def _locked(self, name: str, seconds: float) -> Iterator[None]:
        self._path.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + seconds
        with (self._path / name).open("w") as file:
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
