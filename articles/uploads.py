"""Files that people upload: taken up to a limit, kept while their import may need them.

They lie in ``uploads/<run>/<number>/<name>`` of the data folder. The name that a browser sends is
only a label: what could lead elsewhere is taken out of it, and no two files of a run share it.
"""

import shutil
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from articles.models import Capture, ImportRun

__all__ = [
    "KEPT_DAYS",
    "ArrivedFile",
    "LimitedUploadHandler",
    "discard",
    "forget_old_uploads",
    "keep_captures",
    "keep_files",
    "upload_problem",
]

KEPT_DAYS = 7
LONGEST_NAME = 200
# Fewer than settings.DATA_UPLOAD_MAX_NUMBER_FILES, of which Django tells nobody why it refused.
MOST_FILES = 10_000
# What a browser sends although it is refused is read to its end, so that it shows the answer.
READ_THOUGH_REFUSED = 4
ROOM_FOR_FIELDS = 1_000_000


class ArrivedFile(UploadedFile):
    """An uploaded file on disk, closed: a process may have but some hundred files open."""

    def __init__(self, arriving: TemporaryUploadedFile) -> None:
        path = Path(arriving.temporary_file_path())
        super().__init__(
            None, arriving.name, arriving.content_type, arriving.size, arriving.charset
        )
        self.path = path.rename(f"{path}.whole")
        try:
            arriving.close()
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Remove the file, unless it was moved to where it is kept."""
        self.path.unlink(missing_ok=True)


class LimitedUploadHandler(TemporaryFileUploadHandler):
    """Takes uploaded files until they are too many, too large together, or the disk is full."""

    announced = 0
    begun = 0
    taken = 0

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - as Django names it
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        """Note the size that is announced."""
        self.announced = content_length

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file, unless all together are announced as too large, or it is one too many."""
        self.begun += 1
        if self.begun > MOST_FILES:
            self._refuse(_too_many())
        if self.announced > _limit() + ROOM_FOR_FIELDS:
            self._refuse(_too_large(), reset=self.announced > READ_THOUGH_REFUSED * _limit())
        try:
            super().new_file(*args, **kwargs)
        except OSError as error:
            self._refuse(_not_stored(error))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a chunk, unless there is no room for it."""
        self.taken += len(raw_data)
        if self.taken > _limit():
            self._refuse(_too_large())
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError as error:
            self._refuse(_not_stored(error))

    def file_complete(self, file_size: int) -> Any:
        """End a file that came whole."""
        arriving: Any = super().file_complete(file_size)
        try:
            return ArrivedFile(arriving)
        except OSError as error:
            self._refuse(_not_stored(error))

    def _refuse(self, message: str, *, reset: bool = False) -> NoReturn:
        if self.request is not None:
            self.request.upload_problem = message  # type: ignore[attr-defined]
        raise StopUpload(connection_reset=reset)


def upload_problem(request: HttpRequest) -> str:
    """Return why the files of ``request`` were not taken; "" where they were."""
    request.POST  # noqa: B018 - reading the form is what takes the files
    return getattr(request, "upload_problem", "")


def keep_files(run: ImportRun, files: Iterable[ArrivedFile]) -> list[Path]:
    """Move uploaded files to where ``run``, a new one, finds them, and return their paths.

    Raises OSError, with a message for people, when there is no room; nothing is kept then.
    """
    names: set[str] = set()
    with _new_folder(run) as folder:
        paths = []
        for number, file in enumerate(files, 1):
            path = folder / str(number) / _label(file.name or "", names)
            path.parent.mkdir(parents=True)
            shutil.move(file.path, path)
            paths.append(path)
    return paths


def keep_captures(
    run: ImportRun, captures: Iterable[Capture], *, taken: Collection[str] = ()
) -> list[Path]:
    """Write the bytes of ``captures`` to where ``run``, a new one, finds them; return the paths.

    The name of the folder that a file was in stays, since outlets are known by it; the file's own
    name stays as well unless it is ``taken``. Raises OSError as ``keep_files`` does.
    """
    names = set(taken)
    with _new_folder(run) as folder:
        paths = []
        for number, capture in enumerate(captures, 1):
            *folders, name = capture.source_path.rpartition("!")[2].split("/")
            path = folder.joinpath(str(number), *map(_safe, folders[-1:]), _label(name, names))
            path.parent.mkdir(parents=True)
            path.write_bytes(capture.raw)
            paths.append(path)
    return paths


def discard(run: ImportRun) -> None:
    """Remove the files of ``run``, which is not imported."""
    shutil.rmtree(_folder(run), ignore_errors=True)


def forget_old_uploads() -> None:
    """Remove the files of finished imports after ``KEPT_DAYS``, and what no import will need."""
    root = _root()
    oldest = time.time() - KEPT_DAYS * 24 * 3600
    needed = set()
    for pk, sources in ImportRun.objects.unfinished().values_list("pk", "sources"):
        # A retry, or what follows a dry run, reads the files of an earlier run.
        inside = [Path(source) for source in sources if Path(source).is_relative_to(root)]
        needed |= {str(pk), *(path.relative_to(root).parts[0] for path in inside)}
    for folder in root.glob("*/"):
        is_run = folder.name.isdecimal() and folder.name not in needed
        if is_run and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)
    # What a killed web process was taking.
    for file in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"):
        if file.stat().st_mtime < time.time() - 24 * 3600:
            file.unlink(missing_ok=True)


@contextmanager
def _new_folder(run: ImportRun) -> Iterator[Path]:
    """Yield the folder of a new run; where there is no room for its files, nothing stays."""
    # A request that was killed may have left files of a run that never came to be.
    discard(run)
    try:
        yield _folder(run)
    except OSError as error:
        discard(run)
        raise OSError(_not_stored(error)) from error


def _folder(run: ImportRun) -> Path:
    return _root() / str(run.pk)


def _root() -> Path:
    return Path(settings.DATA_DIR) / "uploads"


def _label(name: str, taken: set[str]) -> str:
    """Return ``name`` as the label of a file, numbered where it is taken, and take it."""
    label = path = Path(_safe(name))
    for number in count(2):
        if str(label) not in taken:
            break
        label = path.with_stem(f"{path.stem} ({number})")
    taken.add(str(label))
    return str(label)


def _safe(name: str) -> str:
    printable = "".join(c for c in name if c.isprintable() and c not in "/\\").lstrip(".")
    path = Path(printable or "file")
    suffix = path.suffix[:20]
    stem = path.stem.encode()[: LONGEST_NAME - len(suffix.encode())].decode(errors="ignore")
    return stem + suffix


def _limit() -> int:
    return int(settings.NEWSARCHIVE_UPLOAD_MB) * 1_000_000


def _too_large() -> str:
    return _(
        "This is more than %(limit)d MB, the most that can be uploaded at once, and nothing of it "
        "was kept. Upload it in parts, or have the operator put it into a server folder "
        "(NEWSARCHIVE_IMPORT_FOLDERS) or raise the limit (NEWSARCHIVE_UPLOAD_MB)."
    ) % {"limit": settings.NEWSARCHIVE_UPLOAD_MB}


def _too_many() -> str:
    return _(
        "These are more than %(count)s files, the most that can be uploaded at once, and none of "
        "them was kept. Pack them into a zip archive, and upload that."
    ) % {"count": number_format(MOST_FILES, force_grouping=True)}


def _not_stored(error: OSError) -> str:
    return _(
        "The files could not be stored on the server: %(reason)s. Nothing was imported; have the "
        "operator make room, then upload them again."
    ) % {"reason": error.strerror or error}
