"""Which pictures of an article a reader sees."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe

from articles.models import Article
from articles.pictures._files import is_kept
from articles.sanitising import StoredPicture, remote_pictures, with_pictures, without_pictures

__all__ = ["Body", "body_for", "body_for_all"]


@dataclass(frozen=True, slots=True)
class Body:
    """An article's body as HTML for a reader.

    ``offered_pictures``: how many pictures the reader may ask for; ``needs_other_sites``: whether
    the browser loads pictures from other sites.
    """

    html: SafeString
    offered_pictures: int
    needs_other_sites: bool


def body_for(article: Article, request: HttpRequest) -> Body:
    """Return the body of ``article`` with the pictures that settings and reader want.

    Those that are kept here are shown in any case.
    """
    return _body(article, _asks_for_pictures(request))


def body_for_all(article: Article) -> Body:
    """Return the body of ``article``, saved or not, for readers who ask for no pictures."""
    return _body(article, asked=False)


def _body(article: Article, asked: bool) -> Body:
    allowed = settings.NEWSARCHIVE_PICTURES
    remote = remote_pictures(article.body)
    stored = _stored_pictures(article) if remote else {}
    missing = sum(address not in stored for address in remote)
    with_others = allowed == "always" or (allowed == "ask" and asked)
    show = with_pictures if with_others else without_pictures
    return Body(
        mark_safe(show(article.body, stored)),  # noqa: S308 - sanitised when it was stored
        offered_pictures=missing if allowed == "ask" and not with_others else 0,
        needs_other_sites=with_others and missing > 0,
    )


def _stored_pictures(article: Article) -> dict[str, StoredPicture]:
    """Return the pictures of ``article`` that are kept here, by their addresses elsewhere."""
    if article.pk is None:
        return {}
    return {
        picture.address: StoredPicture(picture.kept_at, picture.width, picture.height)
        for picture in article.pictures.stored()
        if is_kept(picture.sha256, picture.format)
    }


def _asks_for_pictures(request: HttpRequest) -> bool:
    """Tell whether the reader asked; a link on another site does not ask for them."""
    comes_from = request.headers.get("Sec-Fetch-Site")
    return request.GET.get("pictures") == "1" and comes_from in (None, "none", "same-origin")
