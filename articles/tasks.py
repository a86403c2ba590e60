"""What task workers do, and how work is given to them."""

import logging
import os
import signal

from django.db import DatabaseError, transaction
from django_tasks import task

from articles.importing import continue_import
from articles.jobs import do_job
from articles.models import ImportRun, Job, Work
from articles.work import claimed, finish, is_claimed
from articles.workers import WorkersLostError

__all__ = ["continue_abandoned", "start"]

logger = logging.getLogger(__name__)


def start(work: Work) -> None:
    """Have a task worker do ``work``, a saved run or job; also once more, where it had stopped."""
    with transaction.atomic():
        work.status, work.finished_at, work.message = Work.Status.QUEUED, None, ""
        work.in_background, work.cancel_requested = True, False
        work.save(
            update_fields=[
                "status",
                "finished_at",
                "message",
                "in_background",
                "cancel_requested",
            ]
        )
        _enqueue(work)


def continue_abandoned() -> int:
    """Give out again what a worker left unfinished when it died; return how much that was.

    Work that a command did stops with its process: it is marked as interrupted.
    """
    continued = 0
    for model in (ImportRun, Job):
        for work in model.objects.unfinished():
            if is_claimed(work):
                continue
            if work.in_background:
                _enqueue(work)
                continued += 1
            else:
                finish(work, Work.Status.INTERRUPTED)
    return continued


def _enqueue(work: Work) -> None:
    (_import if isinstance(work, ImportRun) else _job).enqueue(work.pk)


@task()
def _import(pk: int) -> None:
    run = ImportRun.objects.filter(pk=pk).first()
    if run:
        _do(run)


@task()
def _job(pk: int) -> None:
    job = Job.objects.filter(pk=pk).first()
    if job:
        _do(job)


def _do(work: Work) -> None:
    """Do unfinished work; whatever goes wrong, its row says so."""
    with claimed(work) as is_mine:
        work.refresh_from_db()
        if not is_mine or not work.is_unfinished:
            return
        try:
            if isinstance(work, ImportRun):
                continue_import(work, jobs=os.cpu_count() or 1)
            elif isinstance(work, Job):
                do_job(work)
        except KeyboardInterrupt:
            # The worker is told to stop. The work goes on when it is back.
            signal.raise_signal(signal.SIGTERM)
        except (OSError, DatabaseError, WorkersLostError) as error:
            finish(work, Work.Status.FAILED, str(error))
        except Exception as error:
            logger.exception("%r failed", work)
            finish(work, Work.Status.FAILED, f"{type(error).__name__}: {error}")
