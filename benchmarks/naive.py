"""The naive way, as tutorials show it: haystack's Whoosh backend with jieba's ChineseAnalyzer."""

from typing import Any

from haystack.backends.whoosh_backend import WhooshEngine, WhooshSearchBackend
from jieba.analyse import ChineseAnalyzer
from whoosh.fields import TEXT, Schema

__all__ = ["NaiveEngine"]


class NaiveBackend(WhooshSearchBackend):
    """Haystack's own backend; only the analyser is another."""

    def build_schema(self, fields: Any) -> tuple[str, Schema]:
        """Return haystack's schema with jieba in place of the English stemmer."""
        name, schema = super().build_schema(fields)
        for field in schema.names():
            if isinstance(schema[field], TEXT):
                schema[field].analyzer = ChineseAnalyzer()
        return name, schema


class NaiveEngine(WhooshEngine):
    """What HAYSTACK_CONNECTIONS names."""

    backend = NaiveBackend
