"""From a string to a tree, by recursive descent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from search import text
from search.language._tree import (
    And,
    Node,
    OutletName,
    Period,
    Phrase,
    Word,
    all_of,
    any_of,
    days_of,
    levels,
    negated,
    titled,
)

__all__ = [
    "LONGEST_QUERY",
    "MOST_LEVELS",
    "MOST_TERMS",
    "Parsed",
    "Repair",
    "RepairKind",
    "parse",
]

LONGEST_QUERY = 1_000
MOST_TERMS = 64
MOST_LEVELS = 20
MOST_TYPED_LEVELS = 60


class RepairKind(StrEnum):
    """What was wrong with a query."""

    UNCLOSED_QUOTE = "unclosed-quote"
    UNCLOSED_BRACKET = "unclosed-bracket"
    STRAY_BRACKET = "stray-bracket"
    DANGLING_OPERATOR = "dangling-operator"
    IMPOSSIBLE_DATE = "impossible-date"
    TOO_LONG = "too-long"
    TOO_MANY_TERMS = "too-many-terms"
    TOO_DEEP = "too-deep"


@dataclass(frozen=True, slots=True)
class Repair:
    """Something that could not be understood as it was typed, and the piece of the query it is."""

    kind: RepairKind
    piece: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """How a query was understood; ``tree`` None: there is nothing in it to search for."""

    tree: Node | None
    repairs: tuple[Repair, ...] = ()

    @property
    def understood(self) -> str:
        """The query in its plainest form; parsing it gives the same tree."""
        return "" if self.tree is None else str(self.tree)


def parse(query: str) -> Parsed:
    """Return the tree of what a person typed, and what had to be repaired. Never raises."""
    parser = _Parser(query[:LONGEST_QUERY])
    tree = parser.tree()
    repairs = dict.fromkeys(parser.repairs)
    if len(query) > LONGEST_QUERY:
        repairs = {Repair(RepairKind.TOO_LONG, query[:20]): None, **repairs}
    return Parsed(tree, tuple(repairs))


_CLOSING_QUOTES = {
    **dict.fromkeys('"“”„', '"“”'),
    "「": "」",
    "『": "』",
    "《": "》",
}
_FIELDS = {
    **dict.fromkeys(("title", "标题"), "title"),
    **dict.fromkeys(("outlet", "来源"), "outlet"),
    **dict.fromkeys(("after", "之后"), "after"),
    **dict.fromkeys(("before", "之前"), "before"),
    **dict.fromkeys(("date", "日期"), "date"),
}
_field = re.compile(rf"({'|'.join(_FIELDS)}):\s*")
_run = re.compile(r"[^\s()|" + "".join(_CLOSING_QUOTES) + "]+")
_value = re.compile(r"[^\s()|，。；、！？,;!?" + "".join(_CLOSING_QUOTES) + "]+")
_full_width = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}


class _TooDeepError(Exception):
    """More brackets in brackets than anyone types."""


@dataclass(frozen=True, slots=True)
class _Token:
    """A part of a query: an operator (``kind`` is its sign) or something to be found."""

    kind: str
    piece: str
    node: Node | None = None


class _Parser:
    """Descends recursively over the tokens; the fold of the query has the same positions."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._folded = text.fold(query)
        self.repairs: list[Repair] = []
        self._tokens = list(self._scan())
        self._next = 0
        self._terms = 0

    def tree(self) -> Node | None:
        """Return the tree of the whole query."""
        try:
            tree = self._either(level=0)
            if tree is None:
                # Nothing but operators: then they are what is looked for.
                self.repairs.clear()
                tree = self._counted(self._words(self._folded))
            if levels(tree) <= MOST_LEVELS:
                return tree
        except _TooDeepError:
            pass
        self.repairs = [Repair(RepairKind.TOO_DEEP, self._query[:20])]
        self._terms = 0
        return self._counted(self._words(self._folded))

    # From characters to tokens.

    def _scan(self) -> Iterator[_Token]:
        folded, position = self._folded, 0
        starts_term = True
        while position < len(folded):
            character = folded[position]
            if character.isspace() or character in "()|":
                if not character.isspace():
                    yield _Token(character, character)
                position += 1
                starts_term = character != ")"
            elif character in _CLOSING_QUOTES:
                string, position = self._quoted(position)
                yield _Token("found", string, self._phrase(string))
                starts_term = False
            elif character == "-" and starts_term and folded[position + 1 : position + 2].strip():
                yield _Token("-", "-")
                position += 1
            elif field := _field.match(folded, position):
                token, position = self._field(field)
                yield token
                starts_term = True
            else:
                run = _run.match(folded, position)
                position = run.end() if run else position + 1
                if run:
                    written = self._query[run.start() : run.end()].translate(_full_width)
                    if written in ("OR", "AND", "NOT"):
                        yield _Token({"OR": "|", "AND": "&", "NOT": "-"}[written], written)
                    else:
                        yield _Token("found", written, self._words(run.group()))
                starts_term = False

    def _quoted(self, start: int) -> tuple[str, int]:
        """Return the folded string between the quotes that open at ``start``, and where it ends."""
        closing = _CLOSING_QUOTES[self._folded[start]]
        for position in range(start + 1, len(self._folded)):
            if self._folded[position] in closing:
                return self._folded[start + 1 : position], position + 1
        self._repair(RepairKind.UNCLOSED_QUOTE, self._query[start:])
        return self._folded[start + 1 :], len(self._folded)

    def _field(self, match: re.Match[str]) -> tuple[_Token, int]:
        """Return what a field and its value mean, and where they end."""
        name, position = _FIELDS[match[1]], match.end()
        if name == "title":
            return _Token("title", match.group()), position
        if self._folded[position : position + 1] in {*_CLOSING_QUOTES}:
            value, end = self._quoted(position)
        else:
            found = _value.match(self._folded, position)
            value, end = (found.group(), found.end()) if found else ("", position)
        value = " ".join(re.sub('["“”]', " ", value).split())
        written = self._query[match.start() : end]
        if name == "outlet":
            node = OutletName(value) if value else self._words(match[1])
            if not value:
                self._repair(RepairKind.DANGLING_OPERATOR, written)
            return _Token("found", written, node), end
        days = days_of(value)
        if days is None:
            self._repair(RepairKind.IMPOSSIBLE_DATE, written)
            return _Token("found", written, self._words(f"{match[1]} {value}")), end
        first, last = days
        period = Period(None if name == "before" else first, None if name == "after" else last)
        return _Token("found", written, period), end

    @staticmethod
    def _words(folded: str) -> Node | None:
        return all_of(Word(word) for word in text.words(folded))

    @staticmethod
    def _phrase(folded: str) -> Node | None:
        string = text.with_gaps(folded)
        return Phrase(string) if string.strip() else None

    # From tokens to the tree.

    def _peek(self) -> str:
        return self._tokens[self._next].kind if self._next < len(self._tokens) else ""

    def _either(self, level: int) -> Node | None:
        """Read what stands between brackets, or the whole query."""
        branches = [self._all(level)]
        while self._peek() == "|":
            sign = self._tokens[self._next].piece
            self._next += 1
            branches.append(self._all(level))
            if branches[-1] is None or branches[-2] is None:
                self._repair(RepairKind.DANGLING_OPERATOR, sign)
        return any_of(branch for branch in branches if branch)

    def _all(self, level: int) -> Node | None:
        """Read what stands between two ors."""
        nodes: list[Node] = []
        wants_more = ""
        while (kind := self._peek()) and kind != "|":
            if kind == ")":
                if level:
                    break
                self._next += 1
                self._repair(RepairKind.STRAY_BRACKET, ")")
            elif kind == "&":
                if not nodes:
                    self._repair(RepairKind.DANGLING_OPERATOR, "AND")
                wants_more = "AND"
                self._next += 1
            else:
                node = self._one(level)
                if node:
                    nodes.append(node)
                    wants_more = ""
        if wants_more and nodes:
            self._repair(RepairKind.DANGLING_OPERATOR, wants_more)
        return all_of(nodes)

    def _one(self, level: int) -> Node | None:
        """Read a term or a bracket, with what stands before it."""
        is_negated, in_title, prefix = False, False, ""
        while (kind := self._peek()) in ("-", "title"):
            prefix = self._tokens[self._next].piece
            is_negated ^= kind == "-"
            in_title |= kind == "title"
            self._next += 1
        node: Node | None = None
        if kind == "(":
            node = self._bracket(level)
        elif kind == "found":
            node = self._counted(self._tokens[self._next].node)
            self._next += 1
        elif prefix:
            self._repair(RepairKind.DANGLING_OPERATOR, prefix)
            if in_title:
                node = self._counted(self._words(text.fold(prefix)))
                in_title = False
        if node and in_title:
            node = titled(node)
        return negated(node) if node and is_negated else node

    def _bracket(self, level: int) -> Node | None:
        self._next += 1
        if level == MOST_TYPED_LEVELS:
            raise _TooDeepError
        node = self._either(level + 1)
        if self._peek() == ")":
            self._next += 1
        else:
            self._repair(RepairKind.UNCLOSED_BRACKET, "(")
        return node

    def _counted(self, node: Node | None) -> Node | None:
        """Return as much of ``node`` as the limit on terms allows."""
        terms = node.nodes if isinstance(node, And) else (node,) if node else ()
        room = MOST_TERMS - self._terms
        if len(terms) > room and all(r.kind is not RepairKind.TOO_MANY_TERMS for r in self.repairs):
            self._repair(RepairKind.TOO_MANY_TERMS, str(terms[room]))
        self._terms += min(len(terms), room)
        return all_of(terms[:room])

    def _repair(self, kind: RepairKind, piece: str) -> None:
        self.repairs.append(Repair(kind, piece.strip()[:50]))
