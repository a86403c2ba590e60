"""Which pictures of an article a reader sees."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe

from articles.models import Article
from articles.sanitising import without_pictures

__all__ = ["Body", "body_for"]


@dataclass(frozen=True, slots=True)
class Body:
    """An article's body as HTML for a reader.

    ``offers_pictures``: whether there are pictures that the reader may ask for;
    ``needs_other_sites``: whether the browser loads pictures from other sites.
    """

    html: SafeString
    offers_pictures: bool
    needs_other_sites: bool


def body_for(article: Article, request: HttpRequest) -> Body:
    """Return the body of ``article`` with the pictures that settings and reader want."""
    allowed = settings.NEWSARCHIVE_PICTURES
    with_pictures = allowed == "always" or (allowed == "ask" and _asks_for_pictures(request))
    html = article.body if with_pictures else without_pictures(article.body)
    return Body(
        mark_safe(html),  # noqa: S308 - sanitised when it was stored
        offers_pictures=allowed == "ask" and not with_pictures and "<img" in article.body,
        needs_other_sites=with_pictures,
    )


def _asks_for_pictures(request: HttpRequest) -> bool:
    """Tell whether the reader asked; a link on another site does not ask for them."""
    comes_from = request.headers.get("Sec-Fetch-Site")
    return request.GET.get("pictures") == "1" and comes_from in (None, "none", "same-origin")
