"""What every engine shares: its door for the index, and haystack's queries as ``Query``."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from django.utils import timezone
from haystack import connections
from haystack.backends import BaseSearchBackend, BaseSearchQuery, SearchNode
from haystack.models import SearchResult

from search.documents import Document, Loader
from search.query import AllOf, AnyOf, Condition, Query, Sort
from search.text import NO_WORDS, OwnWords
from search.understanding import understand

__all__ = ["Engine", "EngineQuery", "Hits", "IndexLockedError", "IndexUnavailableError", "engine"]


class IndexUnavailableError(Exception):
    """The index is missing or damaged and must be built again."""


class IndexLockedError(Exception):
    """Another process is writing the index."""


@dataclass(frozen=True, slots=True)
class Hits:
    """How many articles a query finds, and ids and scores of the asked part of them, in order.

    ``outlets`` counts them by outlet as if the query named no outlets, ``years`` as if it had no
    bounds in time, ``days`` as it is; undated ones belong to no year or day. They may be empty
    where the query is without facets.
    """

    count: int
    found: list[tuple[int, float]]
    outlets: dict[int, int] = field(default_factory=dict)
    years: dict[int, int] = field(default_factory=dict)
    days: dict[date, int] = field(default_factory=dict)


class Engine(BaseSearchBackend):
    """A haystack backend that keeps ``Document``s and answers ``Query``s."""

    @abstractmethod
    def find(self, query: Query, start: int, end: int | None) -> Hits:
        """Return hits ``start`` to ``end`` of ``query``. Raises IndexUnavailableError."""

    def how_many(self, query: Query) -> int:
        """Return how many documents ``query`` finds. Raises IndexUnavailableError."""
        return self.find(query, 0, 0).count

    @abstractmethod
    def similar(self, pk: int, most: int, *, without: Sequence[int] = ()) -> list[int]:
        """Return the ids of the articles most like article ``pk``, the most alike first.

        None where the index has no such article. ``without`` as in ``Query``. Raises
        IndexUnavailableError.
        """

    @abstractmethod
    def completions(self, prefix: str, most: int, *, without: Sequence[int] = ()) -> list[str]:
        """Return the most frequent words of the archive that begin with a folded ``prefix``.

        Those that only articles ``without`` have are left out. Raises IndexUnavailableError.
        """

    @abstractmethod
    def corrections(self, word: str, most: int, *, without: Sequence[int] = ()) -> list[str]:
        """Return the most frequent words of the archive that differ from ``word`` in one character.

        Those that only articles ``without`` have are left out. Raises IndexUnavailableError.
        """

    @abstractmethod
    def replace(self, ids: Sequence[int], load: Loader, *, jobs: int = 1) -> None:
        """Make the index agree with what ``load`` gives for ``ids``, all of it or nothing.

        Documents are exchanged, ids for which nothing is loaded disappear. Raises
        IndexLockedError, IndexUnavailableError, and OSError when the disk is full.
        """

    @abstractmethod
    def rebuild(
        self,
        ids: Callable[[], Sequence[int]],
        load: Loader,
        *,
        own_words: OwnWords = NO_WORDS,
        jobs: int = 1,
    ) -> None:
        """Build a new index of ``ids`` beside the one that serves, then switch over at once.

        Others may ``replace`` documents meanwhile: ``ids`` is asked when whatever they change from
        then on gets into the new index too, by ``load``. ``own_words`` are the editors', by which
        the index is cut. Raises as ``replace``.
        """

    def tidy(self) -> None:
        """Do what makes searches quicker and would have kept edits waiting; takes some seconds.

        Raises as ``replace``.
        """

    @abstractmethod
    def own_words(self) -> OwnWords:
        """Return the words with which the index was built. Raises IndexUnavailableError."""

    @abstractmethod
    def count(self) -> int:
        """Return the number of documents, having seen that all can be searched.

        Raises IndexUnavailableError.
        """

    @abstractmethod
    def documents(self) -> Iterator[Document]:
        """Yield all documents as the index has them, by id. Raises IndexUnavailableError."""

    def ids(self) -> set[int]:
        """Return the ids of all documents. Raises IndexUnavailableError."""
        return {document.id for document in self.documents()}

    def update(self, index: Any, iterable: Iterable[Any], commit: bool = True) -> None:
        """Index the given articles (haystack's door)."""
        documents = {document.id: document for document in map(index.document, iterable)}
        self.replace(list(documents), lambda ids: [documents[pk] for pk in ids])

    def remove(self, obj_or_string: Any, commit: bool = True) -> None:
        """Remove an article, given itself or as ``app.model.pk`` (haystack's door)."""
        pk = getattr(obj_or_string, "pk", None) or str(obj_or_string).rpartition(".")[2]
        self.replace([int(pk)], lambda _ids: [])

    def clear(self, models: Any = None, commit: bool = True) -> None:
        """Switch to an empty index (haystack's door)."""
        self.rebuild(list, lambda _ids: [])

    def search(
        self,
        query_string: Query,
        start_offset: int = 0,
        end_offset: int | None = None,
        result_class: type[SearchResult] | None = None,
        **_options: Any,
    ) -> dict[str, Any]:
        """Answer ``query_string``, a Query as ``EngineQuery`` builds them (haystack's door)."""
        hits = self.find(query_string, start_offset, end_offset)
        result = result_class or SearchResult
        return {
            "results": [result("articles", "article", pk, score) for pk, score in hits.found],
            "hits": hits.count,
            "facets": {"outlets": hits.outlets, "years": hits.years, "days": hits.days},
        }


class EngineQuery(BaseSearchQuery):
    """Builds a ``Query`` from what was asked of a SearchQuerySet.

    It understands ``content`` (what a person typed), ``outlet__in`` (ids), ``published_at__gte``
    and ``published_at__lt`` (aware times), all of which must hold, ``without`` (ids, ascending) and
    ordering by ``published_at`` or ``-published_at``.
    """

    CONDITIONS = ("content", "outlet__in", "published_at__gte", "published_at__lt", "without")

    def build_query(self) -> Query:
        """Return the ``Query`` for the engine. Raises ValueError for what it cannot express."""
        asked: dict[str, Any] = dict(self._conditions(self.query_filter))
        condition: Condition = AllOf()
        if "content" in asked:
            # Nothing to search for finds nothing.
            understood = understand(str(asked["content"]), self.backend.own_words())
            condition = understood.condition or AnyOf()
        return Query(
            condition=condition,
            outlets=frozenset(asked.get("outlet__in", ())),
            after=asked.get("published_at__gte"),
            before=asked.get("published_at__lt"),
            sort=self._sort(),
            zone=timezone.get_default_timezone(),
            without=asked.get("without", ()),
        )

    def _conditions(self, node: SearchNode) -> Iterable[tuple[str, Any]]:
        if node.negated or (node.connector != SearchNode.AND and len(node) > 1):
            raise ValueError("Searches are conditions that must all hold.")
        for child in node.children:
            if isinstance(child, SearchNode):
                yield from self._conditions(child)
            else:
                field, value = child
                field = field.removesuffix("__content")
                if field not in self.CONDITIONS:
                    raise ValueError(f"Searches know no condition {field}.")
                yield field, getattr(value, "query_string", value)

    def _sort(self) -> Sort:
        match self.order_by:
            case ["-published_at", *_]:
                return Sort.NEWEST
            case ["published_at", *_]:
                return Sort.OLDEST
        return Sort.RELEVANCE

    def build_params(self, spelling_query: str | None = None) -> dict[str, Any]:
        """Return what else the engine is told: which part of the results is wanted."""
        return {
            "start_offset": self.start_offset,
            "end_offset": self.end_offset,
            "result_class": self.result_class,
        }


def engine() -> Engine:
    """Return this thread's engine, as the setting ``HAYSTACK_CONNECTIONS`` chooses it."""
    return cast(Engine, connections["default"].get_backend())
