"""Whoosh as it comes, through haystack and by itself."""

import logging
from collections.abc import Collection
from contextlib import closing
from datetime import datetime
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import jieba
import whoosh.fields
import whoosh.query
from django.conf import settings
from haystack import connections, indexes
from haystack.inputs import AutoQuery, Exact
from haystack.query import SQ, SearchQuerySet
from whoosh.analysis import SpaceSeparatedTokenizer
from whoosh.index import create_in, open_dir

from articles.models import Article, Outlet, end_of, start_of
from benchmarks.peers._peer import DAY, TITLE_WEIGHT, Peer, search_form
from benchmarks.questions import PAGE, Answer, Question
from search.query import Sort
from search.text import fold, segments

__all__ = ["Naive", "StockWhoosh"]

jieba.setLogLevel(logging.WARNING)


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
        if question.outlet:
            asked = asked.filter(outlet_exact=Outlet.objects.get(pk=question.outlet[0]).name)
        if question.sort == Sort.RELEVANCE:
            return asked
        return asked.order_by("-published_at" if question.sort == Sort.NEWEST else "published_at")


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
                document = search_form(article)
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
        if question.sort != Sort.RELEVANCE:
            options |= {"sortedby": "published", "reverse": question.sort == Sort.NEWEST}
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
        if question.outlet:
            pk = question.outlet[0]
            parts.append(whoosh.query.NumericRange("outlet", pk, pk))
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
