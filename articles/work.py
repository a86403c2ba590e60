"""Background work: claimed by one process at a time, finished once.

A claim is a lock on a file: the kernel frees it however its process ends, so that work whose lock
can be had has nobody who does it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from filelock import FileLock, Timeout

from articles.models import Work

__all__ = ["claimed", "finish", "is_claimed", "is_to_be_cancelled"]


@contextmanager
def claimed(work: Work) -> Iterator[bool]:
    """Hold ``work`` for this process; yields False where another process does it."""
    lock = FileLock(_lock_path(work))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def is_claimed(work: Work) -> bool:
    """Tell whether a living process does ``work``."""
    with claimed(work) as is_mine:
        return not is_mine


def is_to_be_cancelled(work: Work) -> bool:
    """Tell whether somebody asked, since ``work`` was loaded, that it stop."""
    return type(work)._default_manager.filter(pk=work.pk, cancel_requested=True).exists()


def finish(work: Work, status: Work.Status, message: str = "") -> None:
    """End ``work``; what else its row says stays as it is."""
    work.status, work.finished_at, work.message = status, timezone.now(), message
    work.save(update_fields=["status", "finished_at", "message"])


def _lock_path(work: Work) -> Path:
    folder: Path = settings.DATA_DIR / "locks"
    folder.mkdir(exist_ok=True)
    return folder / f"{work._meta.model_name}-{work.pk}"
