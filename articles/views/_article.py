"""The page of an article, and its citations."""

from urllib.parse import quote, urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import add_never_cache_headers
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from articles.citing import bibtex, citation_key, gbt7714, ris
from articles.headings import with_headings_in_order
from articles.models import Article, ArticleQuerySet
from articles.neighbours import neighbours_of
from articles.pictures import body_for

CITATIONS = {
    "bib": (bibtex, "application/x-bibtex; charset=utf-8"),
    "ris": (ris, "application/x-research-info-systems; charset=utf-8"),
}
"""The formats in which a citation can be downloaded, by the ending of its address."""


def visible_to(request: HttpRequest) -> ArticleQuerySet:
    """Return the articles with their outlets; hidden ones too for those who may see drafts."""
    articles = Article.objects.select_related("outlet")
    may_see_drafts = request.user.has_perm("articles.view_article")
    return articles if may_see_drafts else articles.readable()


def keep_private(response: HttpResponse, article: Article) -> HttpResponse:
    """Return ``response``, which no cache keeps where ``article`` is hidden."""
    if article.hidden:
        add_never_cache_headers(response)
    return response


@require_safe
def article_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One article, with or without its pictures, and all that is kept about it."""
    articles = visible_to(request).select_related("current_capture__run")
    found = get_object_or_404(articles.defer("current_capture__content"), pk=pk)
    body = body_for(found, request)
    address = request.build_absolute_uri(found.get_absolute_url())
    response = render(
        request,
        "articles/article.html",
        {
            "article": found,
            "body": with_headings_in_order(body.html),
            "offered_pictures": body.offered_pictures,
            "neighbours": neighbours_of(found),
            "captures": found.captures.count(),
            "address": address,
            "mail": _mail(found, address),
            "citations": {
                "gbt7714": gbt7714(found, address=address),
                "bibtex": bibtex(found, address=address),
                "ris": ris(found, address=address),
            },
        },
    )
    if body.needs_other_sites:
        response._csp_update = {"img-src": ["https:"]}  # type: ignore[attr-defined]
    return keep_private(response, found)


@require_safe
def citation(request: HttpRequest, pk: int, ending: str) -> HttpResponse:
    """An article's citation as a file for a program that keeps references."""
    found = get_object_or_404(visible_to(request).defer("body", "text"), pk=pk)
    write, content_type = CITATIONS[ending]
    written = write(found, address=request.build_absolute_uri(found.get_absolute_url()))
    response = HttpResponse(written, content_type=content_type)
    name = f"{citation_key(found)}.{ending}"
    response["Content-Disposition"] = content_disposition_header(True, name)
    return keep_private(response, found)


def _mail(article: Article, address: str) -> str:
    """Return an address that opens a letter with a link to ``article``."""
    subject = " ".join(article.headline.split())[:200]
    return f"mailto:?{urlencode({'subject': subject, 'body': address}, quote_via=quote)}"
