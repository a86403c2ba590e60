"""Which documents have three neighbouring characters, and where first.

There are more of these than of all other terms together, so they are numbers, and Whoosh does not
know of them. Three arrays: ``triples``, ascending; ``triple_starts``, where the postings of each
begin, with one item more; ``triple_postings``, ascending for each triple: a document's number in
the upper 16 bits, and in the lower ones the place in its form, in bytes.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from search.engines.whoosh._arrays import Array
from search.text import LAST_PLACE, is_first, number_of

__all__ = [
    "Triples",
    "arrays_of_triples",
    "documents_in",
    "places_in",
    "postings_of",
]

PLACE_BITS = 16


class Triples:
    """The triples of a segment. Raises KeyError or ValueError where an array is not whole."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self.numbers = arrays["triples"]
        self.starts = arrays["triple_starts"]
        self.postings = arrays["triple_postings"]
        if len(self.starts) != len(self.numbers) + 1:
            raise ValueError("the triples of the index are cut off")

    def documents_with(self, triple: str) -> Array:
        """Return the documents that have a triple, given as its three characters."""
        return documents_in(self._of(triple))

    def places_of(self, triple: str, documents: Array) -> Array:
        """Return where a triple is first in each of ``documents``, all of which have it.

        In bytes from the beginning of the form; LAST_PLACE where it is there or further on.
        """
        postings = self._of(triple)
        return places_in(postings[np.searchsorted(postings, postings_of(documents, 0))])

    def _of(self, triple: str) -> Array:
        number = np.uint64(number_of(triple))
        place = np.searchsorted(self.numbers, number)
        if place == len(self.numbers) or self.numbers[place] != number:
            return self.postings[:0]
        return self.postings[self.starts[place] : self.starts[place + 1]]


def documents_in(postings: Array) -> Array:
    """Return the documents of postings."""
    return postings >> PLACE_BITS


def postings_of(documents: Array, places: Array | int) -> Array:
    """Return the postings of documents with a triple at these places."""
    return documents.astype(np.uint32) << PLACE_BITS | places


def places_in(postings: Array) -> Array:
    """Return the places of postings."""
    return postings & LAST_PLACE


def arrays_of_triples(triples: Sequence[tuple[Array, Array]]) -> dict[str, Array]:
    """Return the arrays of a segment whose documents have these triples at these places."""
    sizes = [len(numbers) for numbers, _places in triples]
    numbers = np.concatenate([np.empty(0, np.uint64), *(numbers for numbers, _places in triples)])
    places = np.concatenate([np.empty(0, np.uint16), *(places for _numbers, places in triples)])
    postings = postings_of(np.arange(len(triples)).repeat(sizes), places)
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    first = np.flatnonzero(is_first(ordered))
    return {
        "triples": ordered[first],
        "triple_starts": np.append(first, len(ordered)),
        "triple_postings": postings[order],
    }
