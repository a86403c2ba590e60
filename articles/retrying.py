"""Trying again what could not be imported, and importing what a dry run looked at."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db import transaction

from articles.models import ImportProblem, ImportRun
from articles.tasks import start
from articles.uploads import keep_captures

__all__ = ["NothingToRetryError", "has_sources", "import_for_real", "retry"]


class NothingToRetryError(Exception):
    """Neither the sources of the files nor their bytes are there any more."""


def has_sources(run: ImportRun) -> bool:
    """Tell whether all that ``run`` was to import is still where it was."""
    return all(Path(source).exists() for source in run.sources)


def import_for_real(run: ImportRun, *, user: Any) -> ImportRun:
    """Start the import that ``run``, a dry one, looked at, and return it."""
    return _start(
        ImportRun(
            sources=run.sources,
            only_paths=run.only_paths,
            outlet=run.outlet,
            edits=run.edits,
            requested_by=user,
        )
    )


def retry(problems: Iterable[ImportProblem], *, user: Any) -> tuple[ImportRun, int]:
    """Start an import of the files that ``problems`` tell of; return it and how many it leaves out.

    A file is read where it was, so that what was corrected there counts; where that is gone, the
    bytes that the archive kept are read again. Raises NothingToRetryError when no file is left.
    """
    sources: dict[str, None] = {}
    labels: dict[str, None] = {}
    captures = {}
    outlets = set()
    retried, left_out = [], 0
    for problem in problems:
        run = problem.run
        outlets.add(run.outlet)
        if run.sources and has_sources(run):
            sources.update(dict.fromkeys(run.sources))
            labels[problem.path] = None
        elif problem.capture_id:
            captures[problem.capture_id] = problem.capture
        else:
            left_out += 1
            continue
        retried.append(problem.pk)
    if not retried:
        raise NothingToRetryError
    with transaction.atomic():
        again = ImportRun(requested_by=user, outlet=outlets.pop() if len(outlets) == 1 else None)
        again.retries = retried
        again.status = ImportRun.Status.QUEUED
        again.save()
        paths = keep_captures(again, filter(None, captures.values()))
        again.sources = [*sources, *map(str, paths)]
        again.only_paths = [*labels, *(path.name for path in paths)]
        again.save()
        start(again)
    return again, left_out


def _start(run: ImportRun) -> ImportRun:
    with transaction.atomic():
        run.status = ImportRun.Status.QUEUED
        run.save()
        start(run)
    return run
