"""Marking matches in HTML, safe by construction: nothing changes but that marks come into its text.

The HTML is a sanitised body, or escaped text. It is cut into tags, character references and text,
and stays as it is, character for character; ``<mark>`` and ``</mark>`` stand only inside text. From
what is no such token on, nothing is marked.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from html import unescape
from itertools import islice

from search.markup import BREAK, SHOWN_AS, tokens
from search.query import Piece
from search.text import fold

__all__ = ["MOST_MATCHES", "Marking", "Match", "mark"]

MOST_MATCHES = 500
CONTEXT = 16

_picture = re.compile(r"<\w+ [^>]*\bclass=\"picture\"")
_white = re.compile(r"\s{2,}|[\n\v]")


@dataclass(frozen=True, slots=True)
class Match:
    """A match as plain text, with what stands beside it in its line."""

    number: int
    before: str
    text: str
    after: str


@dataclass(frozen=True, slots=True)
class Marking:
    """HTML with its matches marked; ``is_complete`` is false where there are too many to mark."""

    html: str
    matches: list[Match]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class _Run:
    """Text ``html[start:end]`` shows, or what a tag means for matches, with nothing to mark."""

    start: int
    end: int
    text: str

    @property
    def is_reference(self) -> bool:
        return len(self.text) != self.end - self.start


def mark(
    html: str,
    pieces: Iterable[Piece],
    *,
    first: int = 1,
    most: int = MOST_MATCHES,
    in_script: Callable[[str], str] = str,
) -> Marking:
    """Return ``html`` with the first ``most`` matches of ``pieces`` in ``<mark class="match">``.

    Matches are found in the fold of what the HTML shows, across inline elements, never across
    blocks. A match has a mark in each piece of text it runs through; the first one has the id
    ``match-N``, numbers counting from ``first``. Removing the marks gives ``html``, shown
    ``in_script``, which keeps lengths: marks are where they are without it.
    """
    runs = list(_runs(html))
    shown = _shown(runs)
    spans = list(islice(_spans(fold(shown), pieces), most + 1))
    if (converted := in_script(html)) != html:
        html, shown = converted, _shown(_runs(converted))
    parts: list[str] = []
    matches: list[Match] = []
    done = 0
    for span, places in _places(html, runs, spans[:most]):
        number = first + len(matches)
        attributes = f' class="match" id="match-{number}"'
        for start, end in places:
            parts += [html[done:start], f"<mark{attributes}>", html[start:end], "</mark>"]
            attributes = ' class="match"'
            done = end
        matches.append(_match(number, shown, *span))
    parts.append(html[done:])
    return Marking("".join(parts), matches, is_complete=len(spans) <= most)


def _runs(html: str) -> Iterator[_Run]:
    """Yield what ``html`` shows, in order; the words in the place of a picture are not its text."""
    preformatted = 0
    picture = ""
    for token in tokens(html):
        tag = token["tag"]
        if tag:
            preformatted += (tag == "pre") * (-1 if token["closing"] else 1)
            if picture == tag and token["closing"]:
                picture = ""
            elif not picture and _picture.match(token[0]):
                picture = tag
            if tag in SHOWN_AS:
                yield _Run(token.start(), token.start(), SHOWN_AS[tag])
        elif not picture:
            text = unescape(token[0]) if token["reference"] else token[0]
            text = text if preformatted else text.replace("\n", " ")
            yield _Run(token.start(), token.end(), text)


def _shown(runs: Iterable[_Run]) -> str:
    return _white.sub(_gap, "".join(run.text for run in runs))


def _gap(white: re.Match[str]) -> str:
    """Return white space, as long as before, that is an end of a line or none."""
    is_end = "\n" in white[0] or white[0].count(BREAK) > 1
    return ("\n" if is_end else " ") * len(white[0])


def _spans(folded: str, pieces: Iterable[Piece]) -> Iterator[tuple[int, int]]:
    """Yield where pieces are in ``folded``, in order, overlapping and touching ones joined."""
    found = merge(*(_spans_of(piece, folded) for piece in dict.fromkeys(pieces)))
    start, end = next(found, (0, 0))
    for next_start, next_end in found:
        if next_start > end:
            yield start, end
            start = next_start
        end = max(end, next_end)
    if end:
        yield start, end


def _spans_of(piece: Piece, folded: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in piece.occurrences.finditer(folded))


def _places(
    html: str, runs: list[_Run], spans: list[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], list[tuple[int, int]]]]:
    """Yield each span of what is shown with the parts of ``html`` that show it, tags left out."""
    rest = iter(runs)
    run = next(rest, None)
    shown = 0
    done = 0
    for start, end in spans:
        places: list[tuple[int, int]] = []
        while run and shown < end:
            a, b = max(start - shown, 0), min(end - shown, len(run.text))
            if a < b and run.end > run.start:
                place = (run.start, run.end) if run.is_reference else (run.start + a, run.start + b)
                if places and places[-1][1] == place[0]:
                    places[-1] = (places[-1][0], place[1])
                elif place[0] >= done:
                    places.append(place)
            if shown + len(run.text) > end:
                break
            shown += len(run.text)
            run = next(rest, None)
        # White space alone is not marked: between the cells of a table no element may stand.
        places = [(a, b) for a, b in places if not html[a:b].isspace()]
        if places:
            done = places[-1][1]
            yield (start, end), places


def _match(number: int, shown: str, start: int, end: int) -> Match:
    before = shown[max(0, start - CONTEXT) : start].rpartition("\n")[2]
    after = shown[end : end + CONTEXT].partition("\n")[0]
    return Match(number, before.lstrip(" ，。、；：！？"), shown[start:end], after.rstrip())
