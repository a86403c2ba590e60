"""The reading pages as one writes them first, with counts and Django's Paginator.

The peer of ``pages.py``: the same addresses and the same lines of a list, read in the plain way.
"""

from collections.abc import Callable
from datetime import date

from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template import engines
from django.urls import path

from newsarchive.wsgi import application  # isort: skip - it makes Django ready

from articles.models import Article, Outlet
from newsarchive import urls

__all__ = ["application"]

PAGE = 30
FRONT_PAGE = 40

LIST = engines["django"].from_string("""{% extends "base.html" %}{% block content %}
<p>{{ page.paginator.count }}</p>
{% for article in page %}{% include "articles/_line.html" %}{% endfor %}
<ul>{% for outlet in outlets %}<li>{{ outlet.name }} {{ outlet.number }}</li>{% endfor %}</ul>
<p>{{ page.number }} / {{ page.paginator.num_pages }}</p>{% endblock %}""")
ARTICLE = engines["django"].from_string("""{% extends "base.html" %}{% block content %}
<h1>{{ article.title }}</h1>{{ article.body }}
{% for other in others %}{% include "articles/_line.html" with article=other %}{% endfor %}
{% endblock %}""")


def _page(request: HttpRequest, found: "QuerySet[Article]", size: int = PAGE) -> HttpResponse:
    listed = found.filter(hidden=False).select_related("outlet").order_by("-published_at", "-pk")
    page = Paginator(listed, size).get_page(request.GET.get("page"))
    outlets = Outlet.objects.annotate(number=Count("articles")).order_by("-number")
    return HttpResponse(LIST.render({"page": page, "outlets": outlets}, request))


def _front(request: HttpRequest) -> HttpResponse:
    return _page(request, Article.objects.all(), FRONT_PAGE)


def _list(request: HttpRequest) -> HttpResponse:
    found = Article.objects.all()
    if outlet := request.GET.get("outlet"):
        found = found.filter(outlet__slug=outlet)
    if after := request.GET.get("after"):
        found = found.filter(published_at__date__gte=after)
    if before := request.GET.get("before"):
        found = found.filter(published_at__date__lte=before)
    return _page(request, found)


def _day(request: HttpRequest, year: int, month: int, day: int) -> HttpResponse:
    return _page(request, Article.objects.filter(published_at__date=date(year, month, day)))


def _outlets(request: HttpRequest) -> HttpResponse:
    return _page(request, Article.objects.none())


def _outlet(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, Article.objects.filter(outlet__slug=slug))


def _article(request: HttpRequest, pk: int) -> HttpResponse:
    article = get_object_or_404(Article, pk=pk, hidden=False)
    others = Article.objects.filter(outlet=article.outlet, hidden=False).order_by("-published_at")
    context = {"article": article, "others": others.select_related("outlet")[:5]}
    return HttpResponse(ARTICLE.render(context, request))


def _search(request: HttpRequest) -> HttpResponse:
    found = Article.objects.all()
    for word in request.GET.get("q", "").split():
        found = found.filter(text__contains=word) | found.filter(title__contains=word)
    return _page(request, found)


def _at(route: str, view: Callable[..., HttpResponse]) -> None:
    urls.urlpatterns.insert(0, path(route, view))


_at("", _front)
_at("articles/", _list)
_at("articles/<id:pk>/", _article)
_at("outlets/", _outlets)
_at("outlets/<slug:slug>/", _outlet)
_at("days/<yyyy:year>/<two_digits:month>/<two_digits:day>/", _day)
_at("search/", _search)
