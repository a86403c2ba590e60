"""Where an article stands among the results of the search a reader came from."""

import re
from dataclasses import dataclass

from django.http import QueryDict
from django.urls import reverse

from articles.models import Article
from search.engines.base import IndexUnavailableError
from search.finding import find_part
from search.forms import PAGE_SIZE, Asked, SearchForm

__all__ = ["Place", "Step", "place_of"]

# An import or an edit moves results a little; further away nobody looks for the article.
REACH = 20


@dataclass(frozen=True, slots=True)
class Step:
    """Another result: its headline, and its address with the search in it."""

    headline: str
    address: str


@dataclass(frozen=True, slots=True)
class Place:
    """Result ``number`` of ``count``, those beside it, and the address of their page."""

    number: int
    count: int
    previous: Step | None
    next: Step | None
    results: str


def place_of(article: Article, asked_for: QueryDict) -> Place | None:
    """Return the place of ``article`` among the results that its own address names.

    ``asked_for`` has what the search page's address has, and the place as ``n``. None where it
    names no place, where the article is not there, or no longer near, or where no index answers.
    """
    name = asked_for.get("n", "")
    asked = SearchForm(asked_for).asked
    if not asked.query or not re.fullmatch(r"[1-9][0-9]{0,8}", name):
        return None
    start = max(0, int(name) - 1 - REACH)
    try:
        count, ids = find_part(
            asked.query, start, int(name) + REACH, **asked.narrowing, sort=asked.sort
        )
    except IndexUnavailableError:
        return None
    if article.pk not in ids:
        return None
    index = ids.index(article.pk)
    number = start + index + 1
    beside = {index - 1: number - 1, index + 1: number + 1}
    wanted = {ids[place]: rank for place, rank in beside.items() if 0 <= place < len(ids)}
    steps = {
        wanted[found.pk]: _step(found, asked, wanted[found.pk])
        for found in Article.objects.readable().for_list().filter(pk__in=wanted)
    }
    return Place(
        number,
        count,
        previous=steps.get(number - 1),
        next=steps.get(number + 1),
        results=reverse("search") + asked.address((number - 1) // PAGE_SIZE + 1),
    )


def _step(article: Article, asked: Asked, number: int) -> Step:
    return Step(article.headline, f"{article.get_absolute_url()}{asked.address()}&n={number}")
