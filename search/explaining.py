"""Why a query finds little or nothing, and what would find more.

Pure: a query is asked for by its text, and how many articles it finds is a function's to tell.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from search import text
from search.language import (
    LONGEST_QUERY,
    And,
    Node,
    Not,
    Or,
    Parsed,
    Phrase,
    Word,
    all_of,
    any_of,
)

__all__ = [
    "FEW",
    "Change",
    "Corrected",
    "Explanation",
    "Part",
    "WayOut",
    "correction",
    "explain",
    "is_worth_telling",
]

FEW = 3
MOST_PARTS = 12
MOST_CORRECTED = 6
MOST_CORRECTIONS = 3

Count = Callable[[str], int]
"""How many articles a query finds."""


class Change(StrEnum):
    """What a way out changes in a query."""

    UNQUOTED = "unquoted"
    UNFILTERED = "unfiltered"
    WITHOUT = "without"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Part:
    """Something that must be there, and how many articles have it: here, and without filters."""

    query: str
    here: int
    everywhere: int


@dataclass(frozen=True, slots=True)
class WayOut:
    """A query that finds something, and how much; ``piece`` is what it leaves out."""

    change: Change
    query: str
    count: int
    keeps_filters: bool = True
    piece: str = ""


Candidate = tuple[Change, Node | None, str]
"""A change, the query that it makes, and what it leaves out."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is missing, and what would find something."""

    parts: list[Part]
    ways_out: list[WayOut]


@dataclass(frozen=True, slots=True)
class Corrected:
    """A query with one word exchanged, and how much it finds."""

    query: str
    count: int


def is_worth_telling(query: str, parsed: Parsed) -> bool:
    """Tell whether ``query`` was understood as something else than the words that it shows."""
    nodes = parsed.tree.nodes if isinstance(parsed.tree, And) else (parsed.tree,)
    are_words = all(isinstance(node, Word) and not node.in_title for node in nodes)
    return not are_words or " ".join(text.fold(query).split()) != parsed.understood


def explain(
    tree: Node,
    here: Count,
    everywhere: Count | None,
    own_words: text.OwnWords = text.NO_WORDS,
) -> Explanation:
    """Return why ``tree`` finds nothing, and what finds something.

    ``here`` counts under the filters that are set, ``everywhere`` without them; None: none are set.
    ``own_words`` are the editors' by which queries are cut.
    """
    # A phrase alone tells nothing of its words.
    words = _unquoted(tree) if isinstance(tree, Phrase) else None
    shown = words or tree
    nodes = shown.nodes if isinstance(shown, And) else (shown,)
    cut = [part for node in nodes for part in _pieces(node, own_words)]
    wanted = [part for part in cut if not isinstance(part, Not)][:MOST_PARTS]
    parts = []
    for part in wanted:
        count = here(str(part))
        parts.append(Part(str(part), count, everywhere(str(part)) if everywhere else count))
    missing = {part.query for part in parts if not part.here}
    ways_out = list(_that_find(_candidates(tree, shown, cut, missing), here, keeps_filters=True))
    if everywhere:
        ways_out += _that_find([(Change.UNFILTERED, tree, "")], everywhere, keeps_filters=False)
    if everywhere and not ways_out:
        missing = {part.query for part in parts if not part.everywhere}
        candidates = _candidates(tree, shown, cut, missing)
        ways_out += _that_find(candidates, everywhere, keeps_filters=False)
    return Explanation(parts, sorted(ways_out, key=lambda way: list(Change).index(way.change)))


def correction(
    tree: Node,
    found: int,
    here: Count,
    everywhere: Count,
    corrections: Callable[[str], list[str]],
    own_words: text.OwnWords = text.NO_WORDS,
) -> Corrected | None:
    """Return ``tree`` with one word corrected, where that finds more than the ``found`` articles.

    ``corrections`` gives the words of the archive that are close to a word. Only words that the
    archive hardly knows are corrected.
    """
    strings = [string for term in _terms(tree) for string in _correctable(term, own_words)]
    best: Corrected | None = None
    for string in list(dict.fromkeys(strings))[:MOST_CORRECTED]:
        if everywhere(str(Word(string))) >= FEW:
            continue
        for other in corrections(string)[:MOST_CORRECTIONS]:
            query = str(_with_terms(tree, _exchanging(string, other)))
            count = here(query)
            if count > max(found, best.count if best else 0):
                best = Corrected(query, count)
    return best


def _candidates(tree: Node, shown: Node, cut: list[Node], missing: set[str]) -> Iterator[Candidate]:
    """Yield changes of a query that may find something; ``shown`` is what was cut into parts."""
    yield Change.UNQUOTED, _with_terms(tree, _unquoted), ""
    if missing:
        left_out = " ".join(str(part) for part in cut if str(part) in missing)
        yield Change.WITHOUT, all_of(part for part in cut if str(part) not in missing), left_out
    else:
        for part in cut[:MOST_PARTS]:
            yield Change.WITHOUT, all_of(other for other in cut if other != part), str(part)
    nodes = shown.nodes if isinstance(shown, And) else tuple(cut)
    words = [node for node in nodes if isinstance(node, Word | Phrase)]
    telling = [node for node in words if len(node.string) > 1] or words
    others = [node for node in nodes if not isinstance(node, Word | Phrase)]
    any_word = any_of(telling)
    if any_word:
        yield Change.ANY, all_of([any_word, *others]), ""


def _that_find(
    candidates: Iterable[Candidate], count: Count, *, keeps_filters: bool
) -> Iterator[WayOut]:
    seen: set[str] = set()
    for change, node, piece in candidates:
        query = str(node or "")
        if not query or query in seen or len(query) > LONGEST_QUERY:
            continue
        seen.add(query)
        if found := count(query):
            yield WayOut(change, query, found, keeps_filters, piece)


def _pieces(node: Node, own_words: text.OwnWords) -> list[Node]:
    """Return what must all be there for ``node``: of a long run of characters, its words."""
    if not isinstance(node, Word):
        return [node]
    return [Word(string, node.in_title) for string in text.pieces(node.string, own_words)]


def _terms(node: Node) -> Iterator[Word | Phrase]:
    match node:
        case Word() | Phrase():
            yield node
        case And(nodes) | Or(nodes):
            for child in nodes:
                yield from _terms(child)


def _correctable(term: Word | Phrase, own_words: text.OwnWords) -> Iterator[str]:
    """Yield the words in a term, as they are typed and as they are cut."""
    for word in text.words(term.string):
        pieces = text.pieces(word, own_words)
        yield word
        # A name that is written wrongly falls apart.
        yield from (a + b for a, b in pairwise(pieces) if a + b in word)
        yield from pieces


def _with_terms(node: Node, change: Callable[[Word | Phrase], Node | None]) -> Node | None:
    """Return ``node`` with the terms that it looks for changed."""
    match node:
        case Word() | Phrase():
            return change(node)
        case And(nodes):
            return all_of(filter(None, (_with_terms(child, change) for child in nodes)))
        case Or(nodes):
            return any_of(filter(None, (_with_terms(child, change) for child in nodes)))
        case _:
            return node


def _unquoted(term: Word | Phrase) -> Node | None:
    return all_of(Word(word, term.in_title) for word in text.words(term.string))


def _exchanging(old: str, new: str) -> Callable[[Word | Phrase], Node]:
    def exchange(term: Word | Phrase) -> Node:
        return type(term)(term.string.replace(old, new), term.in_title)

    return exchange
