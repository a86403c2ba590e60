"""Every address of the site, as the urlconf has them."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from articles.models import Article

QUESTIONS = {
    "search": "?q=新闻",
    "suggest": "?q=新",
    "search-feed": "?q=新闻",
    "search-export": "?q=新闻",
    "api:search": "?q=新闻",
}


def _patterns(
    patterns: list[URLPattern | URLResolver], namespace: str = ""
) -> Iterator[tuple[str, list[str]]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _patterns(pattern.url_patterns, inner)
        elif pattern.name:
            yield namespace + pattern.name, list(pattern.pattern.regex.groupindex)


PARAMETERS = dict(_patterns(get_resolver().url_patterns))
"""The names of all addresses, and the names of what each of them takes."""


def address(name: str, article: Article) -> str:
    """Return an address of that name that shows ``article``, where it shows one."""
    values: dict[str, Any] = {
        "pk": article.pk,
        "object_id": article.pk,
        "number": 1,
        "slug": article.outlet.slug,
        "year": 2023,
        "month": 12,
        "day": 14,
        "section": "articles",
        "ending": "csv",
        "app_label": "articles",
        "sha256": "0" * 64,
        "suffix": "png",
    }
    taken = {parameter: values.get(parameter, 1) for parameter in PARAMETERS[name]}
    return reverse(name, kwargs=taken) + QUESTIONS.get(name, "")
