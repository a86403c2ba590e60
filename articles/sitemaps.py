"""What crawlers are told: where not to go, and of every article that readers may see."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from articles.models import Article, Outlet

__all__ = ["SITEMAPS", "robots"]


class ArticleSitemap(Sitemap):
    """All articles by their ids, which an index gives; what else is told is loaded for a part."""

    limit = 5_000

    def items(self) -> QuerySet[Article, int]:
        """Return the ids of the articles."""
        return Article.objects.readable().newest_first().values_list("pk", flat=True)

    def get_urls(self, page: int | str = 1, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the entries of a part."""
        ids = list(self.paginator.page(page).object_list)
        times = Article.objects.filter(pk__in=ids).order_by()
        changed = Coalesce("edited_at", "created_at")
        self._changed: dict[int, datetime] = dict(times.values_list("pk", changed))
        return super().get_urls(page, *args, **kwargs)

    def location(self, item: int) -> str:
        """Return the article's address."""
        return reverse("article", args=[item])

    def lastmod(self, item: int) -> datetime | None:
        """Return when the article was archived or edited last."""
        return self._changed.get(item)

    def get_latest_lastmod(self) -> None:
        """Return nothing: Django would read every article to find the newest of them."""


class OutletSitemap(Sitemap):
    """The outlets that have articles."""

    def items(self) -> list[Outlet]:
        """Return the outlets."""
        return Outlet.objects.with_articles()


SITEMAPS = {"articles": ArticleSitemap, "outlets": OutletSitemap}


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers may read (RFC 9309): in a private archive, nothing."""
    return render(
        request,
        "robots.txt",
        {
            "private": settings.NEWSARCHIVE_PRIVATE,
            "sitemap": request.build_absolute_uri(reverse("sitemaps")),
        },
        content_type="text/plain; charset=utf-8",
    )
