"""Answering a query from a Whoosh searcher."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from whoosh.matching import Matcher
from whoosh.query import And, AndMaybe, Every, Or, Term
from whoosh.query import Query as WhooshQuery
from whoosh.reading import IndexReader
from whoosh.scoring import BM25F
from whoosh.searching import Searcher

from search.engines.base import Hits
from search.engines.whoosh._schema import MISSING, UNDATED, microseconds
from search.query import Piece, Query, Sort
from search.text import segments

__all__ = ["WEIGHTING", "Columns", "Leaf", "find", "leaves_of"]

WEIGHTING = BM25F()
TITLE_WEIGHT = 3.0
# Whoosh walks postings one by one: the rarest grams of a long query leave few candidates, and
# what the others would rule out, the search form rules out.
MOST_GRAMS = 8
MOST_RANKING_TERMS = 16


class Columns:
    """What a segment keeps of its documents, by document number; read when first asked for."""

    def __init__(self, reader: IndexReader) -> None:
        self._reader = reader

    @cached_property
    def ids(self) -> list[int]:
        """The articles' ids."""
        return list(self._reader.column_reader("id"))

    @cached_property
    def outlets(self) -> list[int]:
        """The ids of their outlets."""
        return list(self._reader.column_reader("outlet"))

    @cached_property
    def published(self) -> list[int]:
        """When they were published, as the schema writes it."""
        return list(self._reader.column_reader("published"))

    @cached_property
    def _forms(self) -> Any:
        return self._reader.column_reader("form")

    def check(self) -> None:
        """Read what searching reads; raises ValueError, or what Whoosh raises of damages."""
        count = self._reader.doc_count_all()
        for name in ("id", "outlet", "published", "form"):
            if not self._reader.has_column(name):
                raise ValueError(f"the column {name} of the index is missing")
        for values in (self.ids, self.outlets, self.published):
            if len(values) != count or MISSING in values:
                raise ValueError("a column of the index is cut off")
        if not self.form(count - 1):
            raise ValueError("the column of search forms is cut off")

    def take_over(self, older: "Columns") -> None:
        """Take the numbers that ``older`` has read of the same segment."""
        for name in ("ids", "outlets", "published"):
            if name in older.__dict__:
                self.__dict__[name] = older.__dict__[name]

    def form(self, document: int) -> str:
        """Return a document's search form."""
        return str(self._forms[document], "utf-8", "surrogatepass")


@dataclass(frozen=True)
class Leaf:
    """A segment that holds documents: its name, which no other ever has, and what reads it."""

    name: str
    searcher: Searcher
    columns: Columns


def leaves_of(searcher: Searcher, known: dict[str, Leaf]) -> list[Leaf]:
    """Return the segments of ``searcher``; columns of ``known`` ones are not read again."""
    leaves = []
    for leaf, _offset in searcher.leaf_searchers():
        reader = leaf.reader()
        if not reader.doc_count_all():
            continue
        name = str(reader.segment().segment_id())
        columns = Columns(reader)
        if name in known:
            columns.take_over(known[name].columns)
        else:
            columns.check()
        leaves.append(Leaf(name, leaf, columns))
    return leaves


def find(
    searcher: Searcher, leaves: Sequence[Leaf], query: Query, start: int, end: int | None
) -> Hits:
    """Return hits ``start`` to ``end`` of ``query``, and how many there are."""
    if query.words == ():
        return Hits(0, [])
    ranked = query.sort is Sort.RELEVANCE
    grams = sorted({gram for piece in query.pieces for gram in piece.grams})
    if len(grams) > MOST_GRAMS:
        grams.sort(key=lambda gram: searcher.doc_frequency("grams", gram))
    decisive = set(grams[:MOST_GRAMS])
    tree = _tree(query, sorted(decisive), ranked=ranked)
    doubtful = [p for p in query.pieces if not (p.is_gram and p.string in decisive)]
    whole = [Piece(word.string) for word in query.words or () if len(word.pieces) > 1]
    context = searcher.context()
    found = []
    for leaf in leaves:
        columns = leaf.columns
        matcher = tree.matcher(leaf.searcher, context=context)
        for document, score in _matches(matcher, ranked=ranked):
            if not _in_bounds(columns, document, query):
                continue
            is_whole = False
            if doubtful or (ranked and whole):
                form = columns.form(document)
                if not all(piece.is_in(form) for piece in doubtful):
                    continue
                is_whole = ranked and all(piece.is_in(form) for piece in whole)
            found.append((is_whole, score, columns.published[document], columns.ids[document]))
    found.sort(reverse=True)
    if query.sort is Sort.OLDEST:
        found.sort(key=lambda hit: (hit[2] == UNDATED, hit[2], hit[3]))
    return Hits(len(found), [(pk, score) for _whole, score, _published, pk in found[start:end]])


def _tree(query: Query, grams: Sequence[str], *, ranked: bool) -> WhooshQuery:
    """Return Whoosh's query for candidates, ranked by segments where that is asked."""
    if not grams:
        return Every()
    required = And([Term("grams", gram) for gram in grams])
    if not ranked:
        return required
    words = query.words or ()
    distinct = dict.fromkeys(term for word in words for term in segments(word.string))
    terms = list(distinct)[:MOST_RANKING_TERMS]
    return AndMaybe(
        required,
        Or(
            [Term("segments", term) for term in terms]
            + [Term("title_segments", term, boost=TITLE_WEIGHT) for term in terms]
        ),
    )


def _matches(matcher: Matcher, *, ranked: bool) -> Iterator[tuple[int, float]]:
    while matcher.is_active():
        yield matcher.id(), matcher.score() if ranked else 0.0
        matcher.next()


def _in_bounds(columns: Columns, document: int, query: Query) -> bool:
    if query.outlets and columns.outlets[document] not in query.outlets:
        return False
    if query.after or query.before:
        published = columns.published[document]
        if published == UNDATED or (query.after and published < microseconds(query.after)):
            return False
        if query.before and published >= microseconds(query.before):
            return False
    return True
