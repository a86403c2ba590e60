"""What belongs beside an article: the same story told elsewhere, and more articles like it.

Two articles tell the same story where most of the shorter one's text stands in the other: copies of
an agency's report under other headlines, excerpts, updates, the same text in the other script.
Texts are compared by their shingles (Broder, "On the resemblance and containment of documents",
1997): all strings of six characters in their folds, without punctuation and spaces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
from django.db.models.functions import Left

from articles.models import Article
from search.finding import similar_ids
from search.text import fold

__all__ = ["Related", "is_same_story", "related_articles"]

CANDIDATES = 40
MOST_SIMILAR = 5
SHINGLE = 6
COMPARED_CHARACTERS = 20_000
FEWEST_SHINGLES = 60
"""Less text than that may be a caption or an appeal that stands below everything."""
SAME = 0.7
"""Of 8,079 real articles, pairs with more in common tell the same story, pairs with less do not."""

Shingles = np.ndarray[Any, Any]
"""Hashes of the shingles of a text, each once, ascending."""


@dataclass(frozen=True, slots=True)
class Related:
    """``told`` are all articles that tell the same story, this one too, the earliest first.

    It is empty where no other tells it; ``earliest`` is when it was first told, if that is known.
    ``similar`` are on the same subject, the most alike first.
    """

    told: Sequence[Article]
    earliest: datetime | None
    similar: Sequence[Article]


def related_articles(article: Article) -> Related:
    """Return what belongs beside ``article``, loaded for lists. Raises IndexUnavailableError."""
    ids = similar_ids(article, CANDIDATES)
    found = (
        Article.objects.readable()
        .for_list()
        .annotate(beginning=Left("text", COMPARED_CHARACTERS))
        .in_bulk(ids)
    )
    candidates = [found[pk] for pk in ids if pk in found]
    mine = shingles(article.text)
    same = [other for other in candidates if is_same_story(mine, shingles(other.beginning))]
    others = [other for other in candidates if other not in same]
    if not same:
        return Related([], None, others[:MOST_SIMILAR])
    told = sorted([article, *same], key=lambda a: (a.published_at is None, a.listed_at, a.pk))
    return Related(told, told[0].published_at, others[:MOST_SIMILAR])


def is_same_story(one: Shingles, other: Shingles) -> bool:
    """Tell whether most of the shorter text stands in the longer one."""
    fewer = min(len(one), len(other))
    if fewer < FEWEST_SHINGLES:
        return False
    places = np.searchsorted(other, one)
    places[places == len(other)] = 0
    return int(np.count_nonzero(other[places] == one)) >= SAME * fewer


def shingles(text: str) -> Shingles:
    """Return the shingles of the beginning of ``text``."""
    encoded = text[:COMPARED_CHARACTERS].encode("utf-32-le", "surrogatepass")
    codes = _folded_codes()[np.minimum(np.frombuffer(encoded, np.uint32), 0xFFFF)]
    codes = codes[codes > 0]
    size = max(len(codes) - SHINGLE + 1, 0)
    hashes = np.zeros(size, np.uint64)
    for place in range(SHINGLE):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + codes[place : place + size]
    hashes.sort()
    is_first = np.ones(size, bool)
    is_first[1:] = hashes[1:] != hashes[:-1]
    return hashes[is_first]


@cache
def _folded_codes() -> "np.ndarray[Any, Any]":
    """Return for each character of the basic plane the code of its fold; 0 if it is no letter."""
    folded = fold("".join(map(chr, range(0x10000))))
    return np.array([ord(c) if c.isalnum() else 0 for c in folded], np.uint64)
