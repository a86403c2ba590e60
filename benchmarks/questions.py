"""What the search benchmarks ask: plain questions that every engine can be asked in its own way."""

from dataclasses import dataclass
from datetime import date

from search.query import Sort
from search.text import fold

__all__ = ["PAGE", "Answer", "Question", "quoted"]

PAGE = 20
"""How many articles a page of results shows."""

_QUOTES = (('"', '"'), ("「", "」"), ("『", "』"), ("《", "》"))


@dataclass(frozen=True)
class Question:
    """All that is given must hold; strings are as a person types them, days of China."""

    words: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    phrase: str = ""
    in_title: bool = False
    after: date | None = None
    before: date | None = None
    outlet: tuple[int, str] | None = None
    """Its id and its slug."""
    sort: Sort = Sort.RELEVANCE
    start: int = 0
    with_facets: bool = True

    @property
    def query(self) -> str:
        """The question in newsarchive's language. Raises ValueError where no quotes fit."""
        parts = [f"title:{word}" if self.in_title else word for word in self.words]
        if self.phrase:
            parts.append(quoted(self.phrase))
        if self.either:
            parts.append(f"({' OR '.join(self.either)})")
        parts += [f"-{word}" for word in self.without]
        parts += [f"outlet:{self.outlet[1]}"] if self.outlet else []
        parts += [f"after:{self.after}"] if self.after else []
        parts += [f"before:{self.before}"] if self.before else []
        return " ".join(parts)


@dataclass(frozen=True)
class Answer:
    """How many articles were found, and the ids of the asked part of them, in order."""

    count: int
    ids: list[int]


def quoted(phrase: str) -> str:
    """Return ``phrase`` in quotes that it does not have itself. Raises ValueError without such."""
    typed = fold(phrase).replace("“", '"').replace("”", '"').replace("„", '"')
    for opening, closing in _QUOTES:
        if closing not in typed:
            return f"{opening}{phrase}{closing}"
    raise ValueError(f"no quotes fit around {phrase}")
