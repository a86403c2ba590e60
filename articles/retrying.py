"""Trying again what could not be imported, and importing what a dry run looked at."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db import transaction

from articles.models import Capture, ImportProblem, ImportRun
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
    real = ImportRun(
        sources=run.sources,
        only_paths=run.only_paths,
        outlet=run.outlet,
        edits=run.edits,
        requested_by=user,
        status=ImportRun.Status.QUEUED,
    )
    with transaction.atomic():
        real.save()
        start(real)
    return real


def retry(problems: Iterable[ImportProblem], *, user: Any) -> tuple[ImportRun, int]:
    """Start an import of the files that ``problems`` tell of; return it and how many it leaves out.

    A file is read where it was, so that what was corrected there counts; where that is gone, the
    bytes that the archive kept are read again. What only dry runs met is tried in a dry run.
    Raises NothingToRetryError when no file is left, and OSError, with a message for people, when
    there is no room for the bytes.
    """
    runs: dict[int, ImportRun] = {}
    readable: set[int] = set()
    by_label: dict[str, list[int]] = {}
    by_capture: dict[Capture, list[int]] = {}
    left_out = 0
    for problem in problems:
        if problem.run_id not in runs:
            runs[problem.run_id] = problem.run
            if problem.run.sources and has_sources(problem.run):
                readable.add(problem.run_id)
        if problem.run_id in readable:
            by_label.setdefault(problem.path, []).append(problem.pk)
        elif problem.capture:
            by_capture.setdefault(problem.capture, []).append(problem.pk)
        else:
            left_out += 1
    if not by_label and not by_capture:
        raise NothingToRetryError
    sources = dict.fromkeys(source for pk in readable for source in runs[pk].sources)
    outlets = {run.outlet for run in runs.values()}
    again = ImportRun(
        requested_by=user,
        outlet=outlets.pop() if len(outlets) == 1 else None,
        dry_run=all(run.dry_run for run in runs.values()),
        status=ImportRun.Status.QUEUED,
    )
    with transaction.atomic():
        again.save()
        paths = keep_captures(again, by_capture, taken=by_label)
        labels = [path.name for path in paths]
        again.sources = [*sources, *map(str, paths)]
        again.only_paths = [*by_label, *labels]
        again.retries = [*by_label.items(), *zip(labels, by_capture.values(), strict=True)]
        again.save()
        start(again)
    return again, left_out
