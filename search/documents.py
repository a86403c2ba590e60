"""What an engine keeps of an article."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Document", "Loader"]


@dataclass(frozen=True, slots=True)
class Document:
    """An article in its search form: ``title`` and ``text`` are folded, one block a line."""

    id: int
    outlet: int
    published_at: datetime | None
    title: str
    text: str

    @property
    def form(self) -> str:
        """All that can be searched; no string without line breaks crosses blocks or the title."""
        return f"{self.title}\n{self.text}"


Loader = Callable[[Sequence[int]], Iterable[Document]]
"""Loads the documents of ids; ids without an article are left out. Worker processes unpickle it."""
