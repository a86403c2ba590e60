"""The rows of the archive: outlets, articles, captures, background work, audit log."""

from articles.models._article import (
    UNDATED,
    Article,
    ArticleQuerySet,
    Capture,
    end_of,
    start_of,
)
from articles.models._audit import AuditEntry
from articles.models._job import Job
from articles.models._outlet import OldSlug, Outlet, OutletAlias
from articles.models._pending import PendingChange
from articles.models._picture import Picture, PictureUse
from articles.models._run import ImportProblem, ImportRun
from articles.models._work import Work, WorkQuerySet

__all__ = [
    "UNDATED",
    "Article",
    "ArticleQuerySet",
    "AuditEntry",
    "Capture",
    "ImportProblem",
    "ImportRun",
    "Job",
    "OldSlug",
    "Outlet",
    "OutletAlias",
    "PendingChange",
    "Picture",
    "PictureUse",
    "Work",
    "WorkQuerySet",
    "end_of",
    "start_of",
]
