"""The front page, lists, outlets and days."""

from datetime import date
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from articles.calendars import months
from articles.counting import remembered
from articles.forms import FIRST_YEAR, LAST_YEAR, FilterForm
from articles.fronts import day_of
from articles.fronts import front_page as front_of
from articles.histories import (
    Holdings,
    Year,
    calendar_of,
    history_of,
    holdings,
    outlet_histories,
    year_of,
    years_of,
)
from articles.models import Article, ArticleQuerySet
from articles.outlets import with_slug
from articles.paging import PAGE_OF_UNDATED, Page, PageError, page_of

MONTHS = ("", *map(str, range(1, 13)))


@require_safe
def front_page(request: HttpRequest) -> HttpResponse:
    """The newest articles by outlet, this day in earlier years, and a year as a calendar."""
    held = holdings()
    return render(
        request,
        "articles/front.html",
        {
            "held": held,
            "front": front_of(held),
            "year": _year_asked_for(request, held),
            "undated": PAGE_OF_UNDATED,
        },
    )


def _year_asked_for(request: HttpRequest, held: Holdings) -> Year | None:
    """Return the year of ``?year=`` with its ``&month=``, by default the latest of both.

    None where no article has a date. What is asked for and is not there is told.
    """
    if not held.years:
        return None
    numbers = [str(year.first.year) for year in held.years]
    year, month = request.GET.get("year") or numbers[-1], request.GET.get("month") or ""
    if year not in numbers or month not in MONTHS:
        message = _("The archive has nothing of “%(asked)s”; this is the year %(year)s.")
        asked = f"{year}-{month}".strip("-")[:50]
        year, month = numbers[-1], ""
        messages.warning(request, message % {"asked": asked, "year": year})
    return year_of(int(year), int(month) if month else None)


@require_safe
def article_list(request: HttpRequest) -> HttpResponse:
    """All articles, narrowed by outlets and days."""
    form = FilterForm(request.GET)
    narrowing = form.narrowing
    articles = _listed().narrowed(**narrowing)
    outlets, after, before = narrowing["outlets"], narrowing["after"], narrowing["before"]
    keys = ",".join(str(outlet.pk) for outlet in outlets)
    context = {
        "form": form,
        "narrowing": narrowing,
        "count": remembered(f"count-{keys}-{after}-{before}", articles.count),
        "undated": PAGE_OF_UNDATED if not (after or before) else "",
    }
    return _render_list(request, "articles/list.html", articles, context)


@require_safe
def outlet_list(request: HttpRequest) -> HttpResponse:
    """All outlets that have articles."""
    return render(request, "articles/outlets.html", {"histories": outlet_histories()})


@require_safe
def outlet_page(request: HttpRequest, slug: str) -> HttpResponse:
    """An outlet's articles, and its history."""
    found = with_slug(slug)
    if found is None:
        raise Http404(_("There is no such outlet."))
    if found.slug != slug:
        query = request.META.get("QUERY_STRING", "")
        address = found.get_absolute_url() + (f"?{query}" if query else "")
        return HttpResponsePermanentRedirect(address)
    articles = _listed().narrowed(outlets=[found])
    history = history_of(found)
    context = {
        "outlet": found,
        "history": history,
        "years": years_of(found, history),
        "undated": PAGE_OF_UNDATED,
    }
    return _render_list(request, "articles/outlet.html", articles, context)


@require_safe
def day_page(request: HttpRequest, year: int, month: int, day: int) -> HttpResponse:
    """What outlets had on a day in the archive's time zone; ``?page=`` lists it by time."""
    try:
        asked = date(year, month, day)
    except ValueError:
        raise Http404(_("There is no such day.")) from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Http404(_("There is no such day."))
    form = FilterForm({"outlet": request.GET.getlist("outlet")})
    outlets = form.narrowing["outlets"]
    readable = Article.objects.readable().narrowed(outlets=outlets)
    query = f"?{urlencode([('outlet', outlet.slug) for outlet in outlets])}" if outlets else ""
    [in_month] = months(asked, asked)
    articles = _listed().narrowed(outlets=outlets, after=asked, before=asked)
    context = {
        "form": form,
        "outlets": outlets,
        "day": asked,
        "is_today": asked == timezone.localdate(),
        "neighbours": readable.days_beside(asked),
        "calendar": calendar_of(readable, in_month, query),
        "months_beside": readable.days_beside(*in_month),
        "narrowed": query,
    }
    if outlets or request.GET.get("page"):
        return _render_list(request, "articles/day.html", articles, context)
    return render(request, "articles/day.html", {"front": day_of(articles), **context})


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
