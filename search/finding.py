"""Finding articles, through haystack.

What is found, counted or suggested here is for everybody: hidden articles are left out, as the
database has them at the moment, whatever the index says. Functions that take ``hidden`` are given
their ids where they were read before, so that a page reads them once.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils.safestring import SafeString
from haystack.query import SearchQuerySet

from articles.models import Article, Outlet, end_of, start_of
from search.engines.base import IndexUnavailableError, engine
from search.query import Query, Sort
from search.snippets import marked, snippet
from search.text import NO_WORDS, OwnWords
from search.understanding import Understood, understand

__all__ = [
    "Ids",
    "Result",
    "Results",
    "completions",
    "corrections",
    "count_articles",
    "days_with_articles",
    "find_articles",
    "find_ids",
    "find_part",
    "find_titles",
    "hidden_articles",
    "own_words_of_index",
    "similar_ids",
    "understand_for_index",
]

Ids = Sequence[int]
"""Ids of articles, ascending."""


@dataclass(frozen=True, slots=True)
class Result:
    """An article that was found, with its headline and snippet as HTML, matches marked."""

    article: Article
    headline: SafeString
    snippet: SafeString


@dataclass(frozen=True, slots=True)
class Results:
    """``count`` is how many articles there are, ``results`` those of the asked page.

    ``outlets`` counts them under all filters but the one of outlets, the most first; ``years``
    under all but those of days, in order; ``days`` under all filters. ``hidden`` are the ids of all
    hidden articles, none of which are among them.
    """

    understood: Understood
    count: int
    results: list[Result]
    outlets: list[tuple[Outlet, int]]
    years: list[tuple[int, int]]
    days: dict[date, int]
    hidden: Ids


def hidden_articles() -> Ids:
    """Return the ids of all hidden articles."""
    hidden = Article.objects.filter(hidden=True).order_by("pk")
    # Engines take these bytes as they are; a list of many they would have to convert.
    return array("q", hidden.values_list("pk", flat=True))


def own_words_of_index() -> OwnWords:
    """Return the editors' words by which the index is cut; without an index, none."""
    try:
        return engine().own_words()
    except IndexUnavailableError:
        return NO_WORDS


def understand_for_index(query: str) -> Understood:
    """Return how the index understands ``query``, whose long runs are cut as its texts are."""
    return understand(query, own_words_of_index())


def find_articles(
    query: str,
    *,
    outlets: Sequence[Outlet] = (),
    after: date | None = None,
    before: date | None = None,
    sort: Sort = Sort.RELEVANCE,
    page: int = 1,
    page_size: int = 20,
) -> Results:
    """Return a page of the articles that ``query`` finds.

    ``outlets``, ``after`` and ``before`` narrow as they do in lists; pages count from 1. Raises
    IndexUnavailableError.
    """
    understood = understand_for_index(query)
    hidden = hidden_articles()
    asked = _asked(query, outlets=outlets, after=after, before=before, sort=sort, hidden=hidden)
    asked.set_limits((page - 1) * page_size, page * page_size)
    ids = [int(result.pk) for result in asked.get_results()]
    articles = Article.objects.readable().select_related("outlet").defer("body").in_bulk(ids)
    facets = asked.get_facet_counts()
    by_id = Outlet.objects.in_bulk(facets["outlets"])
    counts = [(by_id[pk], count) for pk, count in facets["outlets"].items() if pk in by_id]
    return Results(
        understood=understood,
        count=asked.get_count(),
        results=[_result(articles[pk], understood) for pk in ids if pk in articles],
        outlets=sorted(counts, key=lambda pair: (-pair[1], pair[0].name)),
        years=sorted(facets["years"].items()),
        days=facets["days"],
        hidden=hidden,
    )


def find_ids(query: str, *, hidden: Ids | None = (), **asked: Any) -> list[int]:
    """Return the ids of all articles that ``query`` finds, hidden ones too: those for editors only.

    ``asked`` narrows and sorts as it does in ``find_articles``. Raises IndexUnavailableError.
    """
    # Haystack makes an object of each hit, and of a quarter of a million that takes a second.
    hits = engine().find(_without_facets(_asked(query, hidden=hidden, **asked)), 0, None)
    return [pk for pk, _score in hits.found]


