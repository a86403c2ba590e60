"""The search page, its results as files, suggestions while typing, and whether all is well."""

import re

from django.conf import settings
from django.contrib import messages
from django.db import DatabaseError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from articles.models import Article, PendingChange
from search.engines.base import IndexUnavailableError, engine
from search.exporting import FORMATS, BusyError, NothingAskedError
from search.exporting import export as export_of
from search.finding import find_articles
from search.forms import PAGE_SIZE, SearchForm
from search.language import LONGEST_QUERY
from search.presenting import HELP, around, repairs
from search.suggesting import Suggestions
from search.suggesting import suggest as suggestions_for

BUSY_SECONDS = "60"


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Results for ``?q=``; all of the page's state is in its address."""
    form = SearchForm(request.GET)
    asked = form.asked
    context: dict[str, object] = {
        "form": form,
        "query": asked.query[:LONGEST_QUERY],
        "help": HELP,
        "helping": not asked.query,
    }
    if not asked.query:
        return render(request, "search/search.html", context)
    page = _page_number(request)
    try:
        found = find_articles(
            asked.query, **asked.narrowing, sort=asked.sort, page=page, page_size=PAGE_SIZE
        )
        context["repairs"] = repairs(found.understood)
        if found.understood.condition is None:
            messages.info(request, _("There is no word to search for in “%s”.") % context["query"])
            return render(request, "search/search.html", context)
        context |= {
            "found": found,
            "page": page,
            "around": around(asked, found, page, PAGE_SIZE),
            "formats": FORMATS,
        }
    except IndexUnavailableError:
        return render(request, "search/unavailable.html", context, status=503)
    return render(request, "search/search.html", context)


@require_safe
def export(request: HttpRequest, ending: str) -> HttpResponseBase:
    """All results of the search page as a file, streamed."""
    form = SearchForm(request.GET)
    context: dict[str, object] = {"form": form, "query": form.asked.query[:LONGEST_QUERY]}
    if form.errors:
        return render(request, "search/no_export.html", context, status=400)
    try:
        made = export_of(
            form.asked,
            ending,
            lambda article: request.build_absolute_uri(article.get_absolute_url()),
        )
    except NothingAskedError:
        context["message"] = _("There is no word to search for in “%s”.") % context["query"]
        return render(request, "search/no_export.html", context, status=400)
    except BusyError:
        context["message"] = _(
            "Somebody else takes the results of a search along at this moment. "
            "Try again in a minute."
        )
        response = render(request, "search/no_export.html", context, status=503)
        response.headers["Retry-After"] = BUSY_SECONDS
        return response
    except IndexUnavailableError:
        return render(request, "search/unavailable.html", context, status=503)
    headers = {"Content-Disposition": content_disposition_header(True, made.name) or ""}
    if request.method == "HEAD":
        made.close()
        return StreamingHttpResponse([], content_type=made.content_type, headers=headers)
    return StreamingHttpResponse(made, content_type=made.content_type, headers=headers)


@require_safe
def suggest(request: HttpRequest) -> JsonResponse:
    """Words and titles that ``?q=`` may become, as JSON; nothing where there is no index."""
    try:
        found = suggestions_for(request.GET.get("q", ""))
    except IndexUnavailableError:
        found = Suggestions([], [])
    return JsonResponse(
        {
            "terms": found.terms,
            "titles": [
                {"title": article.headline, "url": article.get_absolute_url()}
                for article in found.titles
            ],
        }
    )


def _page_number(request: HttpRequest) -> int:
    name = request.GET.get("page", "1")
    if re.fullmatch(r"[0-9]{1,9}", name) and int(name) > 0:
        return int(name)
    messages.warning(
        request, _("“%(page)s” is no page; this is the first one.") % {"page": name[:50]}
    )
    return 1


@never_cache
def healthz(_request: HttpRequest) -> JsonResponse:
    """Whether database and index answer, as JSON: 200 when they do, 503 when not.

    A private archive tells nobody how much it holds.
    """
    state: dict[str, object] = {"status": "ok", "database": "ok", "index": "ok"}
    counts: dict[str, int] = {}
    try:
        Article.objects.exists()
        counts["pending"] = PendingChange.objects.count()
    except DatabaseError as error:
        state |= {"status": "error", "database": str(error)}
    try:
        counts["indexed"] = engine().count()
    except IndexUnavailableError as error:
        state |= {"status": "error", "index": f"{error}; run: python manage.py rebuild_index"}
    if not settings.NEWSARCHIVE_PRIVATE:
        state |= counts
    return JsonResponse(state, status=200 if state["status"] == "ok" else 503)
