"""The words of an index: those that begin with something, those that are almost like another."""

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

import numpy as np

from search.engines.whoosh._arrays import Array
from search.engines.whoosh._leaf import Leaf, Numbers
from search.engines.whoosh._postings import FieldPostings, encoded

__all__ = ["completions", "corrections"]

FIELD = "segments"
HAN_BYTES = 3
NOT_IN_TERMS = b"\xff"
"""A byte that follows all bytes of UTF-8."""
FIRST_LOOKED_AT = 64
"""So many of the most frequent terms of a segment are looked at first."""
ENOUGH_LOOKED_AT = 1024
"""After so many, others that might have as many documents are not looked at any more."""
SHORTEST_CORRECTED = 2
SHORTEST_CORRECTED_LETTERS = 4
ALIKE = 0.8
MOST_ALIKE = 60


def completions(leaves: Sequence[Leaf], prefix: str, most: int, without: Numbers) -> list[str]:
    """Return the most frequent segments that begin with ``prefix``."""
    chosen = []
    for leaf in leaves:
        postings, term = leaf.fields[FIELD], encoded(prefix)
        last = postings.first_from(term + NOT_IN_TERMS)
        chosen.append(np.arange(postings.first_from(term), last))
    return _as_text(_most_frequent(leaves, chosen, most, without))


def corrections(leaves: Sequence[Leaf], word: str, most: int, without: Numbers) -> list[str]:
    """Return the most frequent segments that differ from ``word`` in one character.

    Of letters, those that are about alike and begin alike.
    """
    if word.isascii():
        if len(word) < SHORTEST_CORRECTED_LETTERS:
            return []
        chosen = [_about_alike(leaf.fields[FIELD], word) for leaf in leaves]
        frequent = _as_text(_most_frequent(leaves, chosen, MOST_ALIKE, without))
        return [term for term in frequent if term != word and _are_alike(term, word)][:most]
    if len(word) < SHORTEST_CORRECTED:
        return []
    chosen = [_differing_in_one(leaf.fields[FIELD], word) for leaf in leaves]
    return _as_text(_most_frequent(leaves, chosen, most, without))


def _differing_in_one(postings: FieldPostings, word: str) -> Numbers:
    """Return the numbers of terms with all but one of the Han characters of ``word``."""
    wanted = np.frombuffer(encoded(word), np.uint8)
    if len(wanted) != HAN_BYTES * len(word):
        return np.empty(0, np.int64)
    starts = postings.term_starts
    same_length = np.flatnonzero(np.diff(starts) == len(wanted))
    bytes_of = postings.terms[starts[same_length][:, None] + np.arange(len(wanted))]
    same = (bytes_of == wanted).reshape(len(same_length), len(word), HAN_BYTES).all(axis=2)
    return same_length[same.sum(axis=1) == len(word) - 1]


def _about_alike(postings: FieldPostings, word: str) -> Numbers:
    """Return the numbers of terms that may be as alike to ``word`` as is asked, by their letters.

    What ``SequenceMatcher.quick_ratio`` finds, for all terms at once.
    """
    first = encoded(word[0])
    numbers = np.arange(postings.first_from(first), postings.first_from(first + NOT_IN_TERMS))
    starts = postings.term_starts.astype(np.int64)
    lengths = starts[numbers + 1] - starts[numbers]
    is_near = 2 * np.minimum(lengths, len(word)) >= ALIKE * (lengths + len(word))
    numbers, lengths = numbers[is_near], lengths[is_near]
    if not len(numbers):
        return numbers
    offsets = np.arange(int(lengths.max()))
    places = np.minimum(starts[numbers][:, None] + offsets, len(postings.terms) - 1)
    letters = np.where(offsets < lengths[:, None], postings.terms[places], 0)
    shared = np.zeros(len(numbers), np.int64)
    for letter, often in Counter(encoded(word)).items():
        shared += np.minimum((letters == letter).sum(axis=1), often)
    return numbers[2 * shared >= ALIKE * (lengths + len(word))]


def _are_alike(term: str, word: str) -> bool:
    return SequenceMatcher(None, term, word).ratio() >= ALIKE


def _most_frequent(
    leaves: Sequence[Leaf], chosen: Sequence[Numbers], most: int, without: Numbers
) -> list[bytes]:
    """Return those of the ``chosen`` terms that most documents have.

    The postings of a term are looked through only while they are so many that it may be among them;
    of a hundred thousand terms that one document each has, only of some.
    """
    left_out = [leaf.left_out(without) for leaf in leaves]
    counts: dict[bytes, int] = {}
    ranked: list[bytes] = []
    for terms, most_others in _by_promise(leaves, chosen):
        for term in terms:
            counts[term] = sum(map(_frequency, leaves, left_out, [term] * len(leaves)))
        ranked = sorted((term for term in counts if counts[term]), key=lambda t: (-counts[t], t))
        if len(ranked) >= most and (
            counts[ranked[most - 1]] > most_others or len(counts) >= ENOUGH_LOOKED_AT
        ):
            break
    return ranked[:most]


def _by_promise(
    leaves: Sequence[Leaf], chosen: Sequence[Numbers]
) -> Iterator[tuple[list[bytes], int]]:
    """Yield terms, the most frequent of each segment first, and what none of the others exceeds."""
    order: list[tuple[FieldPostings, Numbers, Array]] = []
    for leaf, numbers in zip(leaves, chosen, strict=True):
        postings = leaf.fields[FIELD]
        counts = postings.starts[numbers + 1].astype(np.int64) - postings.starts[numbers]
        by_count = np.argsort(-counts, kind="stable")
        order.append((postings, numbers[by_count], counts[by_count]))
    seen: set[bytes] = set()
    start, end = 0, FIRST_LOOKED_AT
    longest = max((len(numbers) for _postings, numbers, _counts in order), default=0)
    while start < longest:
        terms = {p.term(n) for p, numbers, _counts in order for n in numbers[start:end].tolist()}
        rest = sum(int(counts[end]) for _p, _numbers, counts in order if end < len(counts))
        yield sorted(terms - seen), rest
        seen |= terms
        start, end = end, 4 * end


def _frequency(leaf: Leaf, left_out: Array, term: bytes) -> int:
    postings = leaf.fields[FIELD]
    try:
        documents = postings.documents[postings.span(term)]
    except KeyError:
        return 0
    return len(documents) - int(np.count_nonzero(left_out[documents]))


def _as_text(terms: Sequence[bytes]) -> list[str]:
    return [str(term, "utf-8", "surrogatepass") for term in terms]
