"""The first of many documents, without sorting the others."""

from collections.abc import Callable, Sequence

import numpy as np

from search.engines.whoosh._leaf import Leaf, Numbers
from search.engines.whoosh._matching import matching
from search.engines.whoosh._ranking import Ranking
from search.engines.whoosh._schema import UNDATED
from search.query import Query, Sort, texts_of, wholly

__all__ = ["Found", "first", "first_places"]

Key = Callable[[Numbers], Numbers]
"""Gives what decides about the documents at these places: the greater comes first."""


class Found:
    """Documents of several segments, one behind the other; a place is a number among them."""

    def __init__(self, leaves: Sequence[Leaf], documents: Sequence[Numbers]) -> None:
        self.leaves = leaves
        self.documents = documents
        self._ends = np.cumsum([len(of_leaf) for of_leaf in documents])

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def ids(self, places: Numbers) -> Numbers:
        """Return the ids of the documents at ``places``."""
        return self._values([leaf.ids for leaf in self.leaves], places)

    def published(self, places: Numbers) -> Numbers:
        """Return when the documents at ``places`` were published."""
        return self._values([leaf.published for leaf in self.leaves], places)

    def _values(self, columns: Sequence[Numbers], places: Numbers) -> Numbers:
        if len(columns) == 1:
            return columns[0][self.documents[0][places]]
        values = np.empty(len(places), np.int64)
        of_leaf = np.searchsorted(self._ends, places, side="right")
        for number, column in enumerate(columns):
            mine = np.flatnonzero(of_leaf == number)
            if len(mine):
                start = self._ends[number] - len(self.documents[number])
                values[mine] = column[self.documents[number][places[mine] - start]]
        return values


def first(found: Found, query: Query, most: int) -> list[tuple[int, float]]:
    """Return ids and scores of the first ``most`` documents in the order that is asked for."""
    if not most:
        return []
    scores: Numbers | None = None
    match query.sort:
        case Sort.NEWEST:
            keys: list[Key] = [found.published, found.ids]
        case Sort.OLDEST:
            keys = [
                lambda places: found.published(places) != UNDATED,
                lambda places: ~found.published(places),
                lambda places: ~found.ids(places),
            ]
        case Sort.RELEVANCE:
            scores = _scores(found, query)
            keys = [*_in_one_piece(found, query), scores.__getitem__, found.published, found.ids]
    places = first_places(keys, len(found), most)
    shown = np.zeros(len(places)) if scores is None else scores[places]
    return list(zip(found.ids(places).tolist(), shown.tolist(), strict=True))


def first_places(keys: Sequence[Key], size: int, most: int) -> Numbers:
    """Return the first ``most`` of the places 0 to ``size``, by the first key that differs."""
    undecided = np.arange(size)
    decided: list[Numbers] = []
    for key in keys:
        if len(undecided) <= most or not most:
            break
        values = key(undecided)
        if values.dtype == bool:
            values = values.view(np.int8)
        least = np.partition(values, len(values) - most)[len(values) - most]
        better = undecided[values > least]
        decided.append(better)
        most -= len(better)
        undecided = undecided[values == least]
    places = np.concatenate([*decided, undecided[:most]])
    order = np.lexsort([key(places) for key in reversed(keys)])[::-1]
    return places[order]


def _scores(found: Found, query: Query) -> Numbers:
    terms = ((term, t.in_title) for t in texts_of(query.condition) for term in t.segments)
    ranking = Ranking(found.leaves, terms)
    pairs = zip(found.leaves, found.documents, strict=True)
    return np.concatenate([np.empty(0), *(ranking.scores(*pair) for pair in pairs)])


def _in_one_piece(found: Found, query: Query) -> list[Key]:
    """Return what tells whether a document has each long run of characters in one piece."""
    if all(len(text.pieces) <= 1 for text in texts_of(query.condition)):
        return []
    condition = wholly(query.condition)
    masks = [np.empty(0, bool)]
    for leaf, documents in zip(found.leaves, found.documents, strict=True):
        is_whole = np.zeros(leaf.size, bool)
        is_whole[matching(leaf, condition, documents)] = True
        masks.append(is_whole[documents])
    return [np.concatenate(masks).__getitem__]
