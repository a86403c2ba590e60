"""newsarchive's engine and its peers, behind one door.

Django must have been set up before this is imported. The naive way is given the articles as they
are, as tutorials do. FTS5 and Tantivy are given newsarchive's fold, and its segments where they do
not cut by themselves: they show what these engines could do in its place.
"""

import logging
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from datetime import datetime
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import jieba
import tantivy
import whoosh.fields
import whoosh.query
from django.conf import settings
from django.utils import timezone
from haystack import connections, indexes
from haystack.inputs import AutoQuery, Exact
from haystack.query import SQ, SearchQuerySet
from whoosh.analysis import SpaceSeparatedTokenizer
from whoosh.index import create_in, open_dir

from articles.models import Article, end_of, start_of
from benchmarks.questions import PAGE, Answer, Question
from search.engines.base import engine
from search.indexing import documents
from search.query import AnyOf, Query, Sort
from search.search_indexes import ArticleIndex
from search.text import fold, segments, words
from search.understanding import understand

__all__ = ["Naive", "Ours", "Peer", "Segments", "StockWhoosh", "Tantivy", "Trigrams"]

jieba.setLogLevel(logging.WARNING)
TITLE_WEIGHT = 3.0
DAY = 24 * 3600
_documents = ArticleIndex()


class Peer(ABC):
    """An engine with an index in a folder of its own."""

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder / type(self).__name__.lower()
        self.folder.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def build(self, articles: Collection[Article]) -> None:
        """Index the articles in one go, in one process."""

    @abstractmethod
    def open(self) -> None:
        """Open the index for searching."""

    @abstractmethod
    def find(self, question: Question) -> Answer:
        """Return the exact count and a page of ids."""

    @abstractmethod
    def find_all(self, question: Question) -> set[int]:
        """Return the ids of all articles that are found, without an order."""


class Ours(Peer):
    """The engine that the settings choose; facets and timeline always come along."""

    name = "newsarchive"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        settings.HAYSTACK_CONNECTIONS["default"]["PATH"] = self.folder
        connections.reload("default")

    def build(self, articles: Collection[Article]) -> None:
        """See Peer."""
        self.build_in_processes([article.pk for article in articles], 1)

    def build_in_processes(self, ids: Sequence[int], jobs: int) -> None:
        """Index the articles with these ids as the commands do."""
        engine().rebuild(lambda: list(ids), documents, jobs=jobs)

    def open(self) -> None:
        """See Peer."""
        connections.reload("default")
        engine().count()

    def find(self, question: Question) -> Answer:
        """See Peer."""
        return self._find(question, question.start, question.start + PAGE)

    def find_all(self, question: Question) -> set[int]:
        """See Peer."""
        return set(self._find(question, 0, None).ids)

    def _find(self, question: Question, start: int, end: int | None) -> Answer:
        query = Query(
            condition=understand(question.query).condition or AnyOf(),
            sort=Sort.NEWEST if question.newest else Sort.RELEVANCE,
            zone=timezone.get_default_timezone(),
        )
        hits = engine().find(query, start, end)
        return Answer(hits.count, [pk for pk, _score in hits.found])


class _NaiveIndex(indexes.SearchIndex, indexes.Indexable):
    """What a tutorial would index: the text, with the title in front."""

    text = indexes.CharField(document=True)
    title = indexes.CharField(model_attr="title")
    outlet = indexes.CharField(model_attr="outlet__name", faceted=True)
    published_at = indexes.DateTimeField(model_attr="published_at", null=True)

    def get_model(self) -> type[Article]:
        return Article

    def prepare_text(self, article: Article) -> str:
        return f"{article.title}\n{article.text}"


