"""Finding articles, through haystack."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.safestring import SafeString
from haystack.query import SearchQuerySet

from articles.models import Article, Outlet, end_of, start_of
from search.query import Sort
from search.snippets import marked, snippet
from search.understanding import Understood, understand

__all__ = [
    "Result",
    "Results",
    "count_articles",
    "days_with_articles",
    "find_articles",
    "find_ids",
    "find_titles",
]


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
    under all but those of days, in order; ``days`` under all filters.
    """

    understood: Understood
    count: int
    results: list[Result]
    outlets: list[tuple[Outlet, int]]
    years: list[tuple[int, int]]
    days: dict[date, int]


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
    understood = understand(query)
    asked = _asked(query, outlets=outlets, after=after, before=before, sort=sort)
    asked.set_limits((page - 1) * page_size, page * page_size)
    ids = [int(result.pk) for result in asked.get_results()]
    articles = Article.objects.select_related("outlet").defer("body").in_bulk(ids)
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
    )


def find_ids(query: str, *, sort: Sort = Sort.RELEVANCE) -> list[int]:
    """Return the ids of all articles that ``query`` finds. Raises IndexUnavailableError."""
    return [int(result.pk) for result in _asked(query, sort=sort).get_results()]


def find_titles(query: str, most: int) -> list[Article]:
    """Return the newest articles that ``query`` finds, without texts. Raises IndexUnavailableError.

    That is what a person waits for while typing.
    """
    asked = _asked(query, sort=Sort.NEWEST)
    asked.set_limits(0, most)
    ids = [int(result.pk) for result in asked.get_results()]
    articles = Article.objects.for_list().in_bulk(ids)
    return [articles[pk] for pk in ids if pk in articles]


def count_articles(
    query: str,
    *,
    outlets: Sequence[Outlet] = (),
    after: date | None = None,
    before: date | None = None,
) -> int:
    """Return how many articles ``query`` finds. Raises IndexUnavailableError."""
    # In an order that needs no scores.
    asked = _asked(query, outlets=outlets, after=after, before=before, sort=Sort.NEWEST)
    asked.set_limits(0, 0)
    return int(asked.get_count())


def days_with_articles(
    *, outlets: Sequence[Outlet] = (), after: date | None = None, before: date | None = None
) -> dict[date, int]:
    """Return how many articles of these outlets the index has of each day in a period.

    Raises IndexUnavailableError.
    """
    asked = _asked(None, outlets=outlets, after=after, before=before)
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
) -> Any:
    """Return haystack's query, which runs once, when it is first asked for something."""
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
    return asked.query


def _result(article: Article, understood: Understood) -> Result:
    in_text = [piece for piece in understood.marks if not piece.in_title]
    return Result(
        article,
        headline=marked(article.headline, understood.marks),
        snippet=snippet(article.text, in_text),
    )
