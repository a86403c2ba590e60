"""Publishing, hiding, another outlet, indexing again."""

from collections import Counter
from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from articles.jobs._kind import JobError, Kind
from articles.jobs._versions import keep_imported_ones, keep_versions
from articles.models import Article, Outlet, PendingChange

__all__ = ["ChangeOutlet", "Hide", "IndexAgain", "Publish"]


class Hide(Kind):
    """Takes articles away from readers; each keeps a version that says so."""

    hidden = True

    def change(self, ids: Sequence[int]) -> Counter[str]:
        """Hide or publish what is not yet so."""
        found = list(Article.objects.filter(pk__in=ids))
        changed = [article for article in found if article.hidden != self.hidden]
        articles = Article.objects.filter(pk__in=[article.pk for article in changed])
        # Searches ask the database what is hidden: the index need not follow.
        QuerySet.update(articles, hidden=self.hidden)
        for article in changed:
            article.hidden = self.hidden
        keep_versions(changed, user=self.job.requested_by, reason=str(self.job))
        return _counts(ids, found, changed)


class Publish(Hide):
    """Gives articles back to readers."""

    hidden = False


class ChangeOutlet(Kind):
    """Files articles under another outlet; what they were is among their versions."""

    def begin(self) -> None:
        """Find the outlet."""
        pk = self.job.parameters["outlet"]
        outlet = Outlet.objects.filter(pk=pk).first()
        if outlet is None:
            raise JobError(_("The outlet is gone; the articles that are left stay where they are."))
        self.outlet = outlet

    def change(self, ids: Sequence[int]) -> Counter[str]:
        """File them under the outlet; the index follows."""
        found = list(Article.objects.filter(pk__in=ids))
        changed = [article for article in found if article.outlet_id != self.outlet.pk]
        keep_imported_ones(changed)
        Article.objects.filter(pk__in=[article.pk for article in changed]).update(
            outlet=self.outlet
        )
        for article in changed:
            article.outlet = self.outlet
        keep_versions(changed, user=self.job.requested_by, reason=str(self.job))
        return _counts(ids, found, changed)


class IndexAgain(Kind):
    """Has the search index read articles once more."""

    at_once = 2_000

    def change(self, ids: Sequence[int]) -> Counter[str]:
        """Note them as changed; those that are gone leave the index if they are still there."""
        PendingChange.objects.note(ids)
        return Counter(indexed=len(ids))


def _counts(
    ids: Sequence[int], found: Sequence[Article], changed: Sequence[Article]
) -> Counter[str]:
    return Counter(
        changed=len(changed), unchanged=len(found) - len(changed), gone=len(ids) - len(found)
    )
