"""The rows of the archive: outlets, articles, captures, import runs, problems, pending changes."""

from articles.models._article import Article, ArticleQuerySet, Capture, end_of, start_of
from articles.models._outlet import Outlet, OutletAlias
from articles.models._pending import PendingChange
from articles.models._run import ImportProblem, ImportRun

__all__ = [
    "Article",
    "ArticleQuerySet",
    "Capture",
    "ImportProblem",
    "ImportRun",
    "Outlet",
    "OutletAlias",
    "PendingChange",
    "end_of",
    "start_of",
]
