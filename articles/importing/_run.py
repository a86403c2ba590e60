"""One import: walks the sources, has workers prepare what is new, stores it in batches."""

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from pebble import ProcessExpired

from articles.importing._names import holders
from articles.importing._outlets import OutletFinder
from articles.importing._prepare import Failed, prepare, raw_file
from articles.importing._store import Outcome, Problem, Result, Store, remaining_problems
from articles.importing.sources import SourceFile, SourceProblem, count, walk
from articles.models import Capture, ImportProblem, ImportRun, Outlet
from articles.problems import WARNINGS, ProblemKind
from articles.work import claimed, finish, is_claimed, is_to_be_cancelled
from articles.workers import HeldSignals, Task, Workers, WorkersLostError

__all__ = ["ImportReport", "Problem", "continue_import", "run_import"]

BATCH_FILES = 200
BATCH_BYTES = 16_000_000
SECONDS_PER_FILE = 30


@dataclass(slots=True)
class ImportReport(Outcome):
    """What an import did. ``run`` is the import run's id, None after a dry run."""

    seconds: float = 0.0
    run: int | None = None


_Pending = tuple[SourceFile, Task[Result]] | Failed


@dataclass(slots=True)
class _Batch:
    """Some files in walking order: what is known of them, and what workers still prepare."""

    files: int
    pending: list[_Pending]
    recognised: list[str]
    """The labels of files whose bytes are known."""
    unchanged: int = 0


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
    if dry_run:
        store = Store(None, OutletFinder(outlet), is_dry=True)
        return _import(paths, store, jobs=jobs, progress=progress)
    _close_abandoned()
    sources = [os.fsencode(path).decode("utf-8", "replace") for path in paths]
    run = ImportRun.objects.create(sources=sources, outlet=outlet)
    with claimed(run):
        try:
            report = _import(
                paths, Store(run, OutletFinder(outlet)), run=run, jobs=jobs, progress=progress
            )
        except KeyboardInterrupt:
            finish(run, ImportRun.Status.INTERRUPTED)
            raise
        except Exception:
            finish(run, ImportRun.Status.FAILED)
            raise
        finish(run, ImportRun.Status.FINISHED)
    return report


def continue_import(run: ImportRun, *, jobs: int = 1) -> None:
    """Do what ``run`` asks for, or what is left of it; its row tells how far it is.

    Whoever calls has claimed the run. Ends when the run is done or shall be cancelled. Raises as
    ``run_import`` does, and KeyboardInterrupt when this process is told to stop; the run stays
    unfinished then, and can be continued.
    """
    # A signal that comes before the workers are there must not be lost.
    with HeldSignals() as signals:
        _begin(run)
        signals.check()
        only = frozenset(run.only_paths) or None
        stored = frozenset(run.captures.values_list("sha256", flat=True))
        store = Store(run, OutletFinder(run.outlet), is_dry=run.dry_run, stored=stored)
        _import(_paths(run), store, run=run, only=only, stored=stored, jobs=jobs)
        if is_to_be_cancelled(run):
            finish(run, ImportRun.Status.CANCELLED)
            return
        if only:
            # How many files these labels are, only the walk tells.
            ImportRun.objects.filter(pk=run.pk).update(total=F("done"))
        finish(run, ImportRun.Status.FINISHED)


def _paths(run: ImportRun) -> list[Path]:
    return [Path(source) for source in run.sources]


def _begin(run: ImportRun) -> None:
    if run.dry_run:
        run.problems.all().delete()
        run.created = run.updated = 0
    # What was stored before is recognised and counted; the rest is met again.
    run.done = run.unchanged = run.skipped = run.failed = 0
    run.status = ImportRun.Status.RUNNING
    run.total = len(run.only_paths) or count(_paths(run))
    run.begun_at = timezone.now()
    run.save(
        update_fields=[
            "status",
            "begun_at",
            "total",
            "done",
            "created",
            "updated",
            "unchanged",
            "skipped",
            "failed",
        ]
    )


def _import(
    paths: Sequence[Path],
    store: Store,
    *,
    run: ImportRun | None = None,
    only: frozenset[str] | None = None,
    stored: AbstractSet[str] = frozenset(),
    jobs: int,
    progress: Callable[[int], object] = lambda _files: None,
) -> ImportReport:
    """Import, and stop early where ``run`` shall be cancelled.

    ``only`` are the labels of the files that count; ``stored`` the digests that were stored, and
    counted, when the run was begun.
    """
    started = time.monotonic()
    report = ImportReport(run=run.pk if run else None)
    files = walk(paths, leaving_out=settings.DATA_DIR, only=only)
    counted = set(stored)
    with Workers(jobs) as workers:
        for batch in _prepared_ahead(workers, files, counted, ahead=jobs + 1):
            results = [_result(workers, item) for item in batch.pending]
            report.add(store.store(results, unchanged=batch.unchanged, done=batch.files))
            if run and run.retries and not run.dry_run:
                _mark_mended(dict(run.retries), batch.recognised, results)
            progress(batch.files)
            workers.check()
            if run and is_to_be_cancelled(run):
                break
    report.seconds = time.monotonic() - started
    return report


def _prepared_ahead(
    workers: Workers,
    files: Iterator[SourceFile | SourceProblem],
    counted: set[str],
    *,
    ahead: int,
) -> Iterator[_Batch]:
    """Yield batches in walking order while workers already prepare the next ``ahead`` ones."""
    waiting: deque[_Batch] = deque()
    for chunk in _chunks(files):
        waiting.append(_submit(workers, chunk, counted))
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


def _submit(workers: Workers, chunk: list[SourceFile | SourceProblem], counted: set[str]) -> _Batch:
    digests = [
        hashlib.sha256(file.data).hexdigest() if isinstance(file, SourceFile) else ""
        for file in chunk
    ]
    captures = Capture.objects.filter(sha256__in=digests, article__isnull=False)
    known = set(captures.values_list("sha256", flat=True))
    batch = _Batch(files=len(chunk), pending=[], recognised=[])
    for file, digest in zip(chunk, digests, strict=True):
        if isinstance(file, SourceProblem):
            batch.pending.append(Failed(file.path, file.kind, file.message))
        elif digest in known:
            batch.recognised.append(file.path)
            if digest in counted:
                counted.remove(digest)
            else:
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


def _mark_mended(
    retried: Mapping[str, Sequence[int]], recognised: Sequence[str], results: Sequence[Result]
) -> None:
    """Mark problems that were tried again as mended where their files are articles now.

    ``retried`` are their ids by the labels of the files. What was said of an article stays a
    problem while its file is the same, or gives the same reason.
    """
    remaining = dict.fromkeys(recognised, WARNINGS) | remaining_problems(results)
    # An archive that could not be opened could be now.
    opened = {holder: frozenset[ProblemKind]() for label in remaining for holder in holders(label)}
    remaining |= opened
    for label in retried.keys() & remaining.keys():
        problems = ImportProblem.objects.filter(pk__in=retried[label], resolved_at=None)
        problems.exclude(kind__in=remaining[label]).update(resolved_at=timezone.now())


def _close_abandoned() -> None:
    """Mark the runs of commands whose process is gone as interrupted."""
    for run in ImportRun.objects.unfinished().filter(in_background=False):
        if not is_claimed(run):
            finish(run, ImportRun.Status.INTERRUPTED)
