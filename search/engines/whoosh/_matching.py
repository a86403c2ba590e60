"""Which documents of a segment meet a condition: candidates by grams, then a look."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from mmap import mmap

import numpy as np

from search.engines.whoosh._arrays import Array
from search.engines.whoosh._leaf import Leaf, Numbers
from search.engines.whoosh._postings import MANY_TIMES, encoded, places_of
from search.engines.whoosh._schema import UNDATED, microseconds
from search.query import (
    AllOf,
    AnyOf,
    Condition,
    Excluding,
    OfOutlets,
    Piece,
    Published,
    Text,
)

__all__ = ["are_of", "between", "matching"]

# Where so few documents are left, looking at them is quicker than asking for more grams.
FEW_DOCUMENTS = 4
FEW_TIMES = 2
"""Where not many more documents than are left may have a string, all that have it are kept."""
TEXT_BYTES = 5_000
"""About so much has to be looked through of a candidate, else of the vocabulary."""
LONGEST_CHARACTER = 4
"""In bytes of UTF-8."""
LONGEST_KEPT = 40
"""The documents of longer strings, which are quickly found, are not kept for the next search."""


def matching(leaf: Leaf, condition: Condition, documents: Numbers) -> Numbers:
    """Return those of ``documents``, deleted ones too, that meet a condition."""
    match condition:
        case Text():
            for piece in sorted(condition.pieces, key=lambda piece: _cost_of(leaf, piece)):
                documents = _with(leaf, piece, documents)
            return documents
        case OfOutlets(ids):
            return documents[are_of(leaf, documents, ids)]
        case Published(after, before):
            return documents[between(leaf.published[documents], after, before)]
        case AllOf(conditions):
            for child in sorted(conditions, key=lambda child: _cost(leaf, child)):
                documents = matching(leaf, child, documents)
            return documents
        case AnyOf(conditions):
            found = np.zeros(leaf.size, bool)
            for child in conditions:
                found[matching(leaf, child, documents)] = True
            return documents[found[documents]]
        case Excluding(child):
            found = np.zeros(leaf.size, bool)
            found[matching(leaf, child, documents)] = True
            return documents[~found[documents]]


def are_of(leaf: Leaf, documents: Numbers, outlets: Iterable[int]) -> Numbers:
    """Return a mask of ``documents``: those of ``outlets``, given as ids."""
    return np.isin(leaf.outlet_ids, list(outlets))[leaf.outlet_numbers[documents]]


def between(published: Numbers, after: datetime | None, before: datetime | None) -> Numbers:
    """Return a mask of the moments in [after, before), aware times or None for no bound."""
    mask = np.ones(len(published), bool)
    if after or before:
        mask &= published != UNDATED
    if after:
        mask &= published >= microseconds(after)
    if before:
        mask &= published < microseconds(before)
    return mask


def _cost(leaf: Leaf, condition: Condition) -> int:
    """Return about how many documents have to be looked at; the fewest come first."""
    match condition:
        case Text():
            return min((_cost_of(leaf, piece) for piece in condition.pieces), default=0)
        case AllOf(conditions):
            return min((_cost(leaf, child) for child in conditions), default=0)
        case AnyOf(conditions):
            return sum(_cost(leaf, child) for child in conditions)
        case Excluding():
            return leaf.size
        case _:
            return 0


def _cost_of(leaf: Leaf, piece: Piece) -> int:
    return min(map(len, _holders(leaf, piece)), default=leaf.size)


def _holders(leaf: Leaf, piece: Piece) -> list[Numbers]:
    """Return the documents that have each gram and triple of a piece, the rarest first."""
    field = "title_grams" if piece.in_title else "grams"
    # Who has a triple has the pairs in it.
    grams = [g for g in piece.grams if piece.in_title or not any(g in t for t in piece.triples)]
    found = [leaf.postings(field, gram)[0] for gram in grams]
    found += map(leaf.triples.documents_with, piece.triples)
    found += [leaf.postings("gaps", gram)[0] for gram in piece.gap_grams]
    return sorted(found, key=len)


def _with(leaf: Leaf, piece: Piece, documents: Numbers) -> Numbers:
    """Return those of ``documents`` that have a piece."""
    is_worth_keeping = len(documents) * FEW_TIMES >= _cost_of(leaf, piece)
    if piece.is_gram or len(piece.string) > LONGEST_KEPT or not is_worth_keeping:
        return _found(leaf, piece, documents)
    # Not the piece itself, with all that it has worked out.
    key = (piece.string, piece.in_title, piece.is_phrase)
    with_piece = leaf.kept(key, lambda: _found(leaf, piece, leaf.everything))
    return _both(documents, with_piece, leaf.size)


def _found(leaf: Leaf, piece: Piece, documents: Numbers) -> Numbers:
    for holders in _holders(leaf, piece):
        documents = _both(documents, holders, leaf.size)
        if len(documents) <= FEW_DOCUMENTS and not piece.is_gram:
            break
    if piece.is_gram or not len(documents):
        return documents
    is_found, is_elsewhere = _in_segments(leaf, piece, len(documents))
    undecided = documents[is_elsewhere[documents] & ~is_found[documents]]
    # Of a few, not all of its triples were asked for.
    is_many = len(undecided) > FEW_DOCUMENTS
    if is_many and piece.is_unbroken and piece.triples and not piece.in_title:
        is_there = _is_at_first_place(leaf, piece, undecided)
        is_found[undecided[is_there]] = True
        undecided = undecided[~is_there]
    is_found[_looked_at(leaf, piece, undecided.tolist())] = True
    return documents[is_found[documents]]


def _in_segments(leaf: Leaf, piece: Piece, candidates: int) -> tuple[Array, Array]:
    """Return masks of the documents that have a piece in a segment, and that may elsewhere."""
    vocabulary = len(leaf.fields["segments"].terms)
    fields = ("title_segments",) if piece.in_title else ("title_segments", "segments")
    is_found, is_elsewhere = np.zeros(leaf.size, bool), np.ones(leaf.size, bool)
    if piece.is_unbroken:
        for field in fields:
            is_found[leaf.postings(field, piece.string)[0]] = True
    elif piece.is_token and vocabulary < candidates * TEXT_BYTES:
        is_elsewhere[:] = False
        for postings in (leaf.fields[field] for field in fields):
            for number in postings.with_part(piece.encoded_parts[0]):
                if piece.is_in(str(postings.term(number), "utf-8")):
                    is_found[postings.documents_of(number)] = True
            for number in postings.cut_off():
                is_elsewhere[postings.documents_of(number)] = True
    return is_found, is_elsewhere


def _is_at_first_place(leaf: Leaf, piece: Piece, documents: Numbers) -> Array:
    """Return a mask of ``documents``: those that have a piece where they first have its triple.

    Of the others, some have it further on.
    """
    documents = documents.astype(np.intp, copy=False)
    triple = min(piece.triples, key=lambda triple: len(leaf.triples.documents_with(triple)))
    [string] = piece.encoded_parts
    begins = leaf.forms.starts[documents] + leaf.triples.places_of(triple, documents)
    begins -= string.index(encoded(triple))
    ends = begins + len(string)
    is_within = (begins >= leaf.forms.starts[documents]) & (
        ends <= leaf.forms.starts[documents + 1]
    )
    there = np.flatnonzero(is_within)
    for place, byte in enumerate(string):
        there = there[leaf.forms.bytes[begins[there] + place] == byte]
    mask = np.zeros(len(documents), bool)
    mask[there] = True
    return mask


def _looked_at(leaf: Leaf, piece: Piece, documents: list[int]) -> list[int]:
    """Return those of ``documents`` that have a piece, by looking at their search forms."""
    data = leaf.forms.data
    starts = leaf.forms.starts[documents].tolist()
    if piece.in_title:
        ends = leaf.titles_end(documents)
    else:
        ends = leaf.forms.starts[np.array(documents, np.int64) + 1].tolist()
    for part in piece.encoded_parts:
        spans = zip(documents, starts, ends, strict=True)
        # Found in a copy, since mmap looks at each place where the part may begin.
        left = [(n, start, end) for n, start, end in spans if part in data[start:end]]
        if not left:
            return []
        documents, starts, ends = map(list, zip(*left, strict=True))
    if piece.is_unbroken:
        return documents
    part = max(piece.encoded_parts, key=len)
    if len(part) <= LONGEST_CHARACTER:
        # It is in every other line.
        return [number for number in documents if piece.is_in(leaf.form(number))]
    spans = zip(documents, starts, ends, strict=True)
    return [n for n, *span in spans if any(map(piece.is_in, _lines_with(part, data, *span)))]


def _lines_with(part: bytes, data: mmap, start: int, end: int) -> Iterator[str]:
    """Yield the lines from ``start`` to ``end`` that have ``part``; no piece crosses lines."""
    place = data.find(part, start, end)
    while place >= 0:
        first = data.rfind(b"\n", start, place) + 1 or start
        last = data.find(b"\n", place, end)
        last = end if last < 0 else last
        yield str(data[first:last], "utf-8", "surrogatepass")
        place = data.find(part, last, end)


def _both(documents: Numbers, holders: Numbers, size: int) -> Numbers:
    if len(documents) == size:
        return holders
    if len(documents) * MANY_TIMES < len(holders):
        _places, is_there = places_of(documents, holders)
        return documents[is_there]
    mask = np.zeros(size, bool)
    mask[holders] = True
    return documents[mask[documents]]