class Naive(Peer):
    """Haystack's Whoosh backend with jieba's ChineseAnalyzer, asked through haystack.

    Its index is written in one commit, without haystack's ``update``, which takes far longer.
    """

    name = "naive"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        settings.HAYSTACK_CONNECTIONS["naive"] = {
            "ENGINE": "benchmarks.naive.NaiveEngine",
            "PATH": str(self.folder),
        }
        self._ids: dict[int, int] = {}

    def build(self, articles: Collection[Article]) -> None:
        """See Peer."""
        backend = self._backend()
        index = _NaiveIndex()
        writer = backend.index.writer(limitmb=256)
        for article in articles:
            prepared = index.full_prepare(article)
            values = {key: value for key, value in prepared.items() if value is not None}
            writer.add_document(**{k: backend._from_python(v) for k, v in values.items()})
        writer.commit()

    def open(self) -> None:
        """See Peer."""
        self._backend()

    def _backend(self) -> Any:
        connections["naive"].get_unified_index().build([_NaiveIndex()])
        backend = connections["naive"].get_backend()
        if not backend.setup_complete:
            backend.setup()
        return backend

    def find(self, question: Question) -> Answer:
        """See Peer."""
        asked = self._asked(question)
        if question.with_facets:
            asked = asked.facet("outlet").date_facet(
                "published_at", datetime(2010, 1, 1), datetime(2030, 1, 1), gap_by="month"
            )
        asked.query.set_limits(question.start, question.start + PAGE)
        ids = [int(result.pk) for result in asked.query.get_results()]
        return Answer(asked.query.get_count(), ids)

    def find_all(self, question: Question) -> set[int]:
        """See Peer. Haystack would make an object of each hit; Whoosh is asked what it asks."""
        backend = self._backend()
        written = self._asked(question).query.build_query()
        if len(written) <= 1:  # as haystack has it
            return set()
        with closing(backend.index.searcher()) as searcher:
            if not self._ids:
                stored = searcher.reader().iter_docs()
                self._ids = {number: int(fields["django_id"]) for number, fields in stored}
            found = searcher.docs_for_query(backend.parser.parse(written))
            return {self._ids[number] for number in found}

    def _asked(self, question: Question) -> Any:
        asked = SearchQuerySet(using="naive")
        field = "title" if question.in_title else "content"
        for word in question.words:
            asked = asked.filter(**{field: AutoQuery(word)})
        if question.phrase:
            asked = asked.filter(content=Exact(question.phrase))
        if question.either:
            asked = asked.filter(reduce(or_, (SQ(content=word) for word in question.either)))
        for word in question.without:
            asked = asked.exclude(content=word)
        if question.after:
            asked = asked.filter(published_at__gte=start_of(question.after))
        if question.before:
            asked = asked.filter(published_at__lt=end_of(question.before))
        return asked.order_by("-published_at") if question.newest else asked


class StockWhoosh(Peer):
    """Whoosh as it comes, on newsarchive's segments, asked without haystack."""

    name = "stock Whoosh"

    def build(self, articles: Collection[Article]) -> None:
        """See Peer."""
        words = {"analyzer": SpaceSeparatedTokenizer(), "phrase": True}
        schema = whoosh.fields.Schema(
            id=whoosh.fields.STORED(),
            title=whoosh.fields.TEXT(field_boost=TITLE_WEIGHT, **words),
            text=whoosh.fields.TEXT(**words),
            outlet=whoosh.fields.NUMERIC(sortable=True),
            published=whoosh.fields.NUMERIC(bits=64, sortable=True),
            day=whoosh.fields.NUMERIC(sortable=True),
        )
        with create_in(self.folder, schema).writer(limitmb=256) as writer:
            for article in articles:
                document = _documents.document(article)
                moment = article.published_at
                writer.add_document(
                    id=article.pk,
                    title=" ".join(segments(document.title)),
                    text=" ".join(segments(document.text)),
                    outlet=article.outlet_id,
                    published=int(moment.timestamp()) if moment else None,
                    day=int(moment.timestamp()) // DAY if moment else None,
                )

    def open(self) -> None:
        """See Peer."""
        self._searcher = open_dir(self.folder).searcher()

    def find(self, question: Question) -> Answer:
        """See Peer."""
        options: dict[str, Any] = {}
        if question.newest:
            options |= {"sortedby": "published", "reverse": True}
        if question.with_facets:
            options["groupedby"] = ["outlet", "day"]
        found = self._searcher.search(self._query(question), limit=question.start + PAGE, **options)
        ids = [int(hit["id"]) for hit in found[question.start : question.start + PAGE]]
        return Answer(len(found), ids)

    def find_all(self, question: Question) -> set[int]:
        """See Peer."""
        found = self._searcher.docs_for_query(self._query(question))
        return {int(self._searcher.stored_fields(number)["id"]) for number in found}

    def _query(self, question: Question) -> Any:
        parts = [self._all(word, question.in_title) for word in question.words]
        if question.phrase:
            terms = list(segments(fold(question.phrase)))
            phrases = [whoosh.query.Phrase(field, terms) for field in ("title", "text")]
            parts.append(whoosh.query.Or(phrases))
        if question.either:
            parts.append(whoosh.query.Or([self._all(word, False) for word in question.either]))
        parts += [whoosh.query.Not(self._all(word, False)) for word in question.without]
        if question.after or question.before:
            bounds = (
                int(start_of(question.after).timestamp()) if question.after else None,
                int(end_of(question.before).timestamp()) - 1 if question.before else None,
            )
            parts.append(whoosh.query.NumericRange("published", *bounds))
        return whoosh.query.And(parts)

    def _all(self, typed: str, in_title: bool) -> Any:
        fields = ["title"] if in_title else ["title", "text"]
        return whoosh.query.And(
            [
                whoosh.query.Or([whoosh.query.Term(field, term) for field in fields])
                for term in dict.fromkeys(segments(fold(typed)))
            ]
        )


