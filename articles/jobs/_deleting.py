"""Deleting articles with all they own."""

from collections import Counter
from collections.abc import Sequence

from articles.jobs._kind import Kind
from articles.models import Article, Capture, ImportProblem, PendingChange

__all__ = ["Delete"]


class Delete(Kind):
    """Deletes articles, their captures and their versions without reading any of them."""

    def change(self, ids: Sequence[int]) -> Counter[str]:
        """Delete those that are still there; the index follows."""
        articles = Article.objects.filter(pk__in=ids).order_by()
        captures = Capture.objects.filter(article__in=ids).order_by()
        versions = Article.history.filter(id__in=ids).order_by()
        found = articles.count()
        ImportProblem.objects.filter(capture__article__in=ids).update(capture=None)
        # delete() would load every row, the contents of captures too, and make a last version.
        for rows in (versions, captures, articles):
            rows._raw_delete(rows.db)
        PendingChange.objects.note(ids)
        return Counter(deleted=found, gone=len(ids) - found)
