"""Answering a query from the segments of an index."""

from collections import Counter
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from math import log

import numpy as np

from search.engines.base import Hits
from search.engines.days import by_day, by_year
from search.engines.whoosh._leaf import Leaf, Numbers, between
from search.engines.whoosh._ranking import Ranking
from search.engines.whoosh._schema import UNDATED
from search.query import Query, Sort, texts_of, wholly
from search.text import segments

__all__ = ["completions", "corrections", "find", "similar"]

TELLING_TERMS = 30
SHORTEST_CORRECTED = 2
SHORTEST_CORRECTED_LETTERS = 4
ALIKE = 0.8


def find(leaves: Sequence[Leaf], query: Query, start: int, end: int | None) -> Hits:
    """Return hits ``start`` to ``end`` of ``query``, and how many there are."""
    without = _ids(query.without)
    of_outlets, in_time, wanted = [], [], []
    for leaf in leaves:
        found = leaf.but(without, leaf.matching(query.condition, leaf.documents))
        theirs = np.isin(leaf.outlets[found], list(query.outlets)) | (not query.outlets)
        then = between(leaf.published[found], query.after, query.before)
        of_outlets.append(leaf.published[found[theirs]])
        in_time.append(leaf.outlets[found[then]])
        wanted.append(found[theirs & then])
    ids = _joined([leaf.ids[found] for leaf, found in zip(leaves, wanted, strict=True)])
    published = _joined([leaf.published[found] for leaf, found in zip(leaves, wanted, strict=True)])
    order, scores = _order(leaves, wanted, query, ids, published)
    shown = order[start:end]
    days = by_day(_dated(published), query.zone)
    has_bounds = query.after or query.before
    return Hits(
        count=len(ids),
        found=list(zip(ids[shown].tolist(), scores[shown].tolist(), strict=True)),
        outlets=_counted(_joined(in_time)),
        years=by_year(by_day(_dated(_joined(of_outlets)), query.zone) if has_bounds else days),
        days=days,
    )


def _order(
    leaves: Sequence[Leaf],
    kept: Sequence[Numbers],
    query: Query,
    ids: Numbers,
    published: Numbers,
) -> tuple[Numbers, Numbers]:
    """Return the places of the documents in their order, and their scores at their places."""
    scores = np.zeros(len(ids))
    if query.sort is Sort.NEWEST:
        return np.lexsort((ids, published))[::-1], scores
    if query.sort is Sort.OLDEST:
        return np.lexsort((ids, published, published == UNDATED)), scores
    texts = list(texts_of(query.condition))
    ranking = Ranking(leaves, ((term, t.in_title) for t in texts for term in t.segments))
    scores = _joined([ranking.scores(*pair) for pair in zip(leaves, kept, strict=True)], float)
    in_one_piece = np.ones(len(ids), bool)
    if any(len(text.pieces) > 1 for text in texts):
        condition = wholly(query.condition)
        whole = [leaf.matching(condition, found) for leaf, found in zip(leaves, kept, strict=True)]
        in_one_piece = _joined(
            [np.isin(found, w) for found, w in zip(kept, whole, strict=True)], bool
        )
    return np.lexsort((ids, published, scores, in_one_piece))[::-1], scores


def similar(leaves: Sequence[Leaf], pk: int, most: int, without: Sequence[int]) -> list[int]:
    """Return the ids of the articles that share the most telling segments with article ``pk``."""
    size = sum(leaf.size for leaf in leaves)
    form = next(
        (leaf.text(n) for leaf in leaves for n in leaf.documents[leaf.ids[leaf.documents] == pk]),
        None,
    )
    if form is None:
        return []
    counts = Counter(segments(form))
    telling: list[tuple[float, str]] = []
    for term, often in counts.items():
        holders = sum(len(leaf.postings("segments", term)[0]) for leaf in leaves)
        if len(term) > 1 and holders > 1:
            telling.append(((1 + log(often)) * log(size / holders), term))
    terms = [term for weight, term in sorted(telling, reverse=True)[:TELLING_TERMS] if weight > 0]
    ranking = Ranking(leaves, ((term, False) for term in terms))
    others = [(leaf, leaf.but(_ids(without), leaf.documents)) for leaf in leaves]
    scores = _joined([ranking.scores(leaf, documents) for leaf, documents in others], float)
    ids = _joined([leaf.ids[documents] for leaf, documents in others])
    order = np.lexsort((ids, scores))[::-1]
    return [i for i in ids[order[scores[order] > 0][: most + 1]].tolist() if i != pk][:most]


def completions(
    leaves: Sequence[Leaf], prefix: str, most: int, without: Sequence[int]
) -> list[str]:
    """Return the most frequent segments that begin with ``prefix``."""
    return _most_frequent(_beginning(leaves, prefix, without), most)


def corrections(leaves: Sequence[Leaf], word: str, most: int, without: Sequence[int]) -> list[str]:
    """Return the most frequent segments that differ from ``word`` in one character.

    Of letters, those that are about alike and begin alike.
    """
    if word.isascii():
        if len(word) < SHORTEST_CORRECTED_LETTERS:
            return []
        counts = _beginning(leaves, word[:1], without)
        known = {str(term, "utf-8", "surrogatepass"): count for term, count in counts.items()}
        known.pop(word, None)
        alike = get_close_matches(word, known, n=20, cutoff=ALIKE)
        return sorted(alike, key=lambda term: -known[term])[:most]
    if len(word) < SHORTEST_CORRECTED:
        return []
    return _most_frequent(
        _counted_in(leaves, without, lambda leaf: leaf.differing_in_one("segments", word)), most
    )


def _beginning(leaves: Sequence[Leaf], prefix: str, without: Sequence[int]) -> "Counter[bytes]":
    """Return the segments that begin with ``prefix``, and how many documents have each."""
    encoded = prefix.encode("utf-8", "surrogatepass")
    return _counted_in(leaves, without, lambda leaf: leaf.beginning("segments", encoded))


def _counted_in(
    leaves: Sequence[Leaf], without: Sequence[int], terms_of: Callable[[Leaf], Sequence[int]]
) -> "Counter[bytes]":
    """Return the segments whose numbers ``terms_of`` gives, and how many documents have each."""
    ids = _ids(without)
    counts: Counter[bytes] = Counter()
    for leaf in leaves:
        if terms := terms_of(leaf):
            counts.update(dict(leaf.counted("segments", terms, leaf.but(ids, leaf.documents))))
    return +counts


def _ids(ids: Sequence[int]) -> Numbers:
    return np.asarray(ids, np.int64)


def _most_frequent(counts: "Counter[bytes]", most: int) -> list[str]:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [str(term, "utf-8", "surrogatepass") for term, _count in ranked[:most]]


def _joined(arrays: Sequence[Numbers], dtype: type = np.int64) -> Numbers:
    return np.concatenate(arrays) if arrays else np.empty(0, dtype)


def _counted(values: Numbers) -> dict[int, int]:
    distinct, counts = np.unique(values, return_counts=True)
    return dict(zip(distinct.tolist(), counts.tolist(), strict=True))


def _dated(published: Numbers) -> Numbers:
    return published[published != UNDATED]