class _Fts5(Peer):
    """SQLite FTS5: an index without the texts, and a table of what is counted and sorted by."""

    tokenizer: str

    def build(self, articles: Collection[Article]) -> None:
        """See Peer."""
        self.open()
        with self._database as database:
            database.execute(
                "CREATE VIRTUAL TABLE texts USING fts5"
                f"(title, text, content='', tokenize='{self.tokenizer}')"
            )
            database.execute("CREATE TABLE articles (id INTEGER PRIMARY KEY, outlet, published)")
            weights = f"bm25({TITLE_WEIGHT}, 1.0)"
            database.execute("INSERT INTO texts (texts, rank) VALUES ('rank', ?)", [weights])
            for article in articles:
                published = article.published_at and int(article.published_at.timestamp())
                database.execute(
                    "INSERT INTO articles VALUES (?, ?, ?)",
                    [article.pk, article.outlet_id, published],
                )
                document = _documents.document(article)
                database.execute(
                    "INSERT INTO texts (rowid, title, text) VALUES (?, ?, ?)",
                    [article.pk, self.prepared(document.title), self.prepared(document.text)],
                )

    def open(self) -> None:
        """See Peer."""
        self._database = sqlite3.connect(self.folder / "fts5.sqlite3")

    def find(self, question: Question) -> Answer:
        """See Peer."""
        source, values = self._source(question)
        order = "published DESC, id DESC" if question.newest else "rank"
        rows = self._rows(
            f"SELECT texts.rowid {source} ORDER BY {order} LIMIT {PAGE} OFFSET {question.start}",
            values,
        )
        counts = self._rows(f"SELECT count(*) {source}", values)
        if question.with_facets:
            self._rows(f"SELECT outlet, count(*) {source} GROUP BY outlet", values)
            self._rows(f"SELECT published / {DAY} AS day, count(*) {source} GROUP BY day", values)
        return Answer(counts[0][0] if counts else 0, [pk for (pk,) in rows])

    def find_all(self, question: Question) -> set[int]:
        """See Peer."""
        source, values = self._source(question)
        return {pk for (pk,) in self._rows(f"SELECT texts.rowid {source}", values)}

    def _rows(self, statement: str, values: list[Any]) -> list[Any]:
        # Where nothing is left to ask for, nothing is found.
        return self._database.execute(statement, values).fetchall() if values[0] else []

    def _source(self, question: Question) -> tuple[str, list[Any]]:
        is_joined = question.after or question.before or question.newest or question.with_facets
        source = "FROM texts " + ("JOIN articles ON id = texts.rowid " if is_joined else "")
        source += "WHERE texts MATCH ?"
        values: list[Any] = [self._written(question)]
        if question.after:
            source += " AND published >= ?"
            values.append(start_of(question.after).timestamp())
        if question.before:
            source += " AND published < ?"
            values.append(end_of(question.before).timestamp())
        return source, values

    def _written(self, question: Question) -> str:
        """Return the question in FTS5's language; '' where it has no term for it."""
        parts = [self._all(word) for word in question.words]
        parts += [self.phrase(fold(question.phrase))] if question.phrase else []
        if question.either:
            parts.append(" OR ".join(self._all(word) for word in question.either))
        written = " AND ".join(f"({part})" for part in parts if part)
        if written and question.in_title:
            written = f"title : ({written})"
        for word in question.without:
            written = f"({written}) NOT ({self._all(word)})"
        return written

    def _all(self, typed: str) -> str:
        return " AND ".join(map(_in_quotes, self.terms(fold(typed))))

    def prepared(self, folded: str) -> str:
        """Return what FTS5 is given of a folded text."""
        return folded

    def terms(self, folded: str) -> Iterable[str]:
        """Return the terms that must all be there for what was typed."""
        return words(folded)

    def phrase(self, folded: str) -> str:
        """Return a phrase in FTS5's language."""
        return _in_quotes(folded)


class Trigrams(_Fts5):
    """FTS5's own cut into three characters each; it has no term for shorter words."""

    name = "FTS5 trigram"
    tokenizer = "trigram"

    def terms(self, folded: str) -> Iterable[str]:
        """See above."""
        return [word for word in words(folded) if len(word) >= 3]


