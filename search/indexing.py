"""Keeping the index true to the archive: following changes, building anew."""

from collections.abc import Iterable, Iterator, Sequence

from articles.models import Article, PendingChange
from search.documents import Document
from search.engines.base import IndexUnavailableError, engine
from search.own_words import own_words
from search.search_indexes import ArticleIndex

__all__ = ["documents", "follow_changes", "rebuild"]

CHANGES_AT_ONCE = 3_000
ROWS_AT_ONCE = 500


def documents(ids: Sequence[int]) -> Iterator[Document]:
    """Yield the documents of the articles that exist among ``ids``."""
    index = ArticleIndex()
    for start in range(0, len(ids), ROWS_AT_ONCE):
        rows = index.index_queryset().filter(pk__in=ids[start : start + ROWS_AT_ONCE])
        yield from map(index.document, rows)


def follow_changes(*, jobs: int = 1) -> int:
    """Bring every noted change into the index and return how many articles that were.

    A missing or damaged index is built anew. The notes are removed only when the index has the
    changes on disk. Raises IndexLockedError while another process writes, OSError on a full disk,
    IndexUnavailableError where even a new index cannot be read.
    """
    try:
        engine().count()
        return _follow(jobs)
    except IndexUnavailableError:
        return rebuild(jobs=jobs) + _follow(jobs)


def _follow(jobs: int) -> int:
    followed = 0
    while changes := _oldest_changes(CHANGES_AT_ONCE * jobs):
        ids = list(dict.fromkeys(article_id for _pk, article_id in changes))
        engine().replace(ids, documents, jobs=jobs)
        _forget(pk for pk, _article_id in changes)
        followed += len(ids)
    return followed


def rebuild(*, jobs: int = 1) -> int:
    """Build the index anew beside the one that serves, and return how many articles it holds.

    It is cut by the editors' words as they are now. Raises IndexLockedError while another process
    writes, OSError on a full disk.
    """
    changes: list[int] = []
    ids: list[int] = []

    def snapshot() -> list[int]:
        changes.extend(PendingChange.objects.values_list("pk", flat=True))
        ids.extend(Article.objects.order_by("pk").values_list("pk", flat=True))
        return ids

    engine().rebuild(snapshot, documents, own_words=own_words(), jobs=jobs)
    _forget(changes)
    return len(ids)


def _oldest_changes(most: int) -> list[tuple[int, int]]:
    changes = PendingChange.objects.order_by("pk").values_list("pk", "article_id")
    return list(changes[:most])


def _forget(changes: Iterable[int]) -> None:
    pks = list(changes)
    for start in range(0, len(pks), ROWS_AT_ONCE):
        PendingChange.objects.filter(pk__in=pks[start : start + ROWS_AT_ONCE]).delete()
