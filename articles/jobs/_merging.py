"""Merging outlets."""

from collections import Counter
from collections.abc import Iterator, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from articles.jobs._kind import JobError, Kind
from articles.models import Article, Outlet
from articles.outlets import is_importing, merge_into, move_articles, move_names

__all__ = ["MergeOutlets"]


class MergeOutlets(Kind):
    """Moves all that outlets have to another one, and deletes them.

    Which articles these are, is seen when they are moved: some may come in meanwhile.
    """

    def begin(self) -> None:
        """Find the outlets, and have what is imported from now on filed under the right one."""
        parameters = self.job.parameters
        target = Outlet.objects.filter(pk=parameters["target"]).first()
        if target is None:
            raise JobError(_("The outlet that the others were to be merged into is gone."))
        if is_importing():
            raise JobError(_importing())
        self.target = target
        self.sources = list(
            Outlet.objects.filter(pk__in=parameters["sources"]).exclude(pk=target.pk)
        )
        with transaction.atomic():
            move_names(self.sources, target)

    def chunks(self) -> Iterator[Sequence[int]]:
        """Yield ids of articles until the outlets have none."""
        left = Article.objects.filter(outlet__in=self.sources).order_by()
        while ids := list(left.values_list("pk", flat=True)[: self.at_once]):
            yield ids

    def change(self, ids: Sequence[int]) -> Counter[str]:
        """Move articles; the index follows."""
        moved = move_articles(ids, self.sources, self.target)
        return Counter(changed=moved, gone=len(ids) - moved)

    def end(self) -> None:
        """Delete the outlets."""
        with transaction.atomic():
            if is_importing() or Article.objects.filter(outlet__in=self.sources).exists():
                raise JobError(_importing())
            merge_into(self.target, self.sources)
        self.job.total = self.job.done
        self.job.save(update_fields=["total"])


def _importing() -> str:
    return _(
        "An import is running, and it knows the outlets as they were. Continue when it has ended."
    )
