"""Whether index and database agree, and making them agree."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

from articles.models import Article, PendingChange
from search.documents import Document
from search.engines.base import engine
from search.indexing import documents
from search.search_indexes import ArticleIndex

__all__ = ["Comparison", "compare", "repair"]

ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Comparison:
    """The ids of articles for which index and database do not say the same.

    ``missing`` are not in the index, ``stray`` only there, ``changed`` have another outlet, time,
    title or text there, or are there twice. ``pending`` differ as well, but the change is noted:
    the index will follow.
    """

    articles: int
    missing: list[int] = field(default_factory=list)
    stray: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)

    @property
    def differing(self) -> list[int]:
        """The ids that no noted change explains."""
        return sorted([*self.missing, *self.stray, *self.changed])


def compare() -> Comparison:
    """Compare every document of the index with what the database gives.

    Reads both in order of their ids and keeps only what differs. Raises IndexUnavailableError.
    """
    engine().count()
    noted = _noted()
    kinds = dict(_differences())
    if not noted.issuperset(kinds):
        # What was being edited and indexed while it was compared agrees when seen again.
        noted |= _noted()
        again = dict(_differences())
        kinds = {pk: kind for pk, kind in again.items() if pk in kinds}
    noted |= _noted()
    found = Comparison(articles=Article.objects.count())
    for pk, kind in kinds.items():
        ids: list[int] = getattr(found, "pending" if pk in noted else kind)
        ids.append(pk)
    return found


def repair(ids: Iterable[int], *, jobs: int = 1) -> None:
    """Make the index agree with the database about the articles ``ids``. Raises as ``replace``."""
    engine().replace(list(ids), documents, jobs=jobs)


def _differences() -> Iterator[tuple[int, str]]:
    """Yield the ids for which index and database differ, in order, and how."""
    kept = ((document.id, True, document) for document in engine().documents())
    true = ((document.id, False, document) for document in _documents_of_articles())
    by_id = itemgetter(0)
    for pk, both in groupby(heapq.merge(kept, true, key=by_id), by_id):
        sides: dict[bool, list[Document]] = {True: [], False: []}
        for _pk, is_kept, document in both:
            sides[is_kept].append(document)
        if sides[True] != sides[False]:
            kind = "missing" if not sides[True] else "stray" if not sides[False] else "changed"
            yield pk, kind


def _documents_of_articles() -> Iterator[Document]:
    """Yield the documents that the database gives, by id."""
    index, last = ArticleIndex(), 0
    while rows := list(index.index_queryset().filter(pk__gt=last)[:ROWS_AT_ONCE]):
        yield from map(index.document, rows)
        last = rows[-1].pk


def _noted() -> set[int]:
    return set(PendingChange.objects.values_list("article_id", flat=True))
