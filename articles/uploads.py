"""Files that people upload: taken up to a limit, kept while their import may need them.

They lie in ``uploads/<run>/<number>/<name>`` of the data folder. The name that a browser sends is
only a label: what could lead elsewhere is taken out of it.
"""

import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest
from django.utils.translation import gettext as _

from articles.models import Capture, ImportRun

__all__ = [
    "KEPT_DAYS",
    "LimitedUploadHandler",
    "forget_old_uploads",
    "keep_captures",
    "keep_files",
    "upload_problem",
]

KEPT_DAYS = 7
LONGEST_NAME = 200
# What a browser sends although it is refused is read to its end, so that it shows the answer.
READ_THOUGH_REFUSED = 4
ROOM_FOR_FIELDS = 1_000_000


class LimitedUploadHandler(TemporaryFileUploadHandler):
    """Takes uploaded files until they are too large together, or the disk is full."""

    taken = 0
    announced = 0

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
        """Begin a file, unless all together are announced as too large."""
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

    def _refuse(self, message: str, *, reset: bool = False) -> NoReturn:
        if self.request is not None:
            self.request.upload_problem = message  # type: ignore[attr-defined]
        raise StopUpload(connection_reset=reset)


def upload_problem(request: HttpRequest) -> str:
    """Return why the files of ``request`` were not taken; "" where they were."""
    request.POST  # noqa: B018 - reading the form is what takes the files
    return getattr(request, "upload_problem", "")


def keep_files(run: ImportRun, files: Iterable[UploadedFile]) -> list[Path]:
    """Move uploaded files to where ``run`` finds them, and return their paths.

    Raises OSError, with a message for people, when there is no room; nothing is kept then.
    """
    paths = []
    try:
        for number, file in enumerate(files, 1):
            path = _place(run, number, file.name or "")
            temporary = getattr(file, "temporary_file_path", None)
            if temporary:
                shutil.move(temporary(), path)
            else:
                path.write_bytes(file.read())
            paths.append(path)
    except OSError as error:
        shutil.rmtree(_folder(run), ignore_errors=True)
        raise OSError(_not_stored(error)) from error
    return paths


def keep_captures(run: ImportRun, captures: Iterable[Capture]) -> list[Path]:
    """Write the bytes of ``captures`` to where ``run`` finds them, and return the paths."""
    paths = []
    for number, capture in enumerate(captures, 1):
        path = _place(run, number, capture.source_path.rpartition("!")[2].rpartition("/")[2])
        path.write_bytes(capture.raw)
        paths.append(path)
    return paths


def forget_old_uploads() -> None:
    """Remove the files of finished imports after ``KEPT_DAYS``, and what no import will need."""
    root: Path = settings.DATA_DIR / "uploads"
    oldest = time.time() - KEPT_DAYS * 24 * 3600
    unfinished = {str(pk) for pk in ImportRun.objects.unfinished().values_list("pk", flat=True)}
    for folder in root.glob("*/"):
        if folder.name not in unfinished and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)
    # What a killed web process was taking.
    for file in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"):
        if file.stat().st_mtime < time.time() - 24 * 3600:
            file.unlink(missing_ok=True)


def _place(run: ImportRun, number: int, name: str) -> Path:
    folder = _folder(run) / str(number)
    folder.mkdir(parents=True)
    return folder / _safe(name)


def _folder(run: ImportRun) -> Path:
    return Path(settings.DATA_DIR) / "uploads" / str(run.pk)


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


def _not_stored(error: OSError) -> str:
    return _(
        "The files could not be stored on the server: %(reason)s. Nothing was imported; have the "
        "operator make room, then upload them again."
    ) % {"reason": error.strerror or error}
