"""Finding articles, through haystack."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.safestring import SafeString
from haystack.query import SearchQuerySet

from articles.models import Article, Outlet, end_of, start_of
from search.query import Sort, understand
from search.snippets import marked, snippet

__all__ = ["Result", "Results", "find_articles"]


@dataclass(frozen=True, slots=True)
class Result:
    """An article that was found, with its headline and snippet as HTML, matches marked."""

    article: Article
    headline: SafeString
    snippet: SafeString


@dataclass(frozen=True, slots=True)
class Results:
    """``count`` is how many articles there are, ``results`` those of the asked page."""

    count: int
    results: list[Result]


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
    """Return a page of the articles that contain all words of ``query``.

    ``outlets``, ``after`` and ``before`` narrow as they do in lists; pages count from 1. Raises
    IndexUnavailableError.
    """
    found = SearchQuerySet().filter(content=query)
    if outlets:
        found = found.filter(outlet__in=[outlet.pk for outlet in outlets])
    if after:
        found = found.filter(published_at__gte=start_of(after))
    if before:
        found = found.filter(published_at__lt=end_of(before))
    if sort is not Sort.RELEVANCE:
        found = found.order_by("-published_at" if sort is Sort.NEWEST else "published_at")
    start = (page - 1) * page_size
    ids = [int(result.pk) for result in found[start : start + page_size]]
    pieces = [piece for word in understand(query) for piece in word.pieces]
    articles = Article.objects.select_related("outlet").defer("body").in_bulk(ids)
    return Results(
        count=len(found),
        results=[
            Result(
                article,
                headline=marked(article.headline, pieces),
                snippet=snippet(article.text, pieces),
            )
            for article in (articles[pk] for pk in ids if pk in articles)
        ],
    )
