"""The page of an article."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from articles.models import Article
from articles.pictures import body_for


@require_safe
def article_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One article, with or without its pictures; a hidden one for those who may see drafts."""
    articles = Article.objects.select_related("outlet")
    if not request.user.has_perm("articles.view_article"):
        articles = articles.readable()
    found = get_object_or_404(articles, pk=pk)
    body = body_for(found, request)
    response = render(
        request,
        "articles/article.html",
        {
            "article": found,
            "body": body.html,
            "captures": found.captures.defer("content"),
            "offer_pictures": body.offers_pictures,
        },
    )
    if body.needs_other_sites:
        response._csp_update = {"img-src": ["https:"]}  # type: ignore[attr-defined]
    if found.hidden:
        add_never_cache_headers(response)
    return response
