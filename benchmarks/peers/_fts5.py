"""SQLite FTS5, cut by itself and on newsarchive's segments."""

import sqlite3
from collections.abc import Collection, Iterable
from typing import Any

from articles.models import Article, end_of, start_of
from benchmarks.peers._peer import DAY, TITLE_WEIGHT, Peer, search_form
from benchmarks.questions import PAGE, Answer, Question
from search.query import Sort
from search.text import fold, segments, words

__all__ = ["Segments", "Trigrams"]


ORDERS = {
    Sort.RELEVANCE: "rank",
    Sort.NEWEST: "published DESC, id DESC",
    Sort.OLDEST: "published NULLS LAST, id DESC",
}


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
                document = search_form(article)
                database.execute(
                    "INSERT INTO texts (rowid, title, text) VALUES (?, ?, ?)",
                    [article.pk, self.prepared(document.title), self.prepared(document.text)],
                )
            database.execute("INSERT INTO texts (texts) VALUES ('optimize')")

    def open(self) -> None:
        """See Peer."""
        self._database = sqlite3.connect(self.folder / "fts5.sqlite3")

    def find(self, question: Question) -> Answer:
        """See Peer."""
        source, values = self._source(question, is_joined=question.sort != Sort.RELEVANCE)
        order = f"ORDER BY {ORDERS[question.sort]} LIMIT {PAGE} OFFSET {question.start}"
        rows = self._rows(f"SELECT texts.rowid {source} {order}", values)
        return Answer(self._count(question), [pk for (pk,) in rows])

    def _count(self, question: Question) -> int:
        """Count what is found, with facets by outlet and by day too."""
        source, values = self._source(question, is_joined=question.with_facets)
        if not question.with_facets:
            return sum(count for (count,) in self._rows(f"SELECT count(*) {source}", values))
        counts = self._rows(
            "WITH found AS MATERIALIZED"
            f" (SELECT outlet, published / {DAY} AS day {source})"
            " SELECT 'outlet', outlet, count(*) FROM found GROUP BY outlet UNION ALL"
            " SELECT 'day', day, count(*) FROM found GROUP BY day",
            values,
        )
        return sum(count for facet, _value, count in counts if facet == "outlet")

    def find_all(self, question: Question) -> set[int]:
        """See Peer."""
        source, values = self._source(question, is_joined=False)
        return {pk for (pk,) in self._rows(f"SELECT texts.rowid {source}", values)}

    def _rows(self, statement: str, values: list[Any]) -> list[Any]:
        # Where nothing is left to ask for, nothing is found.
        return self._database.execute(statement, values).fetchall() if values[0] else []

    def _source(self, question: Question, *, is_joined: bool) -> tuple[str, list[Any]]:
        is_joined = bool(is_joined or question.after or question.before or question.outlet)
        source = "FROM texts " + ("JOIN articles ON id = texts.rowid " if is_joined else "")
        source += "WHERE texts MATCH ?"
        values: list[Any] = [self._written(question)]
        if question.outlet:
            source += " AND outlet = ?"
            values.append(question.outlet[0])
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
