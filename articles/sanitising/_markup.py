"""Reading hostile HTML without building a tree: every step here is linear in the input.

It serves two ends: to see an element with too many attributes before a parser does (parsers need
quadratic time for those), and to find the text where no tree may be built.
"""

import html as entities
import re
from collections.abc import Iterator
from typing import NamedTuple

from ._allowlist import BLOCKS, CELLS, words

# Anything that XML and HTML do not know as a character, and the invisible mark at a file's start.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufeff]")

_SPACE = "[ \t\n\r\f]"
_START = re.compile(r"<(?:!--|[!?]|/(?![a-zA-Z])|(/?)([a-zA-Z][^ \t\n\r\f/>]*))")
_EMPTY_COMMENT_END = re.compile(r"-?>")
_COMMENT_END = re.compile(r"--!?>")
_ATTRIBUTE = re.compile(
    rf"(?:{_SPACE}|/)*"
    rf"(?:(?P<end>>)|[^ \t\n\r\f/>][^ \t\n\r\f/>=]*"
    rf"(?:{_SPACE}*={_SPACE}*(?:\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z)|[^ \t\n\r\f>]*))?)"
)
_RAW_END = {
    tag: re.compile(rf"</{tag}(?=[ \t\n\r\f/>])", re.IGNORECASE)
    for tag in words("script style xmp iframe noembed noframes textarea title")
}
# Python refuses to read a number of more than some thousand digits.
_LONG_REFERENCE = re.compile(r"&#x?[0-9a-f]{9,};?", re.IGNORECASE)

_LINE_BREAKERS = (BLOCKS - CELLS - {"col", "colgroup"}) | words(
    "address article aside br center details dialog dir fieldset footer form h1 header hgroup "
    "main menu nav option section summary title"
)


class Piece(NamedTuple):
    """A run of text, or a tag with the number of its attributes."""

    text: str = ""
    tag: str = ""
    attributes: int = 0


def without_controls(text: str) -> str:
    """The text without control characters (tab and line feed stay), surrogates and the like.

    Every kind of line end becomes a line feed, so that two lines never run together.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _FORBIDDEN.sub("", text)


def pieces(html: str) -> Iterator[Piece]:
    """The texts and tags of an HTML string in their order; comments and raw text are left out."""
    position = 0
    while match := _START.search(html, position):
        if match.start() > position:
            yield Piece(text=html[position : match.start()])
        name = match[2]
        if name is None:
            if match[0] == "<!--":
                inside = match.end()
                end = _EMPTY_COMMENT_END.match(html, inside) or _COMMENT_END.search(html, inside)
                position = end.end() if end else len(html)
            else:
                position = (html.find(">", match.end()) + 1) or len(html)
            continue
        position, attributes, closed = _skip_attributes(html, match.end())
        name = name.lower()
        yield Piece(tag=name, attributes=attributes)
        if match[1] or closed:
            continue
        if name == "plaintext":
            return
        if name in _RAW_END:
            end = _RAW_END[name].search(html, position)
            position = end.start() if end else len(html)
    yield Piece(text=html[position:])


def most_attributes(html: str) -> int:
    """The number of attributes of the element that has most of them."""
    return max(piece.attributes for piece in pieces(html))


def text_lines(html: str) -> list[str]:
    """The text of an HTML string, one block per line, found without a tree."""
    parts: list[str] = []
    for piece in pieces(html):
        if piece.text:
            text = entities.unescape(_LONG_REFERENCE.sub("\ufffd", piece.text))
            parts.append(without_controls(text).replace("\n", " "))
        elif piece.tag in _LINE_BREAKERS:
            parts.append("\n")
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return [line for line in lines if line]


def paragraphs(lines: list[str]) -> str:
    """Lines of text as escaped HTML paragraphs."""
    return "".join(f"<p>{entities.escape(line, quote=False)}</p>" for line in lines)


def _skip_attributes(html: str, position: int) -> tuple[int, int, bool]:
    """Where the tag ends, how many attributes it has, and whether it closes itself."""
    count = 0
    while match := _ATTRIBUTE.match(html, position):
        position = match.end()
        if match["end"]:
            return position, count, match[0].endswith("/>")
        count += 1
    return len(html), count, False
