"""Answering a query from the segments of an index."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from heapq import nlargest
from math import log
from operator import itemgetter

import numpy as np

from search.engines.base import Hits
from search.engines.days import DayCounts
from search.engines.whoosh._leaf import UNDATED_DAY, Leaf, Numbers
from search.engines.whoosh._matching import are_of, between, matching
from search.engines.whoosh._ordering import Found, first, first_places
from search.engines.whoosh._ranking import Ranking
from search.query import Condition, Query
from search.text import OwnWords, segments

__all__ = ["find", "how_many", "similar"]

TELLING_TERMS = 30
LOOKED_UP_TERMS = 100
READ_CHARACTERS = 8_000


def find(leaves: Sequence[Leaf], query: Query, start: int, end: int | None) -> Hits:
    """Return hits ``start`` to ``end`` of ``query``, and how many there are."""
    of_outlets, in_time, wanted = [], [], []
    for leaf in leaves:
        matched = _left(leaf, query.condition, query.without)
        theirs, then = _masks(leaf, query, matched)
        of_outlets.append(matched if theirs is None else matched[theirs])
        in_time.append(matched if then is None else matched[then])
        both = then if theirs is None else theirs if then is None else theirs & then
        wanted.append(matched if both is None else matched[both])
    found = Found(leaves, wanted)
    shown = first(found, query, len(found) if end is None else min(end, len(found)))[start:]
    if not query.with_facets:
        return Hits(len(found), shown)
    days = _by_day(leaves, wanted, query)
    has_bounds = query.after or query.before
    return Hits(
        count=len(found),
        found=shown,
        outlets=_by_outlet(leaves, in_time),
        years=(_by_day(leaves, of_outlets, query) if has_bounds else days).by_year(),
        days=days.by_day(),
    )


def how_many(leaves: Sequence[Leaf], query: Query) -> int:
    """Return how many documents ``query`` finds."""
    count = 0
    for leaf in leaves:
        found = _left(leaf, query.condition, query.without)
        masks = [mask for mask in _masks(leaf, query, found) if mask is not None]
        count += int(np.count_nonzero(np.logical_and.reduce(masks))) if masks else len(found)
    return count


def similar(
    leaves: Sequence[Leaf], pk: int, most: int, without: Numbers, own_words: OwnWords
) -> list[int]:
    """Return the ids of the articles that share the most telling segments with article ``pk``."""
    own = ((leaf, np.flatnonzero((leaf.ids == pk) & ~leaf.deleted)) for leaf in leaves)
    form = next((leaf.form(int(numbers[0])) for leaf, numbers in own if len(numbers)), None)
    if form is None:
        return []
    terms_of = segments(form[:READ_CHARACTERS], own_words)
    counts = Counter(term for term in terms_of if len(term) > 1)
    # One segment tells well enough which terms are worth looking up in all of them.
    largest = max(leaves, key=lambda leaf: leaf.size)
    rare = nlargest(LOOKED_UP_TERMS, _telling([largest], counts), key=itemgetter(1))
    weights = _telling(leaves, {term: counts[term] for term, _weight, _often in rare})
    telling = [(weight, term) for term, weight, often in weights if often > 1 and weight > 0]
    terms = [term for _weight, term in nlargest(TELLING_TERMS, telling)]
    ranking = Ranking(leaves, ((term, False) for term in terms))
    others, scores = [], [np.empty(0)]
    for leaf in leaves:
        of_leaf = ranking.scores(leaf, leaf.everything)
        of_leaf[leaf.left_out(without)] = 0
        of_leaf[leaf.ids == pk] = 0
        others.append(np.flatnonzero(of_leaf))
        scores.append(of_leaf[others[-1]])
    found, score = Found(leaves, others), np.concatenate(scores)
    places = first_places([score.__getitem__, found.ids], len(found), min(most, len(found)))
    ids: list[int] = found.ids(places).tolist()
    return ids


def _telling(leaves: Sequence[Leaf], counts: Mapping[str, int]) -> Iterator[tuple[str, float, int]]:
    """Yield for each term how telling it is where it stands so often, and how many have it."""
    size = sum(leaf.size for leaf in leaves)
    for term, often in counts.items():
        frequency = sum(leaf.frequency("segments", term) for leaf in leaves)
        yield term, (1 + log(often)) * log(size / (frequency or 1)), frequency


def _left(leaf: Leaf, condition: Condition, without: Sequence[int]) -> Numbers:
    """Return the documents that meet a condition, without those that are deleted or left out."""
    found = matching(leaf, condition, leaf.everything).astype(np.intp, copy=False)
    left_out = leaf.left_out(np.asarray(without, np.int64))
    return found[~left_out[found]] if left_out.any() else found


def _masks(leaf: Leaf, query: Query, found: Numbers) -> tuple[Numbers | None, Numbers | None]:
    """Return masks of what is of the outlets, and in the time, that were asked for, if any."""
    theirs = are_of(leaf, found, query.outlets) if query.outlets else None
    has_bounds = query.after or query.before
    then = between(leaf.published[found], query.after, query.before) if has_bounds else None
    return theirs, then


def _by_outlet(leaves: Sequence[Leaf], documents: Sequence[Numbers]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for leaf, of_leaf in zip(leaves, documents, strict=True):
        numbers = np.bincount(leaf.outlet_numbers[of_leaf], minlength=len(leaf.outlet_ids))
        for outlet, count in zip(leaf.outlet_ids, numbers.tolist(), strict=True):
            if count:
                counts[outlet] = counts.get(outlet, 0) + count
    return counts


def _by_day(leaves: Sequence[Leaf], documents: Sequence[Numbers], query: Query) -> DayCounts:
    days = (leaf.days(query.zone)[of] for leaf, of in zip(leaves, documents, strict=True))
    return DayCounts.of(of_leaf[of_leaf != UNDATED_DAY] for of_leaf in days)
