"""BM25F over segments of title and text, for many documents at once.

The formula, its constants and its statistics are those of ``whoosh.scoring.BM25F``.
"""

from collections.abc import Iterable, Sequence
from math import log

import numpy as np

from search.engines.whoosh._leaf import Leaf, Numbers
from search.engines.whoosh._postings import MANY_TIMES, places_of

__all__ = ["TITLE_WEIGHT", "Ranking", "Term"]

TITLE_WEIGHT = 3.0
_FIELDS = (("segments", 1.0), ("title_segments", TITLE_WEIGHT))
_B, _K1 = 0.75, 1.2
Term = tuple[str, bool]
"""A segment, and whether only titles count."""


class Ranking:
    """Scores documents by ``terms``, with the statistics of all segments of the index."""

    def __init__(self, leaves: Sequence[Leaf], terms: Iterable[Term]) -> None:
        size = sum(leaf.size for leaf in leaves)
        self._terms: list[tuple[str, str, float]] = []
        self._average = {
            field: sum(leaf.total_length(field) for leaf in leaves) / (size or 1) or 1.0
            for field, _weight in _FIELDS
        }
        for term, only_titles in dict.fromkeys(terms):
            for field, weight in _FIELDS[1:] if only_titles else _FIELDS:
                frequency = sum(len(leaf.postings(field, term)[0]) for leaf in leaves)
                if frequency:
                    self._terms.append((field, term, weight * (log(size / (frequency + 1)) + 1)))

    def scores(self, leaf: Leaf, documents: Numbers) -> Numbers:
        """Return the scores of ``documents`` of a segment."""
        scores = np.zeros(leaf.size)
        for field, term, weight in self._terms if len(documents) else ():
            holders, counts = leaf.postings(field, term)
            if counts is None:
                continue
            if len(documents) * MANY_TIMES < len(holders):
                places, is_there = places_of(documents, holders)
                places = places[is_there]
                holders, counts = holders[places], counts[places]
            holders = holders.astype(np.intp)
            lengths = leaf.lengths(field)[holders]
            scores[holders] += weight * _weights(counts, lengths, self._average[field])
        return scores[documents]


def _weights(counts: Numbers, lengths: Numbers, average: float) -> Numbers:
    """Return what it weighs that a term is so often in documents of these lengths."""
    often = counts.astype(np.float64)
    lengths *= _K1 * _B / average
    lengths += _K1 * (1 - _B)
    lengths += often
    often *= _K1 + 1
    often /= lengths
    return often
