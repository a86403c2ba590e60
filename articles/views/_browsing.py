"""The front page, lists, outlets and days."""

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from articles.forms import FIRST_YEAR, LAST_YEAR, FilterForm
from articles.models import Article, ArticleQuerySet, Outlet
from articles.outlets import with_slug
from articles.paging import Page, PageError, page_of

FRONT_PAGE_ARTICLES = 40


@require_safe
def front_page(request: HttpRequest) -> HttpResponse:
    """The newest articles."""
    articles = list(_listed().newest_first()[:FRONT_PAGE_ARTICLES])
    return render(
        request,
        "articles/front.html",
        {"articles": articles, "outlets": Outlet.objects.with_articles()},
    )


@require_safe
def article_list(request: HttpRequest) -> HttpResponse:
    """All articles, narrowed by outlets and days."""
    form = FilterForm(request.GET)
    articles = _listed().narrowed(**form.narrowing)
    return _render_list(request, "articles/list.html", articles, {"form": form})


@require_safe
def outlet_list(request: HttpRequest) -> HttpResponse:
    """All outlets that have articles."""
    return render(request, "articles/outlets.html", {"outlets": Outlet.objects.with_articles()})


@require_safe
def outlet_page(request: HttpRequest, slug: str) -> HttpResponse:
    """An outlet's articles."""
    found = with_slug(slug)
    if found is None:
        raise Http404(_("There is no such outlet."))
    if found.slug != slug:
        query = request.META.get("QUERY_STRING", "")
        address = found.get_absolute_url() + (f"?{query}" if query else "")
        return HttpResponsePermanentRedirect(address)
    articles = _listed().narrowed(outlets=[found])
    return _render_list(request, "articles/outlet.html", articles, {"outlet": found})


@require_safe
def day_page(request: HttpRequest, year: int, month: int, day: int) -> HttpResponse:
    """The articles of a day in the archive's time zone."""
    try:
        asked = date(year, month, day)
    except ValueError:
        raise Http404(_("There is no such day.")) from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Http404(_("There is no such day."))
    articles = _listed().narrowed(after=asked, before=asked)
    neighbours = Article.objects.readable().days_beside(asked)
    return _render_list(
        request,
        "articles/day.html",
        articles,
        {"day": asked, "is_today": asked == timezone.localdate(), "neighbours": neighbours},
    )


def _listed() -> ArticleQuerySet:
    return Article.objects.readable().for_list()


def _render_list(
    request: HttpRequest, template: str, articles: ArticleQuerySet, context: dict[str, object]
) -> HttpResponse:
    try:
        page: Page = page_of(articles, request.GET.get("page", ""))
    except PageError as error:
        messages.warning(request, str(error))
        page = page_of(articles, "")
    return render(request, template, {"page": page, **context})
