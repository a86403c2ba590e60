"""What the first page of the editor's desk tells."""

from django.db.models import QuerySet
from django.utils.functional import cached_property

from articles.models import Article, ImportProblem, ImportRun

__all__ = ["Overview"]

LATEST_RUNS = 5
COUNTED = 1000


class Overview:
    """Reads the database for what is asked of it, and counts no further than anybody wants to know.

    Counts are texts: "0", "12", "1000+".
    """

    @cached_property
    def latest_runs(self) -> list[ImportRun]:
        """The newest import runs."""
        return list(ImportRun.objects.select_related("requested_by")[:LATEST_RUNS])

    @cached_property
    def problems(self) -> str:
        """How many files that could not be taken as they are nobody has mended; no dry runs'."""
        return _count(ImportProblem.objects.filter(resolved_at=None, run__dry_run=False))

    @cached_property
    def newer_captures(self) -> str:
        """How many edited articles have a newer capture."""
        return _count(Article.objects.filter(has_newer_capture=True))

    @cached_property
    def hidden(self) -> str:
        """How many articles are hidden."""
        return _count(Article.objects.filter(hidden=True))


def _count(rows: QuerySet) -> str:
    count = rows.order_by()[: COUNTED + 1].count()
    return f"{COUNTED}+" if count > COUNTED else str(count)
