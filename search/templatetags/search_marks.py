"""What search adds to pages: the script a reader chose, marked matches, related articles."""

from dataclasses import dataclass, field
from functools import partial
from typing import cast
from urllib.parse import urlencode, urlsplit

from django import template
from django.http import HttpRequest, QueryDict
from django.template import Context
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from articles.models import Article
from articles.preferences import script_of
from search.engines.base import IndexUnavailableError
from search.finding import understand_for_index
from search.marking import Match, mark
from search.related import Related, related_articles
from search.scripts import Script, html_in_script, language_of, text_in_script

register = template.Library()


@dataclass(frozen=True, slots=True)
class MarkedArticle:
    """An article's headline and body as HTML, the matches in both, and the search they are of.

    ``language`` is the tag of its language, "" where it is not Chinese. ``results`` is the address
    of the search page; it and ``query`` are "" where there was no search.
    """

    headline: SafeString
    body: SafeString
    language: str
    query: str = ""
    results: str = ""
    matches: list[Match] = field(default_factory=list)
    is_complete: bool = True


@register.filter
def in_script(text: str, request: HttpRequest) -> str:
    """Return a text, or HTML if it is marked as safe, in the script the reader chose."""
    if isinstance(text, SafeString):
        return _html_as_read(text, request)
    script = script_of(request)
    return text if script == "original" else text_in_script(str(text), cast(Script, script))


@register.filter
def lang(text: str, request: HttpRequest) -> str:
    """Return the attribute that tells a browser the script of ``text`` as it is shown."""
    tag = language_of(str(text), script_of(request))
    return format_html(' lang="{}"', tag) if tag else ""


@register.simple_tag(takes_context=True)
def marked_article(context: Context, article: Article, body: SafeString) -> MarkedArticle:
    """Return ``article`` and its ``body``, a sanitised one, in the script the reader chose.

    The matches of ``?q=`` are marked, where they are in what was written.
    """
    headline = conditional_escape(article.headline)
    request = context["request"]
    language = language_of(article.text or article.headline, script_of(request))
    query = request.GET.get("q", "").strip()
    as_read = partial(_html_as_read, request=request)
    if not query:
        return MarkedArticle(as_read(headline), as_read(body), language)
    pieces = understand_for_index(query).marks
    in_headline = mark(headline, pieces, in_script=as_read)
    in_body = mark(
        body,
        [piece for piece in pieces if not piece.in_title],
        first=len(in_headline.matches) + 1,
        in_script=as_read,
    )
    return MarkedArticle(
        # Both were safe, and marking adds marks only.
        mark_safe(in_headline.html),  # noqa: S308
        mark_safe(in_body.html),  # noqa: S308
        language,
        query,
        _results(request, query),
        in_headline.matches + in_body.matches,
        in_headline.is_complete and in_body.is_complete,
    )


def _html_as_read(html: SafeString, request: HttpRequest) -> SafeString:
    script = script_of(request)
    if script == "original":
        return html
    # Only characters of its text change.
    return mark_safe(html_in_script(html, cast(Script, script)))  # noqa: S308


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
def related(article: Article) -> Related:
    """Return what belongs beside ``article``, loaded for lists; nothing where no index answers."""
    try:
        return related_articles(article)
    except IndexUnavailableError:
        return Related([], None, [])