class Segments(_Fts5):
    """FTS5 on newsarchive's segments."""

    name = "FTS5 segments"
    tokenizer = "unicode61 remove_diacritics 0"

    def prepared(self, folded: str) -> str:
        """See above."""
        return " ".join(segments(folded))

    def terms(self, folded: str) -> Iterable[str]:
        """See above."""
        return dict.fromkeys(segments(folded))

    def phrase(self, folded: str) -> str:
        """See above."""
        return _in_quotes(self.prepared(folded))


def _in_quotes(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


class Tantivy(Peer):
    """Tantivy on newsarchive's segments: each must be there, of a phrase in this order."""

    name = "Tantivy"

    def build(self, articles: Collection[Article]) -> None:
        """See Peer."""
        builder = tantivy.SchemaBuilder()
        for field in ("title", "text"):
            builder.add_text_field(field, tokenizer_name="whitespace")
        for field in ("id", "outlet", "published"):
            builder.add_integer_field(field, indexed=True, fast=True)
        index = tantivy.Index(builder.build(), path=str(self.folder))
        writer = index.writer(num_threads=1)
        for article in articles:
            document = _documents.document(article)
            values: dict[str, Any] = {
                "title": " ".join(segments(document.title)),
                "text": " ".join(segments(document.text)),
                "id": article.pk,
                "outlet": article.outlet_id,
            }
            if article.published_at:
                values["published"] = int(article.published_at.timestamp())
            writer.add_document(tantivy.Document(**values))
        writer.commit()
        writer.wait_merging_threads()

    def open(self) -> None:
        """See Peer."""
        index = tantivy.Index.open(str(self.folder))
        self._schema = index.schema
        self._searcher = index.searcher()

    def find(self, question: Question) -> Answer:
        """See Peer."""
        query = self._query(question)
        order = {"order_by_field": "published"} if question.newest else {}
        result = self._searcher.search(query, PAGE, offset=question.start, **order)
        if question.with_facets:
            days = {"field": "published", "interval": DAY, "min_doc_count": 1}
            asked = {"outlets": {"terms": {"field": "outlet"}}, "days": {"histogram": days}}
            self._searcher.aggregate(query, asked)
        return Answer(int(result.count or 0), self._ids(result))

    def find_all(self, question: Question) -> set[int]:
        """See Peer."""
        size = self._searcher.num_docs
        return set(self._ids(self._searcher.search(self._query(question), size, count=False)))

    def _ids(self, result: Any) -> list[int]:
        addresses = [address for _score, address in result.hits]
        return list(self._searcher.fast_field_values("id", addresses)) if addresses else []

    def _query(self, question: Question) -> Any:
        must, must_not = tantivy.Occur.Must, tantivy.Occur.MustNot
        parts = [(must, self._all(word, question.in_title)) for word in question.words]
        if question.phrase:
            parts.append((must, self._phrase(list(segments(fold(question.phrase))))))
        if question.either:
            parts.append((must, _any(self._all(word, False) for word in question.either)))
        parts += [(must_not, self._all(word, False)) for word in question.without]
        if question.after or question.before:
            bounds = (
                int(start_of(question.after).timestamp()) if question.after else None,
                int(end_of(question.before).timestamp()) if question.before else None,
            )
            kind = tantivy.FieldType.Integer
            between = tantivy.Query.range_query(
                self._schema, "published", kind, *bounds, include_upper=False
            )
            parts.append((must, tantivy.Query.const_score_query(between, 0.0)))
        return tantivy.Query.boolean_query(parts)

    def _all(self, typed: str, in_title: bool) -> Any:
        terms = dict.fromkeys(segments(fold(typed)))
        must = [(tantivy.Occur.Must, self._term(term, in_title)) for term in terms]
        return tantivy.Query.boolean_query(must)

    def _term(self, term: str, in_title: bool) -> Any:
        title = tantivy.Query.term_query(self._schema, "title", term)
        title = tantivy.Query.boost_query(title, TITLE_WEIGHT)
        if in_title:
            return title
        return _any([title, tantivy.Query.term_query(self._schema, "text", term)])

    def _phrase(self, terms: list[str]) -> Any:
        if len(terms) < 2:
            return _any(self._term(term, False) for term in terms)
        fields = ("title", "text")
        return _any(tantivy.Query.phrase_query(self._schema, f, list(terms)) for f in fields)


def _any(queries: Iterable[Any]) -> Any:
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])
