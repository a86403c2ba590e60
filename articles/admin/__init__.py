"""The editor's desk."""

from articles.admin import (  # noqa: F401
    _articles,
    _audit,
    _captures,
    _imports,
    _jobs,
    _outlets,
    _people,
    _pictures,
    _problems,
    _site,
)
from articles.admin._audit import AuditedMixin
from articles.admin._explaining import EXPLANATIONS

__all__ = ["EXPLANATIONS", "AuditedMixin"]
