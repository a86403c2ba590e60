"""What every peer is and weighs alike."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from pathlib import Path

from articles.models import Article
from benchmarks.questions import Answer, Question
from search.search_indexes import ArticleIndex

__all__ = ["DAY", "TITLE_WEIGHT", "Peer", "search_form"]

TITLE_WEIGHT = 3.0
DAY = 24 * 3600
search_form = ArticleIndex().document
"""Returns the document of an article."""


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

    def forget(self) -> None:  # noqa: B027
        """Forget the answers to earlier questions, but not what every question needs."""
