"""A job from its beginning, or from where it stopped, to its end."""

from collections import Counter

from django.db import transaction
from django.utils import timezone

from articles.exporting import remove_old_exports
from articles.jobs._changing import ChangeOutlet, Hide, IndexAgain, Publish
from articles.jobs._cleaning import CleanAgain
from articles.jobs._deleting import Delete
from articles.jobs._exporting import Export
from articles.jobs._kind import JobError, Kind
from articles.jobs._merging import MergeOutlets
from articles.jobs._picturing import FetchPictures
from articles.models import Job, Work
from articles.work import finish, is_to_be_cancelled

__all__ = ["do_job"]

KINDS: dict[str, type[Kind]] = {
    Job.Kind.PUBLISH: Publish,
    Job.Kind.HIDE: Hide,
    Job.Kind.CHANGE_OUTLET: ChangeOutlet,
    Job.Kind.CLEAN: CleanAgain,
    Job.Kind.INDEX: IndexAgain,
    Job.Kind.FETCH_PICTURES: FetchPictures,
    Job.Kind.EXPORT: Export,
    Job.Kind.DELETE: Delete,
    Job.Kind.MERGE_OUTLETS: MergeOutlets,
}


def do_job(job: Job) -> None:
    """Do what is left of ``job``; whoever calls has claimed it.

    A chunk of articles is changed, and counted as done, in one transaction: killed at any moment,
    the job goes on with the next chunk. Ends between two chunks when the job shall be cancelled,
    or with KeyboardInterrupt when this process is told to stop; it stays unfinished then. What
    makes it impossible is its message. Raises OSError and DatabaseError as they come.
    """
    remove_old_exports()
    kind = KINDS[job.kind](job)
    try:
        with kind.signals as signals:
            _begin(job, kind)
            for ids in kind.chunks():
                if is_to_be_cancelled(job):
                    finish(job, Work.Status.CANCELLED)
                    return
                prepared = kind.prepare(ids)
                with transaction.atomic():
                    _count(job, len(ids), kind.change(prepared))
                signals.check()
            kind.end()
    except JobError as error:
        finish(job, Work.Status.FAILED, str(error))
        return
    finally:
        kind.close()
    finish(job, Work.Status.FINISHED)


def _begin(job: Job, kind: Kind) -> None:
    """Say that the job runs, since when, and how much had been done by then."""
    kind.begin()
    job.status = Work.Status.RUNNING
    job.parameters |= {"since": timezone.now().isoformat(), "done_before": job.done}
    job.save(update_fields=["status", "done", "total", "parameters"])


def _count(job: Job, done: int, counts: Counter[str]) -> None:
    job.done += done
    job.parameters["counts"] = Counter(job.parameters.get("counts", {})) + counts
    job.save(update_fields=["done", "parameters"])
