"""What search adds to an article's page: marked matches, and more articles like this one."""

from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from django import template
from django.http import HttpRequest, QueryDict
from django.template import Context
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from articles.models import Article
from search.engines.base import IndexUnavailableError
from search.finding import similar_articles
from search.marking import Match, mark
from search.understanding import understand

register = template.Library()

MOST_SIMILAR = 5


@dataclass(frozen=True, slots=True)
class MarkedArticle:
    """An article's headline and body as HTML, the matches in both, and the search they are of.

    ``results`` is the address of the search page. Both are "" where there was no search.
    """

    headline: SafeString
    body: SafeString
    query: str = ""
    results: str = ""
    matches: list[Match] = field(default_factory=list)
    is_complete: bool = True


@register.simple_tag(takes_context=True)
def marked_article(context: Context, article: Article, body: SafeString) -> MarkedArticle:
    """Return ``article`` and its ``body``, a sanitised one, with the matches of ``?q=`` marked."""
    headline = conditional_escape(article.headline)
    request = context["request"]
    query = request.GET.get("q", "").strip()
    if not query:
        return MarkedArticle(headline, body)
    pieces = understand(query).marks
    in_headline = mark(headline, pieces)
    in_body = mark(
        body,
        [piece for piece in pieces if not piece.in_title],
        first=len(in_headline.matches) + 1,
    )
    return MarkedArticle(
        # Both were safe, and marking adds marks only.
        mark_safe(in_headline.html),  # noqa: S308
        mark_safe(in_body.html),  # noqa: S308
        query,
        _results(request, query),
        in_headline.matches + in_body.matches,
        in_headline.is_complete and in_body.is_complete,
    )


def _results(request: HttpRequest, query: str) -> str:
    """Return the address of the results of ``query``: the page the reader comes from, if it is."""
    address = reverse("search")
    try:
        referrer = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        referrer = urlsplit("")
    if referrer.path == address and QueryDict(referrer.query).get("q", "").strip() == query:
        return f"{address}?{referrer.query}"
    return f"{address}?{urlencode({'q': query})}"


@register.simple_tag
def more_like_this(article: Article) -> list[Article]:
    """Return the articles most like ``article``, loaded for a list; none where no index answers."""
    try:
        return similar_articles(article, MOST_SIMILAR)
    except IndexUnavailableError:
        return []
