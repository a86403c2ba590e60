"""newsarchive's engine."""

from collections.abc import Collection, Sequence
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from haystack import connections

from articles.models import Article
from benchmarks.peers._peer import Peer
from benchmarks.questions import PAGE, Answer, Question
from search.engines.base import engine
from search.indexing import documents
from search.query import AnyOf, Query, Sort
from search.understanding import understand

__all__ = ["Ours"]


class Ours(Peer):
    """The engine that the settings choose; facets and timeline always come along."""

    name = "newsarchive"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        settings.HAYSTACK_CONNECTIONS["default"]["PATH"] = self.folder
        connections.reload("default")

    def build(self, articles: Collection[Article]) -> None:
        """See Peer."""
        self.build_in_processes([article.pk for article in articles], 1)

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

    def _find(self, question: Question, start: int, end: int | None) -> Answer:
        query = Query(
            condition=understand(question.query).condition or AnyOf(),
            sort=Sort.NEWEST if question.newest else Sort.RELEVANCE,
            zone=timezone.get_default_timezone(),
        )
        hits = engine().find(query, start, end)
        return Answer(hits.count, [pk for pk, _score in hits.found])
