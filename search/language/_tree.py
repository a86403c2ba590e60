"""The tree of a query, and its printed form."""

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

__all__ = [
    "And",
    "Node",
    "Not",
    "Or",
    "OutletName",
    "Period",
    "Phrase",
    "Word",
    "all_of",
    "any_of",
    "days_of",
    "levels",
    "negated",
    "titled",
]

FIRST_YEAR, LAST_YEAR = 1900, 2100
_date = re.compile(
    r"([0-9]{4})(?:[-/.年]([0-9]{1,2})(?:[-/.月]([0-9]{1,2})日?|月)?|年)?|([0-9]{4})([0-9]{2})([0-9]{2})"
)


@dataclass(frozen=True, slots=True)
class Word:
    """A folded word, without spaces or punctuation but inner hyphens."""

    string: str
    in_title: bool = False

    def __str__(self) -> str:
        return f"title:{self.string}" if self.in_title else self.string


@dataclass(frozen=True, slots=True)
class Phrase:
    """A folded string to be found exactly, in which each gap is one space."""

    string: str
    in_title: bool = False

    def __str__(self) -> str:
        return f'title:"{self.string}"' if self.in_title else f'"{self.string}"'


@dataclass(frozen=True, slots=True)
class OutletName:
    """Articles of the outlet with this folded slug or name."""

    name: str

    def __str__(self) -> str:
        plain = re.fullmatch(r"[\w.-]*", self.name)
        return f"outlet:{self.name}" if plain else f'outlet:"{self.name}"'


@dataclass(frozen=True, slots=True)
class Period:
    """Articles published from day ``first`` to day ``last``, both included; None is open."""

    first: date | None
    last: date | None

    def __str__(self) -> str:
        if self.last is None:
            return f"after:{self.first}"
        if self.first is None:
            return f"before:{self.last}"
        for written in (f"{self.first:%Y}", f"{self.first:%Y-%m}", f"{self.first:%Y-%m-%d}"):
            if days_of(written) == (self.first, self.last):
                return f"date:{written}"
        return f"after:{self.first} before:{self.last}"


@dataclass(frozen=True, slots=True)
class And:
    """All of these."""

    nodes: tuple["Node", ...]

    def __str__(self) -> str:
        return " ".join(f"({node})" if isinstance(node, Or) else str(node) for node in self.nodes)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of these."""

    nodes: tuple["Node", ...]

    def __str__(self) -> str:
        parts = (f"({node})" if isinstance(node, And) else str(node) for node in self.nodes)
        return " OR ".join(parts)


@dataclass(frozen=True, slots=True)
class Not:
    """Articles for which this does not hold."""

    node: "Node"

    def __str__(self) -> str:
        return f"-({self.node})" if isinstance(self.node, And | Or) else f"-{self.node}"


Node = Word | Phrase | OutletName | Period | And | Or | Not


def all_of(nodes: Iterable[Node]) -> Node | None:
    """Return what holds when all ``nodes`` hold, plainly put; None where there are none."""
    return _joined(And, nodes)


def any_of(nodes: Iterable[Node]) -> Node | None:
    """Return what holds when any of ``nodes`` holds; None where there are none."""
    return _joined(Or, nodes)


def negated(node: Node) -> Node:
    """Return what holds when ``node`` does not."""
    return node.node if isinstance(node, Not) else Not(node)


def _joined(kind: type[And] | type[Or], nodes: Iterable[Node]) -> Node | None:
    distinct: dict[Node, None] = {}
    for node in nodes:
        distinct |= dict.fromkeys(node.nodes if isinstance(node, kind) else (node,))
    if len(distinct) < 2:
        return next(iter(distinct), None)
    return kind(tuple(distinct))


def levels(node: Node | None) -> int:
    """Return how many brackets stand in brackets when ``node`` is printed."""
    match node:
        case And(nodes) | Or(nodes):
            other = Or if isinstance(node, And) else And
            return max(levels(child) + isinstance(child, other) for child in nodes)
        case Not(child):
            return levels(child) + isinstance(child, And | Or)
        case _:
            return 0


def titled(node: Node) -> Node:
    """Return ``node`` with its words and phrases looked for in titles."""
    match node:
        case And(nodes) | Or(nodes):
            return (all_of if isinstance(node, And) else any_of)(map(titled, nodes)) or node
        case Not(child):
            return negated(titled(child))
        case Word(string) | Phrase(string):
            return type(node)(string, in_title=True)
        case _:
            return node


def days_of(written: str) -> tuple[date, date] | None:
    """Return the first and the last day of a year, month or day; None where it is none."""
    match = _date.fullmatch(written)
    if not match:
        return None
    parts = [int(part) if part else None for part in match.groups()]
    year, month, day = parts[3:] if match[4] else parts[:3]
    if year is None or not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        first = date(year, 1 if month is None else month, 1 if day is None else day)
        last_month = first.replace(month=12) if month is None else first
        last_day = calendar.monthrange(year, last_month.month)[1]
        return first, last_month.replace(day=last_day) if day is None else first
    except ValueError:
        return None
