"""The files of pictures: whole under the name of their SHA-256, or not there."""

import os
from pathlib import Path

from django.conf import settings

from articles.disk import sync

__all__ = ["is_kept", "keep", "path_of", "remove_unfinished"]


def path_of(sha256: str, format: str) -> Path:
    """Return where the picture with these bytes lies, if it is kept."""
    return _folder() / sha256[:2] / f"{sha256}.{format}"


def is_kept(sha256: str, format: str) -> bool:
    """Tell whether the picture lies where it belongs; a backup may have left it out."""
    try:
        return path_of(sha256, format).is_file()
    except OSError:
        return False


def keep(data: bytes, sha256: str, format: str) -> None:
    """Write a picture to the disk, and return when it is there. Raises OSError."""
    path = path_of(sha256, format)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = _arriving() / path.name
    unfinished.parent.mkdir(exist_ok=True)
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    for folder in (path.parent, path.parent.parent):
        sync(folder)


def remove_unfinished() -> None:
    """Remove what a killed process left half written."""
    for path in _arriving().glob("*"):
        path.unlink(missing_ok=True)


def _folder() -> Path:
    folder: Path = settings.DATA_DIR / "media"
    return folder


def _arriving() -> Path:
    return _folder() / "arriving"
