"""The admin's list of articles, searched with the engine and its language."""

import json
import re
from contextlib import suppress

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import SEARCH_VAR
from django.db import connections
from django.db.models import BinaryField, F, Func, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from articles.addresses import canonical_address
from articles.models import Article
from search import words_admin  # noqa: F401 - registers the own words
from search.engines.base import IndexUnavailableError
from search.finding import find_ids
from search.query import Sort

LONGEST_ADDRESS, LONGEST_BYLINE = 2000, 300
FEW = 1_000
"""Going to so many is quicker than walking past all."""

_address = re.compile(r"https?://\S+|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/\S*)?", re.IGNORECASE)


class EngineSearchMixin:
    """Finds articles as the search page does, in the order of the list.

    An address finds the article that has it, or those whose addresses contain it. Where that, or
    the engine, finds nothing, bylines are searched; where there is no index, Django's own search
    looks through the fields. Hidden articles are found as well.
    """

    search_help_text = _(
        "As on the search page: words, “phrases”, OR, -without, title:, outlet:, after:, before:; "
        "or an address, or a byline"
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Article], search_term: str
    ) -> tuple[QuerySet[Article], bool]:
        """Return the articles of ``queryset`` that ``search_term`` finds; see ModelAdmin."""
        term = search_term.strip()
        # Django's list takes no NUL for a search, and what it does not take for no search.
        has_nul = "\0" in term or "\0" in request.GET.get(SEARCH_VAR, "")
        if has_nul or (term and not re.search(r"\w", term)):
            return queryset.none(), False
        if not term:
            return queryset, False
        try:
            ids = _with_address(term) or find_ids(term, sort=Sort.NEWEST) or _with_byline(term)
        except IndexUnavailableError:
            _say_that_there_is_no_index(request)
            return super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        return _with_ids(queryset, ids), False


def _with_address(term: str) -> list[int]:
    """Return the article with this address, else those with it in theirs."""
    if not _address.fullmatch(term) or len(term) > LONGEST_ADDRESS:
        return []
    parts = [term]
    articles = Article.objects.order_by().values_list("pk", flat=True)
    with suppress(ValueError):
        url = canonical_address(term if "://" in term else f"https://{term}")
        if found := list(articles.filter(url=url)):
            return found
        parts.append(url.partition("://")[2])
    # The addresses as they were written are in no index, but the canonical form of theirs is.
    return list(articles.filter(Q(*[("url__icontains", part) for part in parts], _connector=Q.OR)))


def _with_byline(term: str) -> list[int]:
    """Return the articles whose bylines have the words of ``term``."""
    if len(term) > LONGEST_BYLINE:
        return []
    has_all = Q(*[("byline__icontains", word) for word in term.split()])
    return list(Article.objects.order_by().filter(has_all).values_list("pk", flat=True))


def _with_ids(queryset: QuerySet[Article], ids: list[int]) -> QuerySet[Article]:
    """Return the articles with these ids, however many.

    The ids are one parameter: databases take no quarter of a million of them. SQLite reads a long
    list of them slowly; a byte for each id up to the largest, 1 where it is among them, it looks at
    while it walks the index that has the order.
    """
    if not ids:
        return queryset.none()
    if connections[queryset.db].vendor == "postgresql":
        return queryset.filter(pk__in=RawSQL("SELECT unnest(%s::bigint[])", [ids]))
    if len(ids) <= FEW:
        listed = RawSQL("SELECT value FROM json_each(%s)", [json.dumps(sorted(ids))])
        return queryset.filter(pk__in=listed)
    marks = bytearray(max(ids) + 1)
    for pk in ids:
        marks[pk] = 1
    mark = Func(Value(bytes(marks)), F("pk") + 1, 1, function="substr", output_field=BinaryField())
    return queryset.filter(Exact(mark, Value(b"\x01")))


def _say_that_there_is_no_index(request: HttpRequest) -> None:
    match = request.resolver_match
    # The others are no pages: what is said there would be shown somewhere else, later.
    if match and match.url_name == "articles_article_changelist":
        messages.warning(
            request,
            _(
                "The search index has to be built again (manage.py rebuild_index). Until then only "
                "titles, bylines and addresses are searched."
            ),
        )


def _plug_in() -> None:
    """Have the list of articles searched with the engine, whatever else its admin does."""
    registered = type(admin.site.get_model_admin(Article))
    admin.site.unregister(Article)
    admin.site.register(Article, _searching(registered))


def _searching(registered: type[ModelAdmin]) -> type[ModelAdmin]:
    return type(registered.__name__, (EngineSearchMixin, registered), {})


_plug_in()
