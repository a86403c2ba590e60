"""The admin's list of articles, searched with the engine and its language."""

import json
import re
from contextlib import suppress

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db import connections
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from articles.addresses import canonical_address
from articles.models import Article
from search.engines.base import IndexUnavailableError
from search.finding import find_ids
from search.query import Sort

_address = re.compile(r"https?://\S+|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/\S*)?", re.IGNORECASE)


class EngineSearchMixin:
    """Finds articles as the search page does, in the order of the list.

    An address finds the article that has it, or those whose addresses contain it. Where that, or
    the engine, finds nothing, and where there is no index, Django's own search looks through the
    fields.
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
        if term and not re.search(r"\w", term):
            return queryset.none(), False
        found = _with_address(queryset, term) if _address.fullmatch(term) else None
        if found is None and term:
            try:
                found = _with_ids(queryset, find_ids(term, sort=Sort.NEWEST))
            except IndexUnavailableError:
                _say_that_there_is_no_index(request)
        if found is not None:
            return found, False
        return super().get_search_results(request, queryset, search_term)  # type: ignore[misc]


def _with_address(queryset: QuerySet[Article], term: str) -> QuerySet[Article] | None:
    """Return the articles with this address, else those with it in theirs; None without any."""
    conditions = [Q(url__icontains=term) | Q(original_url__icontains=term)]
    with suppress(ValueError):
        conditions.insert(0, Q(url=canonical_address(term)))
    for condition in conditions:
        found = queryset.filter(condition)
        if found.exists():
            return found
    return None


def _with_ids(queryset: QuerySet[Article], ids: list[int]) -> QuerySet[Article] | None:
    """Return the articles with these ids, however many; None without ids."""
    if not ids:
        return None
    # One parameter: databases take no quarter of a million of them.
    if connections[queryset.db].vendor == "postgresql":
        listed = RawSQL("SELECT unnest(%s::bigint[])", [ids])
    else:
        listed = RawSQL("SELECT value FROM json_each(%s)", [json.dumps(sorted(ids))])
    return queryset.filter(pk__in=listed)


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
