"""Whoosh's own searcher on the same index: the same articles, with the same scores.

It walks along our codec's postings one by one, and knows nothing of the engine's arithmetic.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whoosh import query as whoosh
from whoosh.reading import IndexReader
from whoosh.searching import Searcher

from search import text
from search.documents import Document
from search.engines.whoosh import WhooshBackend
from search.engines.whoosh._contents import ArrayIndex
from search.engines.whoosh._ranking import TITLE_WEIGHT
from search.query import (
    AllOf,
    AnyOf,
    Condition,
    Excluding,
    OfOutlets,
    Published,
    Query,
    Text,
    texts_of,
)
from tests.search.corpus import Documents, build, documents, loader

Both = tuple[WhooshBackend, Searcher]


@pytest.fixture(scope="module")
def corpus() -> Documents:
    return documents()


@pytest.fixture(scope="module")
def both(corpus: Documents, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Segments of many sizes, merged and not, with deletions."""
    folder = tmp_path_factory.mktemp("index")
    stray = {pk: Document(pk, 9, None, "台湾 nato", "台湾和国安法") for pk in range(1, 30)}
    backend = build(folder, {**corpus, **stray})
    pks = list(corpus)
    for start in range(0, 40, 8):
        backend.replace(pks[start : start + 8], loader(corpus))
    backend.replace(pks[50:51], loader(corpus))
    backend.replace(list(stray)[::2], lambda _ids: [])
    generation = folder / (folder / "current").read_text()
    with ArrayIndex(generation).searcher() as searcher:
        assert len(list(searcher.leaf_searchers())) > 1
        yield backend, searcher


@pytest.fixture(scope="module")
def any_condition(corpus: Documents) -> st.SearchStrategy[Condition]:
    """Trees over words that are decided by one gram: Whoosh cannot look into a text."""
    forms = [document.form for document in corpus.values() if document.form.strip()]
    times = sorted({d.published_at for d in corpus.values() if d.published_at})

    @st.composite
    def word(draw: st.DrawFn) -> Condition:
        form = draw(st.sampled_from(forms))
        start = draw(st.integers(0, len(form) - 1))
        found = text.words(form[start : start + draw(st.integers(1, 2))]) or ["国"]
        chosen = Text(found[0], in_title=draw(st.booleans()))
        return chosen if all(piece.is_gram for piece in chosen.pieces) else Text("台湾")

    others = st.one_of(
        st.frozensets(st.integers(1, 12), max_size=3).map(OfOutlets),
        st.tuples(st.sampled_from([None, *times]), st.sampled_from([None, *times])).map(
            lambda bounds: Published(*bounds)
        ),
    )

    def combined(children: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        several = st.lists(children, min_size=1, max_size=3).map(tuple)
        return st.one_of(several.map(AllOf), several.map(AnyOf), children.map(Excluding))

    return st.recursive(st.one_of(word(), word(), others), combined, max_leaves=6)


class OfColumn(whoosh.ColumnQuery):
    """Whoosh's own, which cannot be part of another query."""

    def estimate_size(self, ixreader: IndexReader) -> int:
        return int(ixreader.doc_count_all())


def in_whoosh(condition: Condition) -> whoosh.Query:
    """Return a condition as Whoosh is asked it."""
    match condition:
        case Text():
            field = "title_grams" if condition.in_title else "grams"
            grams = [gram for piece in condition.pieces for gram in piece.grams]
            return whoosh.And([whoosh.Term(field, as_bytes(gram)) for gram in grams])
        case OfOutlets(ids):
            return whoosh.And([whoosh.Every(), OfColumn("outlet", lambda outlet: outlet in ids)])
        case Published(after, before):
            is_in_time = partial(is_between, after, before)
            return whoosh.And([whoosh.Every(), OfColumn("published", is_in_time)])
        case AllOf(conditions):
            return whoosh.And([whoosh.Every(), *map(in_whoosh, conditions)])
        case AnyOf(conditions):
            return whoosh.Or([whoosh.NullQuery, *map(in_whoosh, conditions)])
        case Excluding(child):
            return whoosh.And([whoosh.Every(), whoosh.Not(in_whoosh(child))])


def is_between(after: datetime | None, before: datetime | None, microseconds: int) -> bool:
    if microseconds == -(2**63):
        return after is None and before is None
    moment = datetime.fromtimestamp(microseconds / 1e6, UTC)
    return (after is None or moment >= after) and (before is None or moment < before)


def ranking(condition: Condition) -> whoosh.Query:
    """Return what Whoosh is asked to score by."""
    terms = {(s, t.in_title) for t in texts_of(condition) for s in t.segments}
    scored = [whoosh.NullQuery]
    for segment, in_title in terms:
        scored.append(whoosh.Term("title_segments", as_bytes(segment), boost=TITLE_WEIGHT))
        if not in_title:
            scored.append(whoosh.Term("segments", as_bytes(segment)))
    return whoosh.Or(scored)


def as_bytes(term: str) -> bytes:
    return term.encode("utf-8", "surrogatepass")


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_finds_and_scores_the_same(
    both: Both, any_condition: st.SearchStrategy[Condition], data: st.DataObject
) -> None:
    backend, searcher = both
    condition = data.draw(any_condition)
    ids = searcher.reader().column_reader("id")
    scores = {ids[hit.docnum]: hit.score for hit in searcher.search(ranking(condition), limit=None)}
    expected = {ids[number] for number in searcher.docs_for_query(in_whoosh(condition))}
    found = dict(backend.find(Query(condition), 0, None).found)
    assert set(found) == expected
    assert found == pytest.approx({pk: scores.get(pk, 0.0) for pk in expected})


def test_reads_all_there_is(both: Both, corpus: Documents) -> None:
    backend, searcher = both
    reader = searcher.reader()
    live = list(reader.all_doc_ids())
    column = reader.column_reader("id")
    assert sorted(column[number] for number in live) == sorted(backend.ids())
    forms = reader.column_reader("form")
    found = {column[number]: forms[number].decode("utf-8", "surrogatepass") for number in live}
    assert found == {document.id: document.form for document in backend.documents()}
    assert {pk: found[pk] for pk in corpus} == {pk: d.form for pk, d in corpus.items()}
    beginning = set(reader.expand_prefix("segments", "台".encode()))
    assert {term.decode() for term in beginning} == {
        term
        for pk in backend.ids()
        for term in text.segments(found[pk].partition("\n")[2])
        if term.startswith("台")
    }
