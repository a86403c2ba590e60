"""Tantivy, on newsarchive's segments."""

from collections.abc import Collection, Iterable
from typing import Any

import tantivy

from articles.models import Article, end_of, start_of
from benchmarks.peers._peer import DAY, TITLE_WEIGHT, Peer, search_form
from benchmarks.questions import PAGE, Answer, Question
from search.query import Sort
from search.text import fold, segments

__all__ = ["Tantivy"]

MOST_OUTLETS = 10_000


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
            document = search_form(article)
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
        order: dict[str, Any] = {}
        if question.sort != Sort.RELEVANCE:
            is_newest = question.sort == Sort.NEWEST
            order["order_by_field"] = "published"
            order["order"] = tantivy.Order.Desc if is_newest else tantivy.Order.Asc
        result = self._searcher.search(query, PAGE, offset=question.start, **order)
        if question.with_facets:
            outlets = {"field": "outlet", "size": MOST_OUTLETS}
            days = {"field": "published", "interval": DAY, "min_doc_count": 1}
            asked = {"outlets": {"terms": outlets}, "days": {"histogram": days}}
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
        if question.outlet:
            of_outlet = tantivy.Query.term_query(self._schema, "outlet", question.outlet[0])
            parts.append((must, tantivy.Query.const_score_query(of_outlet, 0.0)))
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
