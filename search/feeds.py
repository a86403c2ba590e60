"""Following a search in a feed reader."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import gettext as _

from articles.models import Article
from search.answers import BadQuestionError, narrowing
from search.engines.base import IndexUnavailableError
from search.finding import find_articles
from search.query import Sort

__all__ = ["SearchFeed"]

ENTRIES = 50
_not_in_xml = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Followed:
    """A search that is followed: what its address says, and the newest articles it finds."""

    query: str
    parameters: str
    articles: list[Article]


class SearchFeed(Feed):
    """The newest articles that ``?q=`` finds, narrowed as on the search page."""

    feed_type = Atom1Feed

    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer with the feed; with plain text where the question or the index is bad."""
        try:
            response = super().__call__(request, *args, **kwargs)
        except BadQuestionError as error:
            response = HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
        except IndexUnavailableError as error:
            response = HttpResponse(
                f"{error}; it has to be built again",
                status=503,
                content_type="text/plain; charset=utf-8",
            )
        add_never_cache_headers(response)
        return response

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

    def item_title(self, item: Article) -> str:
        """Return the headline as text."""
        return xml_text(item.headline)

    def item_description(self, item: Article) -> str:
        """Return the article's beginning as HTML."""
        return escape(xml_text(item.lead))

    def item_author_name(self, item: Article) -> str:
        """Return the outlet's name."""
        return xml_text(item.outlet.name)

    def item_pubdate(self, item: Article) -> datetime | None:
        """Return when it was published; None where nobody knows."""
        return item.published_at

    def item_updateddate(self, item: Article) -> datetime:
        """Return when what a reader sees changed last."""
        return item.edited_at or item.published_at or item.created_at


def xml_text(text: str) -> str:
    """Return ``text`` without the characters that XML cannot hold."""
    return _not_in_xml.sub("", text)