def find_part(query: str, start: int, end: int, **asked: Any) -> tuple[int, list[int]]:
    """Return how many articles ``query`` finds, and the ids of hits ``start`` to ``end``.

    ``asked`` narrows and sorts as it does in ``find_articles``. Raises IndexUnavailableError.
    """
    hits = engine().find(_without_facets(_asked(query, **asked)), start, end)
    return hits.count, [pk for pk, _score in hits.found]


def find_titles(query: str, most: int, *, hidden: Ids | None = None) -> list[Article]:
    """Return the newest articles that ``query`` finds, without texts. Raises IndexUnavailableError.

    That is what a person waits for while typing.
    """
    _count, ids = find_part(query, 0, most, sort=Sort.NEWEST, hidden=hidden)
    return _for_list(ids)


def similar_ids(article: Article, most: int) -> list[int]:
    """Return the ids of the articles most like ``article``. Raises IndexUnavailableError."""
    return engine().similar(article.pk, most, without=hidden_articles())


def completions(prefix: str, most: int, *, hidden: Ids) -> list[str]:
    """Return the most frequent words that begin with ``prefix``. Raises IndexUnavailableError."""
    return engine().completions(prefix, most, without=hidden)


def corrections(word: str, most: int, *, hidden: Ids) -> list[str]:
    """Return the most frequent words almost like ``word``. Raises IndexUnavailableError."""
    return engine().corrections(word, most, without=hidden)


def count_articles(
    query: str,
    *,
    outlets: Sequence[Outlet] = (),
    after: date | None = None,
    before: date | None = None,
    hidden: Ids | None = None,
) -> int:
    """Return how many articles ``query`` finds. Raises IndexUnavailableError."""
    asked = _asked(query, outlets=outlets, after=after, before=before, hidden=hidden)
    return engine().how_many(asked.build_query())


def days_with_articles(
    *,
    outlets: Sequence[Outlet] = (),
    after: date | None = None,
    before: date | None = None,
    hidden: Ids | None = None,
) -> dict[date, int]:
    """Return how many articles of these outlets the index has of each day in a period.

    Raises IndexUnavailableError.
    """
    asked = _asked(None, outlets=outlets, after=after, before=before, hidden=hidden)
    asked.set_limits(0, 0)
    days: dict[date, int] = asked.get_facet_counts()["days"]
    return days


def _asked(
    query: str | None,
    *,
    outlets: Sequence[Outlet] = (),
    after: date | None = None,
    before: date | None = None,
    sort: Sort = Sort.RELEVANCE,
    hidden: Ids | None = None,
) -> Any:
    """Return haystack's query, which runs once, when it is first asked for something.

    It leaves out the articles ``hidden``; None: all that are.
    """
    asked = SearchQuerySet()
    if query is not None:
        asked = asked.filter(content=query)
    if outlets:
        asked = asked.filter(outlet__in=[outlet.pk for outlet in outlets])
    if after:
        asked = asked.filter(published_at__gte=start_of(after))
    if before:
        asked = asked.filter(published_at__lt=end_of(before))
    if sort is not Sort.RELEVANCE:
        asked = asked.order_by("-published_at" if sort is Sort.NEWEST else "published_at")
    # Last, since each of haystack's steps copies what was asked before.
    return asked.filter(without=hidden_articles() if hidden is None else hidden).query


def _without_facets(asked: Any) -> Query:
    query: Query = asked.build_query()
    return replace(query, with_facets=False)


def _for_list(ids: Sequence[int]) -> list[Article]:
    articles = Article.objects.readable().for_list().in_bulk(ids)
    return [articles[pk] for pk in ids if pk in articles]


def _result(article: Article, understood: Understood) -> Result:
    in_text = [piece for piece in understood.marks if not piece.in_title]
    return Result(
        article,
        headline=marked(article.headline, understood.marks),
        snippet=snippet(article.text, in_text),
    )
