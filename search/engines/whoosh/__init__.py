"""The default engine: Whoosh on disk. The only place that knows Whoosh.

Grams find the articles that may contain a piece, the search form kept beside them decides, jieba's
segments rank.
"""

from haystack.backends import BaseEngine

from search.engines.base import EngineQuery
from search.engines.whoosh._backend import WhooshBackend

__all__ = ["WhooshBackend", "WhooshEngine"]


class WhooshEngine(BaseEngine):
    """What HAYSTACK_CONNECTIONS names."""

    backend = WhooshBackend
    query = EngineQuery
