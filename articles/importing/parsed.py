"""What a format hands on: an article as its file tells it, before cleaning."""

from dataclasses import dataclass
from datetime import datetime

from articles.problems import ProblemKind

__all__ = ["NotAnArticleError", "ParsedArticle", "ProblemKind", "UnusableFileError"]


class NotAnArticleError(Exception):
    """The file is part of an archive but no article (a list of links): skip it silently."""


class UnusableFileError(Exception):
    """The file cannot become an article.

    ``keep_capture`` says that the file is plainly an article with something missing, which a
    person can fill in later: its bytes are kept although no article could be made.
    """

    def __init__(self, kind: ProblemKind, message: str, *, keep_capture: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.keep_capture = keep_capture


@dataclass(frozen=True, slots=True)
class ParsedArticle:
    """An article as its file tells it.

    ``url`` is the address as written, ``published_at`` is aware and in UTC or None where the file
    gives no usable time, ``body`` is raw, untrusted HTML, ``format`` names the format's module.
    """

    format: str
    title: str
    url: str
    body: str
    published_at: datetime | None = None
    byline: str = ""
