"""One import: walks the sources, has workers prepare what is new, stores it in batches."""

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from pebble import ProcessExpired

from articles.importing._outlets import OutletFinder
from articles.importing._prepare import Failed, Prepared, Skipped, prepare, raw_file
from articles.importing._store import Outcome, Problem, Result, Store
from articles.importing.sources import SourceFile, SourceProblem, walk
from articles.models import Capture, ImportRun, Outlet
from articles.problems import ProblemKind
from articles.workers import Task, Workers, WorkersLostError

__all__ = ["ImportReport", "Problem", "run_import"]

BATCH_FILES = 200
BATCH_BYTES = 16_000_000
SECONDS_PER_FILE = 30


@dataclass(slots=True)
class ImportReport(Outcome):
    """What an import did. ``run`` is the import run's id, None after a dry run."""

    seconds: float = 0.0
    run: int | None = None


_Pending = tuple[SourceFile, Task[Prepared | Skipped | Failed]] | Failed


@dataclass(slots=True)
class _Batch:
    """Some files in walking order: what is known of them, and what workers still prepare."""

    unchanged: int
    pending: list[_Pending]


def run_import(
    paths: Sequence[Path],
    *,
    outlet: Outlet | None = None,
    dry_run: bool = False,
    jobs: int = 1,
    progress: Callable[[int], object] = lambda _files: None,
) -> ImportReport:
    """Import the article files under ``paths`` and return what became of them.

    ``outlet`` overrides what folders and addresses say; a dry run reports the same and stores
    nothing; ``jobs`` is the number of worker processes; ``progress`` is called with the number of
    files done since its last call. Files whose bytes are known are recognised before any parsing.

    Whatever stops an import (an exception, a kill) leaves whole batches behind: the same import
    again continues where it stopped. Database errors are raised as they are; WorkersLostError when
    no worker process stays alive.
    """
    started = time.monotonic()
    with Workers(jobs) as workers:
        run = None if dry_run else _start_run(paths)
        report = ImportReport(run=run.pk if run else None)
        store = Store(run, OutletFinder(outlet))
        try:
            for batch in _prepared_ahead(
                workers, walk(paths, leaving_out=settings.DATA_DIR), ahead=jobs + 1
            ):
                results = [_result(workers, item) for item in batch.pending]
                report.add(store.store(results, unchanged=batch.unchanged))
                progress(len(batch.pending) + batch.unchanged)
                workers.check()
        except KeyboardInterrupt:
            _finish(run, ImportRun.Status.INTERRUPTED)
            raise
        except Exception:
            _finish(run, ImportRun.Status.FAILED)
            raise
        _finish(run, ImportRun.Status.FINISHED)
    report.seconds = time.monotonic() - started
    return report


def _prepared_ahead(
    workers: Workers, files: Iterator[SourceFile | SourceProblem], *, ahead: int
) -> Iterator[_Batch]:
    """Yield batches in walking order while workers already prepare the next ``ahead`` ones."""
    waiting: deque[_Batch] = deque()
    for chunk in _chunks(files):
        waiting.append(_submit(workers, chunk))
        if len(waiting) > ahead:
            yield waiting.popleft()
    yield from waiting


def _chunks(
    files: Iterator[SourceFile | SourceProblem],
) -> Iterator[list[SourceFile | SourceProblem]]:
    """Yield lists of files, ended by their number or, so that memory stays bounded, their size."""
    chunk: list[SourceFile | SourceProblem] = []
    size = 0
    for file in files:
        chunk.append(file)
        size += len(file.data) if isinstance(file, SourceFile) else 0
        if len(chunk) >= BATCH_FILES or size >= BATCH_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _submit(workers: Workers, chunk: list[SourceFile | SourceProblem]) -> _Batch:
    digests = [
        hashlib.sha256(file.data).hexdigest() if isinstance(file, SourceFile) else ""
        for file in chunk
    ]
    captures = Capture.objects.filter(sha256__in=digests, article__isnull=False)
    known = set(captures.values_list("sha256", flat=True))
    batch = _Batch(unchanged=0, pending=[])
    for file, digest in zip(chunk, digests, strict=True):
        if isinstance(file, SourceProblem):
            batch.pending.append(Failed(file.path, file.kind, file.message))
        elif digest in known:
            batch.unchanged += 1
        else:
            task = workers.submit(prepare, file, timeout=SECONDS_PER_FILE)
            batch.pending.append((file, task))
    return batch


def _result(workers: Workers, item: _Pending) -> Result:
    """Wait for a worker; a file that hangs or kills it is a problem of that file alone."""
    if isinstance(item, Failed):
        return item
    file, task = item
    try:
        return workers.result(task)
    except WorkersLostError:
        raise
    except TimeoutError:
        message = f"Reading the file took longer than {SECONDS_PER_FILE} seconds."
        return Failed(file.path, ProblemKind.TIMEOUT, message, raw=raw_file(file))
    except ProcessExpired:
        message = "Reading the file ended its worker process."
    except Exception as error:
        message = f"Reading the file failed: {type(error).__name__}: {error}"
    return Failed(file.path, ProblemKind.CRASH, message, raw=raw_file(file))


def _start_run(paths: Sequence[Path]) -> ImportRun:
    """Begin a run, and mark those whose process is gone as interrupted."""
    for run in ImportRun.objects.filter(status=ImportRun.Status.RUNNING):
        if not _is_alive(run.process_id):
            _finish(run, ImportRun.Status.INTERRUPTED)
    sources = [os.fsencode(path).decode("utf-8", "replace") for path in paths]
    return ImportRun.objects.create(sources=sources, process_id=os.getpid())


def _is_alive(process_id: int | None) -> bool:
    if process_id is None:
        return False
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process_id != os.getpid()


def _finish(run: ImportRun | None, status: ImportRun.Status) -> None:
    if run:
        ImportRun.objects.filter(pk=run.pk).update(status=status, finished_at=timezone.now())
