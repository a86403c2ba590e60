"""What of an article to show in a list of results, with the matches marked."""

import re
from collections.abc import Iterable, Sequence

from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString

from search.query import Piece
from search.text import fold

__all__ = ["marked", "snippet"]

WINDOW = 130
LEAD_IN = 30
MOST_CHARACTERS = 200_000
MOST_MATCHES = 500
_sentence_ends = re.compile(r"[。！？!?；;\n]+[”’」』）)]*")


def marked(text: str, pieces: Iterable[Piece]) -> SafeString:
    """Return ``text`` as HTML, escaped, with every match of a piece in ``<mark>``.

    Matches are found in the fold, which has the same positions: 国安法 marks 國安法.
    """
    return _marked(text, _matches(fold(text), pieces))


def snippet(text: str, pieces: Sequence[Piece]) -> SafeString:
    """Return the part of a text, one block a line, that shows the most of ``pieces``.

    It begins at a sentence where one begins near, is about 130 characters long, and is HTML like
    ``marked``'s. Without a match it is the beginning.
    """
    text = text[:MOST_CHARACTERS]
    folded = fold(text)
    matches = _matches(folded, pieces)
    start = _best_start(text, folded, matches[:MOST_MATCHES])
    end = min(len(text), start + WINDOW)
    for sentence_end in _sentence_ends.finditer(text, start + WINDOW // 2, end):
        end = sentence_end.end()
    for match in matches:
        if match[0] < end < match[1]:
            end = match[1]
    inside = [(max(a, start) - start, b - start) for a, b in matches if start < b <= end]
    shown = _marked(text[start:end].replace("\n", " "), inside)
    before = "…" if start else ""
    after = "…" if end < len(text) else ""
    return format_html_join("", "{}", ((before,), (shown,), (after,)))


def _matches(folded: str, pieces: Iterable[Piece]) -> list[tuple[int, int]]:
    """Return where pieces are in ``folded``, in order, overlapping and touching ones joined."""
    spans = sorted(match.span() for piece in pieces for match in piece.occurrences.finditer(folded))
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _best_start(text: str, folded: str, matches: Sequence[tuple[int, int]]) -> int:
    """Return where a window shows the most matched text, begun at a sentence's beginning."""
    best, most = 0, 0
    for index, (start, _end) in enumerate(matches):
        seen = {
            folded[a:b] for a, b in matches[index : index + 50] if b <= start + WINDOW - LEAD_IN
        }
        shown = sum(map(len, seen))
        if shown > most:
            best, most = start, shown
    if best <= LEAD_IN:
        return 0
    starts = [end.end() for end in _sentence_ends.finditer(text, best - LEAD_IN, best)]
    return starts[0] if starts else best - LEAD_IN // 2


def _marked(text: str, spans: Iterable[tuple[int, int]]) -> SafeString:
    parts: list[SafeString] = []
    end = 0
    for a, b in spans:
        parts += [conditional_escape(text[end:a]), _mark(text[a:b])]
        end = b
    parts.append(conditional_escape(text[end:]))
    return format_html_join("", "{}", ((part,) for part in parts))


def _mark(text: str) -> SafeString:
    return format_html_join("", "<mark>{}</mark>", ((text,),))
