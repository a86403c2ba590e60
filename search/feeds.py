"""Following a search in a feed reader."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
)
from django.urls import reverse
from django.utils.translation import gettext as _

from articles.feeds import ENTRIES, ArticleFeed, xml_text
from articles.forms import BadQuestionError, narrowing
from articles.models import Article
from search.engines.base import IndexUnavailableError
from search.finding import find_articles
from search.query import Sort

__all__ = ["SearchFeed"]


@dataclass(frozen=True)
class Followed:
    """A search that is followed: what its address says, and the newest articles it finds."""

    query: str
    parameters: str
    articles: list[Article]


class SearchFeed(ArticleFeed):
    """The newest articles that ``?q=`` finds, narrowed as on the search page."""

    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer with the feed; with plain text where the question or the index is bad."""
        try:
            return super().__call__(request, *args, **kwargs)
        except BadQuestionError as error:
            return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
        except IndexUnavailableError as error:
            return HttpResponse(
                f"{error}; it has to be built again",
                status=503,
                content_type="text/plain; charset=utf-8",
            )

    def get_object(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> Followed:
        """Return the search. Raises BadQuestionError, IndexUnavailableError."""
        asked = request.GET
        narrowed = narrowing(
            outlets=asked.getlist("outlet"),
            after=asked.get("after", ""),
            before=asked.get("before", ""),
        )
        query = asked.get("q", "")
        found = find_articles(query, **narrowed, sort=Sort.NEWEST, page_size=ENTRIES)
        kept = {name: asked.getlist(name) for name in ("q", "outlet", "after", "before")}
        return Followed(
            query=query.strip(),
            parameters=urlencode(kept, doseq=True),
            articles=[result.article for result in found.results],
        )

    def title(self, followed: Followed) -> str:
        """Name the query."""
        return xml_text(_("Search: %(query)s") % {"query": followed.query[:200]})

    def link(self, followed: Followed) -> str:
        """Return the search page with the same search."""
        return f"{reverse('search')}?{followed.parameters}&sort=newest"

    def feed_url(self, followed: Followed) -> str:
        """Return the feed's own address."""
        return f"{reverse('search-feed')}?{followed.parameters}"

    def items(self, followed: Followed) -> list[Article]:
        """Return the articles."""
        return followed.articles
