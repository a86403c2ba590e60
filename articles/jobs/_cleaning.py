"""Cleaning again."""

import os
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from articles.cleaning import CleanedArticle, clean_in_workers, store_cleaned
from articles.jobs._kind import Kind
from articles.workers import Workers

__all__ = ["CleanAgain"]


class CleanAgain(Kind):
    """Cleans articles again from their current captures, in worker processes."""

    at_once = 100

    @cached_property
    def signals(self) -> Workers:
        """The worker processes."""
        return Workers(os.cpu_count() or 1)

    def prepare(self, ids: Sequence[int]) -> tuple[int, list[CleanedArticle]]:
        """Clean; nothing is changed yet."""
        return len(ids), clean_in_workers(ids, self.signals)

    def change(self, prepared: tuple[int, list[CleanedArticle]]) -> Counter[str]:
        """Store what was cleaned."""
        asked, made = prepared
        return store_cleaned(made) + Counter(gone=asked - len(made))
