"""newsarchive's engine."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from haystack import connections

from articles.models import Article
from benchmarks.corpus import Stored
from benchmarks.peers._peer import Peer
from benchmarks.questions import PAGE, Answer, Question
from search.engines.base import engine
from search.engines.whoosh._cache import OWN_BYTES, cache
from search.indexing import documents
from search.query import AnyOf, Query
from search.understanding import understand

__all__ = ["Ours"]


class Ours(Peer):
    """The engine that the settings choose."""

    name = "newsarchive"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        settings.HAYSTACK_CONNECTIONS["default"]["PATH"] = self.folder
        connections.reload("default")

    def build(self, articles: Collection[Article]) -> None:
        """See Peer."""
        ids = articles.ids if isinstance(articles, Stored) else [a.pk for a in articles]
        self.build_in_processes(ids, 1)

    def build_in_processes(self, ids: Sequence[int], jobs: int) -> None:
        """Index the articles with these ids as the commands do."""
        engine().rebuild(lambda: list(ids), documents, jobs=jobs)

    def open(self) -> None:
        """See Peer."""
        connections.reload("default")
        engine().count()

    def find(self, question: Question) -> Answer:
        """See Peer."""
        return self._find(question, question.start, question.start + PAGE)

    def find_all(self, question: Question) -> set[int]:
        """See Peer."""
        return set(self._find(question, 0, None).ids)

    def forget(self) -> None:
        """See Peer. Days, outlets and lengths, which every search needs, are kept."""
        for key in list(cache._arrays):
            match key:
                case (_segment, "outlets" | ("days" | "lengths", _)):
                    continue
            cache._bytes -= cache._arrays.pop(key).nbytes + OWN_BYTES
        backend: Any = engine()
        for leaf in backend._leaves:
            leaf._postings.clear()

    def _find(self, question: Question, start: int, end: int | None) -> Answer:
        query = Query(
            condition=understand(question.query).condition or AnyOf(),
            sort=question.sort,
            zone=timezone.get_default_timezone(),
            with_facets=question.with_facets,
        )
        hits = engine().find(query, start, end)
        return Answer(hits.count, [pk for pk, _score in hits.found])
