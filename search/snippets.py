"""What of an article to show in a list of results, with the matches marked."""

import re
from collections.abc import Iterable, Sequence

from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString

from search.query import Piece
from search.text import fold

__all__ = ["marked", "snippet"]

WINDOW = 130
EACH_OF_TWO = 80
LEAD_IN = 30
MOST_CHARACTERS = 200_000
MOST_MATCHES = 500
MOST_IN_WINDOW = 50
_sentence_ends = re.compile(r"[。！？!?；;\n]+[”’」』）)]*")

Span = tuple[int, int]
"""Where something begins and ends in a text."""
Occurrence = tuple[int, int, str]
"""Where a piece begins and ends in a text, and which."""


def marked(text: str, pieces: Iterable[Piece]) -> SafeString:
    """Return ``text`` as HTML, escaped, with every match of a piece in ``<mark>``.

    Matches are found in the fold, which has the same positions: 国安法 marks 國安法.
    """
    occurrences = _occurrences(fold(text), pieces)
    return _marked(text, _joined((start, end) for start, end, _piece in occurrences))


def snippet(text: str, pieces: Sequence[Piece]) -> SafeString:
    """Return the part of a text, one block a line, that shows the most of ``pieces``.

    It begins at a sentence where one begins near, is about 130 characters long, and is HTML like
    ``marked``'s. Where not all pieces are near each other, it is two parts of about 80 characters.
    Without a match it is the beginning.
    """
    occurrences = _occurrences_in_long(text, pieces)
    matches = _joined((start, end) for start, end, _piece in occurrences)
    windows = [_window(text, matches, _best(occurrences, WINDOW), WINDOW)]
    missing = _unseen(occurrences, windows[0])
    if missing:
        windows = [_window(text, matches, _best(occurrences, EACH_OF_TWO), EACH_OF_TWO)]
        missing = _unseen(occurrences, windows[0]) or missing
        windows.append(_window(text, matches, _best(missing, EACH_OF_TWO), EACH_OF_TWO))
    windows = _joined(sorted(windows))
    shown = [_marked(text[a:b].replace("\n", " "), _inside(matches, a, b)) for a, b in windows]
    before = "…" if windows[0][0] else ""
    after = "…" if windows[-1][1] < len(text) else ""
    between = format_html_join("…", "{}", ((part,) for part in shown))
    return format_html_join("", "{}", ((before,), (between,), (after,)))


def _occurrences_in_long(text: str, pieces: Iterable[Piece]) -> list[Occurrence]:
    """Return where pieces are in the beginning of ``text``, in order.

    Of pieces that are only further on, the first place, and what else is near it.
    """
    occurrences = _occurrences(fold(text[:MOST_CHARACTERS]), pieces)
    if len(text) <= MOST_CHARACTERS:
        return occurrences
    seen = {piece for _start, _end, piece in occurrences}
    folded = ""
    for piece in pieces:
        if piece.string in seen:
            continue
        folded = folded or fold(text)
        if first := piece.occurrences.search(folded):
            near = max(0, first.start() - WINDOW), first.end() + 2 * WINDOW
            occurrences += _occurrences(folded, pieces, *near)
    return sorted(set(occurrences))


def _occurrences(
    folded: str, pieces: Iterable[Piece], start: int = 0, end: int | None = None
) -> list[Occurrence]:
    """Return where pieces are between two places of ``folded``, in order."""
    return sorted(
        (*match.span(), piece.string)
        for piece in pieces
        for match in piece.occurrences.finditer(folded, start, len(folded) if end is None else end)
    )


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Return ordered spans with overlapping and touching ones made one."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _best(occurrences: Sequence[Occurrence], size: int) -> int:
    """Return where a window of ``size`` begins to show the most of different pieces."""
    best, most = 0, 0
    for index, (start, _end, _piece) in enumerate(occurrences[:MOST_MATCHES]):
        near = occurrences[index : index + MOST_IN_WINDOW]
        seen = {piece for _a, b, piece in near if b <= start + size - LEAD_IN}
        shown = sum(map(len, seen)) or 1
        if shown > most:
            best, most = start, shown
    return best


def _window(text: str, matches: Sequence[Span], shown: int, size: int) -> Span:
    """Return a window around position ``shown``, from sentence to sentence if these are near."""
    start = 0
    if shown > LEAD_IN:
        begun = [end.end() for end in _sentence_ends.finditer(text, shown - LEAD_IN, shown)]
        start = begun[0] if begun else shown - LEAD_IN // 2
    end = min(len(text), start + size)
    for sentence_end in _sentence_ends.finditer(text, start + size // 2, end):
        end = sentence_end.end()
    for match in matches:
        if match[0] < start < match[1]:
            start = match[0]
        if match[0] < end < match[1]:
            end = match[1]
    bare = text[start:end].strip()
    if not bare:
        return start, end
    start = text.index(bare, start)
    return start, start + len(bare)


def _unseen(occurrences: Sequence[Occurrence], window: Span) -> list[Occurrence]:
    """Return the matches of pieces that ``window`` does not show."""
    seen = {piece for a, b, piece in occurrences if window[0] <= a and b <= window[1]}
    return [occurrence for occurrence in occurrences if occurrence[2] not in seen]


def _inside(matches: Iterable[Span], start: int, end: int) -> list[Span]:
    return [(a - start, b - start) for a, b in matches if start <= a and b <= end]


def _marked(text: str, spans: Iterable[Span]) -> SafeString:
    parts: list[SafeString] = []
    end = 0
    for a, b in spans:
        parts += [conditional_escape(text[end:a]), _mark(text[a:b])]
        end = b
    parts.append(conditional_escape(text[end:]))
    return format_html_join("", "{}", ((part,) for part in parts))


def _mark(text: str) -> SafeString:
    return format_html_join("", "<mark>{}</mark>", ((text,),))
