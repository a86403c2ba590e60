"""What every kind of job is made of."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from articles.models import Job
from articles.workers import HeldSignals

__all__ = ["JobError", "Kind"]


class JobError(Exception):
    """The job cannot be done, or not now; the message is for people, in their language."""


class Kind:
    """What is done with each chunk of a job's articles.

    Outcomes are counted by names; the page of a job says what each means.
    """

    at_once = 500

    def __init__(self, job: Job) -> None:
        self.job = job

    @cached_property
    def signals(self) -> HeldSignals:
        """What holds signals back while the job is done."""
        return HeldSignals()

    def begin(self) -> None:
        """Make ready, for the first time or once more. Raises JobError."""

    def chunks(self) -> Iterator[Sequence[int]]:
        """Yield the ids that are left to do, some at a time."""
        ids = self.job.article_ids
        for start in range(self.job.done, len(ids), self.at_once):
            yield ids[start : start + self.at_once]

    def prepare(self, ids: Sequence[int]) -> Any:
        """Return what ``change`` needs, by default the ids; takes as long as it takes."""
        return ids

    def change(self, prepared: Any) -> Counter[str]:
        """Change articles, in a transaction, and count outcomes; those that are gone, too."""
        raise NotImplementedError

    def end(self) -> None:
        """Do what is to be done after the last chunk. Raises JobError."""

    def close(self) -> None:
        """Leave nothing behind that is only half made; called last, whatever happened."""
