"""Following the archive in a feed reader."""

import re
from datetime import UTC, datetime
from typing import Any

from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import gettext as _

from articles.models import Article, Outlet

__all__ = ["ENTRIES", "ArticleFeed", "LatestFeed", "OutletFeed", "xml_text"]

ENTRIES = 50
METHODS = ("GET", "HEAD")
_not_in_xml = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class SteadyAtomFeed(Atom1Feed):
    """An Atom feed that is the same as long as its articles are, also when it has none."""

    def latest_post_date(self) -> datetime:
        """Return when anything in it changed last."""
        return super().latest_post_date() if self.items else datetime(1970, 1, 1, tzinfo=UTC)


class ArticleFeed(Feed):
    """An Atom feed (RFC 4287) of articles; those below say which.

    Articles are known by their addresses, which stay.
    """

    feed_type = SteadyAtomFeed
    language = "zh"

    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer with the feed; other methods than reading are refused."""
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        response = super().__call__(request, *args, **kwargs)
        # An old article that arrives, or goes, changes the feed and not the time of its newest.
        del response.headers["Last-Modified"]
        return response

    def item_title(self, item: Article) -> str:
        """Return the headline as text."""
        return xml_text(item.headline)

    def item_description(self, item: Article) -> str:
        """Return the article's beginning as HTML."""
        return escape(xml_text(item.lead))

    def item_author_name(self, item: Article) -> str:
        """Return who wrote it; where that is not known, the outlet."""
        return xml_text(item.byline).strip() or xml_text(item.outlet.name)

    def item_categories(self, item: Article) -> list[str]:
        """Return the outlet's name, by which feed readers can sort."""
        return [xml_text(item.outlet.name)]

    def item_pubdate(self, item: Article) -> datetime | None:
        """Return when it was published; None where nobody knows."""
        return item.published_at

    def item_updateddate(self, item: Article) -> datetime:
        """Return when what a reader sees changed last."""
        return item.edited_at or item.published_at or item.created_at


class LatestFeed(ArticleFeed):
    """The newest articles of the archive."""

    def title(self) -> str:
        """Name the archive."""
        return _("News Archive")

    def link(self) -> str:
        """Return the front page."""
        return reverse("front")

    def feed_url(self) -> str:
        """Return the feed's own address."""
        return reverse("latest-feed")

    def items(self) -> list[Article]:
        """Return the articles."""
        return _newest()


class OutletFeed(ArticleFeed):
    """The newest articles of an outlet."""

    def get_object(self, _request: HttpRequest, slug: str) -> Outlet:
        """Return the outlet."""
        return get_object_or_404(Outlet, slug=slug)

    def title(self, outlet: Outlet) -> str:
        """Name the outlet."""
        return xml_text(f"{outlet.name} – {_('News Archive')}")

    def link(self, outlet: Outlet) -> str:
        """Return the outlet's page."""
        return outlet.get_absolute_url()

    def feed_url(self, outlet: Outlet) -> str:
        """Return the feed's own address."""
        return reverse("outlet-feed", args=[outlet.slug])

    def items(self, outlet: Outlet) -> list[Article]:
        """Return the articles."""
        return _newest(outlet)


def xml_text(text: str) -> str:
    """Return ``text`` without the characters that XML cannot hold."""
    return _not_in_xml.sub("", text)


def _newest(*outlets: Outlet) -> list[Article]:
    articles = Article.objects.readable().narrowed(outlets=outlets).newest_first()
    return list(articles.select_related("outlet").defer("body", "text")[:ENTRIES])
