"""From what a person typed to what an engine is asked: outlets and days get their meaning."""

from dataclasses import dataclass, field, replace

from articles.models import OldSlug, Outlet, OutletAlias, end_of, start_of
from search.language import And, Node, Not, Or, OutletName, Parsed, Period, Phrase, Word, parse
from search.query import (
    AllOf,
    AnyOf,
    Condition,
    Excluding,
    OfOutlets,
    Piece,
    Published,
    Text,
    texts_of,
)
from search.text import NO_WORDS, OwnWords, fold

__all__ = ["Understood", "understand"]


@dataclass(frozen=True)
class Understood:
    """How a query was understood; ``condition`` None: there is nothing in it to search for.

    ``unknown_outlets`` are names that no outlet has: nothing is found by them. ``own_words`` are
    the editors' by which its long runs were cut.
    """

    parsed: Parsed
    condition: Condition | None
    unknown_outlets: list[str] = field(default_factory=list)
    own_words: OwnWords = field(default=NO_WORDS, repr=False)

    @property
    def texts(self) -> list[Text]:
        """The words and phrases that are looked for, excluded ones left out."""
        return list(texts_of(self.condition)) if self.condition else []

    @property
    def marks(self) -> list[Piece]:
        """What to mark in an article: its words and phrases, long runs also in one piece.

        Single characters of a run that was cut (的) are left out: they would be marked everywhere.
        """
        marks: list[Piece] = []
        for text in self.texts:
            long = [piece for piece in text.pieces if len(piece.string) > 1]
            marks += long or text.pieces
            if len(text.pieces) > 1:
                marks += replace(text, in_one_piece=True).pieces
        return marks


def understand(query: str, own_words: OwnWords = NO_WORDS) -> Understood:
    """Return what ``query`` asks for of an index that is cut by ``own_words``.

    Raises nothing that a query can cause.
    """
    parsed = parse(query)
    unknown: list[str] = []
    condition = condition_of(parsed.tree, unknown, own_words) if parsed.tree else None
    return Understood(parsed, condition, unknown, own_words)


def condition_of(node: Node, unknown_outlets: list[str], own_words: OwnWords) -> Condition:
    """Return what ``node`` asks for; names that no outlet has are added to ``unknown_outlets``."""

    def all_conditions(nodes: tuple[Node, ...]) -> tuple[Condition, ...]:
        return tuple(condition_of(child, unknown_outlets, own_words) for child in nodes)

    match node:
        case Word(string, in_title):
            return Text(string, in_title, own_words=own_words)
        case Phrase(string, in_title):
            return Text(string, in_title, is_phrase=True, own_words=own_words)
        case OutletName(name):
            ids = _outlets_named(name)
            if not ids:
                unknown_outlets.append(name)
            return OfOutlets(ids)
        case Period(first, last):
            return Published(start_of(first) if first else None, end_of(last) if last else None)
        case And(nodes):
            return AllOf(all_conditions(nodes))
        case Or(nodes):
            return AnyOf(all_conditions(nodes))
        case Not(child):
            return Excluding(condition_of(child, unknown_outlets, own_words))


def _outlets_named(folded: str) -> frozenset[int]:
    """Return the ids of the outlets that have this slug, name, folder or host, or had this slug."""
    names: list[tuple[int, str]] = list(OutletAlias.objects.values_list("outlet", "value"))
    names += OldSlug.objects.values_list("outlet", "slug")
    for pk, slug, name in Outlet.objects.values_list("pk", "slug", "name"):
        names += [(pk, slug), (pk, name)]
    return frozenset(pk for pk, name in names if " ".join(fold(name).split()) == folded)
